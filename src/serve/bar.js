// What a writer sees of Tierpress in a page: who reads it, why they get this form of it, and what is wrong with the site.
// It touches nothing of the page and nothing of the page touches it: all is in a shadow root.

const script = document.currentScript;
const own = "/_tierpress/serve/";
const shownState = script.dataset.state;
const shownAs = script.dataset.as;
const kept = {
  // A browser may keep nothing: then the bar forgets, and works.
  get(store, key) { try { return store.getItem(`tierpress-${key}`); } catch { return null; } },
  set(store, key, value) {
    try { value === null ? store.removeItem(`tierpress-${key}`) : store.setItem(`tierpress-${key}`, value); } catch { /* forgotten */ }
  },
};

// Elements: make("button", {class: "x", onclick: f}, "text", child…)
function make(name, attributes, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

// A reader as it stands in an address: only what must be is encoded.
const encodeReader = (text) => encodeURIComponent(text).replace(/%(?:2F|2B|40|3A)/g, decodeURIComponent);

// READER of the form: {parts: [{id, start, state}], day}
function written({ parts, day }) {
  const who = parts.map(({ id, start, state }) => id + (start ? `/${start}` : "") + (state ? `!${state}` : "")).join("+");
  return (who || "visitor") + (day ? `@${day}` : "");
}

const host = document.createElement("tierpress-bar");
const root = host.attachShadow({ mode: "open" });
const sheet = new CSSStyleSheet();
sheet.replaceSync(STYLE);
root.adoptedStyleSheets = [sheet];

const live = make("p", { class: "unseen", role: "status", "aria-live": "polite" });
const bar = make("aside", { class: "bar", "aria-label": "Tierpress: as whom you see this page" });
const overlay = make("section", { class: "overlay", "aria-label": "What is wrong with the site", hidden: true });
root.append(overlay, bar, live);

let seen = null; // what the server says of this page
let catalogue = null; // tiers and bundles
let faults = [];
let warnings = [];
let dismissed = ""; // the faults that were put away, as text
let isOpen = kept.get(sessionStorage, "panel") === "open";
let isSmall = kept.get(localStorage, "small") === "yes";

function announce(text) {
  live.textContent = "";
  // What is empty for a moment is said again.
  setTimeout(() => { live.textContent = text; }, 50);
}

// --- the reader -------------------------------------------------------------------------------------------------------

const ask = async (name) => {
  const response = await fetch(own + name);
  return { ok: response.ok, value: await response.json() };
};

const askPage = (reader) =>
  ask(`page?path=${encodeURIComponent(location.pathname)}&as=${encodeURIComponent(reader)}`);

// Shows this page as another reader: at once, nothing is built.
async function viewAs(reader, focus) {
  const { ok, value } = await askPage(reader);
  if (!ok) {
    const problem = root.querySelector(".problem");
    if (problem) problem.textContent = value.fault;
    announce(value.fault);
    return;
  }
  // Cookies know no ports: two sites that are served side by side have two readers.
  document.cookie = `tierpress-view-as-${location.port || 80}=${encodeURIComponent(reader)}; path=/; SameSite=Strict`;
  kept.set(sessionStorage, "said", `Now seen as ${value.reader.words}, ${value.day.words}: ${inWords(value)}`);
  kept.set(sessionStorage, "focus", focus ?? null);
  const address = new URL(location.href);
  address.searchParams.delete("view-as");
  history.replaceState(history.state, "", address);
  again();
}

// The page anew, where the reader was.
function again() {
  kept.set(sessionStorage, "place", JSON.stringify([location.pathname, scrollX, scrollY]));
  location.reload();
}

// Browsers put a reloaded page where it was, unless its theme keeps them from it.
function placeAgain() {
  const place = kept.get(sessionStorage, "place");
  kept.set(sessionStorage, "place", null);
  if (!place) return;
  const [path, x, y] = JSON.parse(place);
  if (path === location.pathname && scrollY === 0 && y > 0) scrollTo({ left: x, top: y, behavior: "instant" });
}

function inWords({ decision, browser }) {
  const edge = browser ? ` (an edge sends a browser on to ${browser.location})` : "";
  return decision.words + (decision.why ? `: ${decision.why}` : "") + edge;
}

function link() {
  const address = new URL(location.href);
  address.searchParams.delete("view-as");
  return address.origin + address.pathname + (address.search ? `${address.search}&` : "?") +
    `view-as=${encodeReader(shownAs)}` + address.hash;
}

async function copyLink() {
  const text = link();
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const field = make("textarea", { class: "unseen" });
    field.value = text;
    root.append(field);
    field.select();
    document.execCommand("copy");
    field.remove();
    root.querySelector("#copy")?.focus();
  }
  announce("Link copied");
  const button = root.querySelector("#copy");
  if (button) {
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy link"; }, 1500);
  }
}

// --- the bar ----------------------------------------------------------------------------------------------------------

function draw() {
  const focused = root.activeElement?.id;
  bar.classList.toggle("small", isSmall);
  const tone = seen?.decision.outcome ?? "unknown";
  const day = seen?.reader.day ? seen.day.words : "today";
  const dot = make("span", { class: `dot ${faults.length ? "fault" : tone}`, "aria-hidden": "true" });
  const who = seen?.reader.words ?? shownAs;
  if (isSmall) {
    const words = faults.length ? plural(faults.length, "error") : who;
    bar.replaceChildren(make("button", {
      id: "show", type: "button", class: "tab", onclick: () => { setSmall(false); }, "aria-label": `Show the Tierpress bar. ${words}`,
    }, dot, make("span", { class: "cut" }, words)));
  } else {
    bar.replaceChildren(
      make("div", { class: "line" },
        make("button", {
          id: "who", type: "button", class: "who", "aria-expanded": String(isOpen), "aria-controls": "panel",
          onclick: () => setOpen(!isOpen), "aria-label": `Seen as ${who}, ${day}. Change the reader, or see why`,
        }, make("span", { class: "cut" }, who), make("span", { class: "day" }, day), make("span", { class: "arrow", "aria-hidden": "true" })),
        make("p", { class: "decision" }, dot, make("strong", {}, seen ? seen.decision.words : ""),
          make("span", { class: "why" }, seen?.decision.why ? ` ${seen.decision.why}` : "")),
        faults.length
          ? make("button", { id: "faults", type: "button", class: "bad", onclick: () => { dismissed = ""; drawOverlay(); } },
            plural(faults.length, "error"))
          : null,
        make("button", { id: "copy", type: "button", onclick: copyLink }, "Copy link"),
        make("button", { id: "hide", type: "button", "aria-label": "Make the bar small", onclick: () => setSmall(true) }, "Hide")),
      make("div", { id: "panel", class: "panel", hidden: !isOpen }, ...(isOpen ? panel() : [])));
  }
  if (focused) root.getElementById(focused)?.focus();
}

function setOpen(open) {
  isOpen = open;
  kept.set(sessionStorage, "panel", open ? "open" : null);
  draw();
}

function setSmall(small) {
  isSmall = small;
  kept.set(localStorage, "small", small ? "yes" : null);
  draw();
  root.getElementById(small ? "show" : "who").focus();
}

function panel() {
  return [form(), about()];
}

function form() {
  if (!catalogue || !seen) return make("p", {}, "…");
  const parts = new Map(seen.reader.parts.map((part) => [part.id, part]));
  const change = (focus) => () => viewAs(read(), focus);
  const row = (kind) => ({ id, title }) => {
    const part = parts.get(id);
    const held = seen.reader.entitlements.find((held) => held.id === id);
    const start = part ? part.start ?? "" : "";
    const given = held && !part ? ", given to whoever buys a bundle" : "";
    const box = make("input", { type: "checkbox", id: `has-${id}`, "data-id": id, checked: Boolean(part), onchange: change(`has-${id}`) });
    const states = ["active", "frozen", "expired"].map((state) =>
      make("option", { value: state === "active" ? "" : state, selected: (part?.state ?? "") === (state === "active" ? "" : state) }, state));
    return make("div", { class: "row" },
      make("label", { class: "name" }, box, make("span", {}, title), make("span", { class: "kind" }, kind + given)),
      part ? make("label", { class: "since" }, make("span", {}, "for / since"), make("input", {
        type: "text", id: `since-${id}`, value: start, placeholder: "long ago", size: 10, autocomplete: "off", spellcheck: "false",
        "aria-label": `${title}: for how long, such as 30d, or since which day`, onchange: change(`since-${id}`),
      })) : null,
      part ? make("select", { id: `state-${id}`, "aria-label": `${title}: state`, onchange: change(`state-${id}`) }, ...states) : null);
  };
  const day = seen.reader.day ?? "";
  const isDay = day === "" || /^\d{4}-\d\d-\d\d$/.test(day);
  return make("form", { class: "readers", onsubmit: (event) => { event.preventDefault(); viewAs(read(), root.activeElement?.id); } },
    make("h2", {}, "Who reads"),
    make("div", { class: "row" }, make("button", {
      id: "visitor", type: "button", "aria-pressed": String(seen.reader.entitlements.length === 0),
      onclick: () => viewAs(written({ parts: [], day: field("day") }), "visitor"),
    }, "Visitor"), make("span", { class: "kind" }, "nobody is signed in")),
    ...catalogue.tiers.map(row("tier")), ...catalogue.bundles.map(row("bundle")),
    make("h2", {}, "On which day"),
    make("div", { class: "row" },
      make("input", { type: isDay ? "date" : "text", id: "day", value: day, "aria-label": "The reader's day", onchange: change("day") }),
      make("button", { id: "today", type: "button", "aria-pressed": String(day === ""),
        onclick: () => viewAs(written({ parts: readParts(), day: "" }), "today") }, "Today"),
      make("span", { class: "kind" }, `the site is built for ${seen.day.site_words}`)),
    seen.day.note ? make("p", { class: "note" }, seen.day.note) : null,
    make("h2", {}, make("label", { for: "reader" }, "Or write it")),
    make("div", { class: "row" },
      make("input", { type: "text", id: "reader", class: "wide", value: shownAs, autocomplete: "off", spellcheck: "false",
        "aria-describedby": "problem", onkeydown: (event) => {
          if (event.key === "Enter") { event.preventDefault(); viewAs(event.target.value.trim() || "visitor", "reader"); }
        } }),
      make("button", { id: "go", type: "button", onclick: () => viewAs(field("reader") || "visitor", "go") }, "View")),
    make("p", { id: "problem", class: "problem", role: "alert" }, seen.reader.fault ? `no reader can be made of ${seen.reader.fault}` : ""));
}

const field = (id) => root.getElementById(id)?.value.trim() ?? "";

function readParts() {
  const boxes = [...root.querySelectorAll("input[data-id]")].filter((box) => box.checked);
  return boxes.map(({ dataset: { id } }) => ({ id, start: field(`since-${id}`), state: field(`state-${id}`) }));
}

const read = () => written({ parts: readParts(), day: field("day") });

function about() {
  if (!seen) return make("div", {});
  const { decision, browser } = seen;
  const status = `${decision.status}${decision.reason ? ` ${decision.reason}` : ""}`;
  const facts = [
    ["This page", inWords({ decision })],
    ["Answer", browser ? `${status}; an edge sends a browser on: ${browser.status} to ${browser.location}` : status],
    ["Open to", seen.rule ? seen.rule + (seen.hidden ? " (hidden from others)" : "") : null],
    ["Held", seen.reader.entitlements.length ? seen.reader.entitlements.map((held) => `${held.words} (${held.state})`).join("; ") : null],
    ["Source", seen.source],
  ];
  const terms = facts.filter(([, value]) => value).flatMap(([name, value]) => [make("dt", {}, name), make("dd", {}, value)]);
  const forms = seen.forms?.length > 1
    ? [make("h2", {}, "Its forms"), make("ol", {}, ...seen.forms.map(({ form, rule, shown }) =>
      make("li", { class: shown ? "shown" : "" }, make("strong", {}, form), `: ${rule}`, shown ? make("span", { class: "kind" }, "shown") : null)))]
    : [];
  const opens = seen.opens.length
    ? [make("h2", {}, "What opens it"), make("div", { class: "row" }, ...seen.opens.map(({ as, words }, number) =>
      make("button", { id: `opens-${number}`, type: "button", title: as, onclick: () => viewAs(as, "who") }, `View ${words}`)))]
    : [];
  const warned = warnings.length
    ? [make("details", {}, make("summary", { id: "warnings" }, plural(warnings.length, "warning")), ...warnings.map(diagnostic))]
    : [];
  return make("div", { class: "about" }, make("h2", {}, "Why"), make("dl", {}, ...terms), ...forms, ...opens, ...warned);
}

// --- what is wrong ----------------------------------------------------------------------------------------------------

function snippet({ file, line, column, length, text }) {
  const where = line ? `${file}:${line}:${column}` : file;
  if (!line || !text) return [make("p", { class: "where" }, where)];
  const characters = [...text];
  const start = Math.max(column - 1, 0);
  const cut = (from, to) => characters.slice(from, to).join("");
  const marked = cut(start, start + length) || " ";
  return [make("p", { class: "where" }, where), make("pre", {},
    make("span", { class: "number" }, `${line} `), cut(0, start), make("mark", {}, marked), cut(start + length))];
}

function diagnostic({ severity, message, location: place, also, help }) {
  return make("article", { class: `diagnostic ${severity}` },
    make("h3", {}, make("span", { class: "severity" }, severity), ` ${message}`),
    ...(place ? snippet(place) : []), ...(also ? snippet(also) : []),
    help ? make("p", { class: "help" }, make("strong", {}, "help: "), help) : null);
}

function drawOverlay() {
  const text = JSON.stringify(faults);
  const hidden = faults.length === 0 || dismissed === text;
  const hadFocus = overlay.contains(root.activeElement);
  overlay.hidden = hidden;
  overlay.replaceChildren();
  if (hidden) {
    if (hadFocus) root.querySelector("#faults, #show, #who")?.focus();
    return;
  }
  const errors = faults.filter(({ severity }) => severity === "error");
  const others = faults.filter(({ severity }) => severity !== "error");
  overlay.append(make("div", { class: "card", tabindex: "0", role: "group", "aria-label": "Errors" },
    make("header", {},
      make("h2", {}, `${plural(errors.length, "error")} in the site`),
      make("button", { id: "dismiss", type: "button", onclick: dismiss }, "Hide")),
    make("p", { class: "kind" }, "Below is the last version without an error. This goes away when all is mended."),
    ...errors.map(diagnostic), ...others.map(diagnostic)));
}

function dismiss() {
  dismissed = JSON.stringify(faults);
  drawOverlay();
  draw();
}

root.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (!overlay.hidden) dismiss();
  else if (isOpen && !isSmall) { setOpen(false); root.getElementById("who").focus(); }
});

// --- the server -------------------------------------------------------------------------------------------------------

let source = null;
let closing = 0;

function listen() {
  clearTimeout(closing);
  if (source && source.readyState !== EventSource.CLOSED) return;
  source = new EventSource(`${own}events`);
  source.addEventListener("fault", ({ data }) => {
    const before = JSON.stringify(faults);
    faults = JSON.parse(data);
    if (JSON.stringify(faults) === before) return;
    drawOverlay();
    draw();
    announce(faults.length ? `${plural(faults.length, "error")} in the site: ${faults[0].message}` : "The site has no errors any more");
  });
  source.addEventListener("warning", ({ data }) => {
    warnings = JSON.parse(data);
    if (isOpen) draw();
  });
  source.addEventListener("state", ({ data }) => {
    const { run, number } = JSON.parse(data);
    if (faults.length === 0 && `${run}-${number}` !== shownState) again();
  });
  source.addEventListener("error", () => {
    // A browser asks again by itself, unless it has given up.
    if (source.readyState === EventSource.CLOSED) setTimeout(listen, 1000);
  });
}

// A browser has few connections for one server: tabs that nobody looks at give theirs back.
document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") listen();
  else closing = setTimeout(() => source?.close(), 5000);
});
addEventListener("pageshow", (event) => { if (event.persisted) listen(); });
addEventListener("pagehide", () => source?.close());

async function begin() {
  document.documentElement.append(host);
  draw();
  listen();
  placeAgain();
  const [page, readers] = await Promise.all([askPage(shownAs), ask("readers")]);
  if (readers.ok) catalogue = readers.value;
  if (page.ok) seen = page.value;
  draw();
  const focus = kept.get(sessionStorage, "focus");
  const said = kept.get(sessionStorage, "said");
  kept.set(sessionStorage, "focus", null);
  kept.set(sessionStorage, "said", null);
  if (focus) root.getElementById(focus)?.focus();
  if (said) announce(said);
  host.dataset.ready = "yes";
}

// The page comes first: what the bar asks for does not keep it from having loaded. But a page that waits for something that
// never comes has its bar too.
function beginOnce() {
  if (!document.querySelector("tierpress-bar")) begin();
}
if (document.readyState === "complete") beginOnce();
else {
  addEventListener("load", () => setTimeout(beginOnce), { once: true });
  setTimeout(beginOnce, 1000);
}
