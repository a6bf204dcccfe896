//! The default theme, with contexts as the planner makes them: every form of a page, the words, the faults.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::sync::Arc;

use expect_test::{Expect, expect};
use tierpress::diagnostic::Diagnostic;
use tierpress::render::context::{
    Context, Entry, Heading, Link, Lock, Moment, Offer, Page, Paywall, Prepared, Section, Site, Tag, Way,
};
use tierpress::render::theme::{Part, Parts, TextFile, Theme, embedded};
use tierpress::time::Timestamp;

fn site() -> Site {
    Site {
        title: "The Bread School".into(),
        description: "Baking at home".into(),
        base_url: "https://learn.example".into(),
        language: "en".into(),
        direction: "ltr".into(),
        login_url: Some("https://id.example/login".into()),
        upgrade_url: Some("/join/".into()),
        products: Prepared::default(),
        extra: serde_json::json!({"b": 1, "a": 2}),
        menu: vec![link("Blog", "/blog/"), link("Sourdough", "/sourdough/")],
    }
}

fn link(title: &str, url: &str) -> Link {
    Link { title: title.into(), url: url.into() }
}

fn moment() -> Moment {
    Moment { iso: "2026-11-01".into(), text: "1 November 2026".into(), seconds: 1_793_491_200 }
}

fn page(form: &'static str, kind: &'static str) -> Page {
    Page {
        title: "Feeding the starter".into(),
        url: "/sourdough/feeding/".into(),
        permalink: "https://learn.example/sourdough/feeding/".into(),
        description: "Twice a day, in ten minutes.".into(),
        form,
        kind,
        reason: None,
        date: None,
        updated: None,
        image: None,
        tags: vec![
            Tag { title: "starter".into(), url: Some("/tags/starter/".into()) },
            Tag { title: "secret".into(), url: None },
        ],
        categories: vec![],
        weight: None,
        language: "en".into(),
        content: if form == "cover" { String::new() } else { "<p>Flour &amp; water.</p>".into() },
        toc: vec![],
        word_count: 0,
        reading_time: if form == "open" { 3 } else { 0 },
        extra: serde_json::json!({}),
        gated: form != "open",
        products: vec![],
    }
}

fn entry(number: usize, lock: bool) -> Entry {
    Entry {
        title: format!("Lesson {number}"),
        url: format!("/sourdough/{number}/"),
        permalink: format!("https://learn.example/sourdough/{number}/"),
        description: "What you will bake.".into(),
        summary: None,
        kind: "page",
        date: None,
        updated: None,
        image: None,
        tags: vec![],
        categories: vec![],
        weight: None,
        lock: lock.then(|| Lock {
            keys: "k1 k2".into(),
            label: "Pro or Sourdough".into(),
            waiting: "w1".into(),
            later: "Yours: opens later".into(),
        }),
        release: None,
    }
}

fn paywall(state: &'static str) -> Paywall {
    let offer = |id: &str, kind, price: &str| Offer {
        id: id.into(),
        title: id[..1].to_uppercase() + &id[1..],
        kind,
        price: price.into(),
        buy: Some(format!("https://buy.example/{id}")),
        free: price.is_empty(),
        products: vec![],
    };
    let joint = vec![offer("basic", "tier", "€9 a month"), offer("sourdough", "bundle", "€59")];
    Paywall {
        state,
        ways: vec![
            Way { needs: vec![offer("pro", "tier", "€19 a month")], from: None, until: None },
            Way { needs: joint, from: None, until: Some(moment()) },
        ],
        opens: None,
        drip_days: 7,
    }
}

fn context(page: Page) -> Context {
    let is_closed = page.form != "open";
    Context {
        site: Prepared::new(&site()),
        page,
        section: Some(link("Sourdough", "/sourdough/")),
        ancestors: Prepared::new(&vec![link("Home", "/"), link("Sourdough", "/sourdough/")]),
        entries: Prepared::default(),
        siblings: [1, 2].map(|number| Prepared::new(&entry(number, number == 2))).into_iter().collect(),
        named: vec![],
        tags: Prepared::default(),
        previous: Some(link("Flour", "/sourdough/flour/")),
        next: None,
        paywall: is_closed.then(|| paywall("locked")),
        unlock: if is_closed { vec!["/_tierpress/unlock/ab12.css".into()] } else { vec![] },
        account: None,
    }
}

fn theme(language: &str) -> Theme {
    load(Parts::default_theme(language, "https://learn.example")).0
}

fn load(parts: Parts) -> (Theme, Vec<Diagnostic>) {
    Theme::load(parts).unwrap_or_else(|faults| panic!("{}", printed(&faults)))
}

fn printed(faults: &[Diagnostic]) -> String {
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

fn render(theme: &Theme, context: &Context) -> String {
    let template = theme.template(context.page.kind);
    let out = theme.render(template, "content/a.md", context).unwrap_or_else(|fault| panic!("{fault}"));
    String::from_utf8(out).unwrap()
}

fn file(name: &str, text: &str) -> TextFile {
    TextFile { name: name.into(), path: Arc::from(format!("templates/{name}")), text: Arc::from(text) }
}

/// Loads the default theme with one more template and returns what is said about it.
fn faults(name: &str, text: &str) -> String {
    let mut parts = Parts::default_theme("en", "https://learn.example");
    parts.templates.push(file(name, text));
    match Theme::load(parts) {
        Ok((_, warnings)) => printed(&warnings),
        Err(faults) => printed(&faults),
    }
}

fn check_faults(name: &str, text: &str, expected: Expect) {
    expected.assert_eq(&faults(name, text));
}

fn contains(html: &str, wanted: &[&str]) {
    for text in wanted {
        assert!(html.contains(text), "`{text}` is not in\n{html}");
    }
}

fn lacks(html: &str, unwanted: &[&str]) {
    for text in unwanted {
        assert!(!html.contains(text), "`{text}` is in\n{html}");
    }
}

#[test]
fn an_open_page_has_body_way_and_neighbours() {
    let html = render(&theme("en"), &context(page("open", "page")));
    contains(
        &html,
        &[
            "<html lang=\"en\" dir=\"ltr\">",
            "<title>Feeding the starter · The Bread School</title>",
            "<link rel=\"canonical\" href=\"https://learn.example/sourdough/feeding/\">",
            "<p>Flour &amp; water.</p>",
            "<a class=\"skip\" href=\"#content\">",
            "<nav class=\"breadcrumbs\"",
            "3 minutes to read",
            "<a href=\"/tags/starter/\">starter</a>",
            "<span>secret</span>",
            "rel=\"prev\" href=\"/sourdough/flour/\"",
            "data-access=\"k1 k2\"",
            "<span class=\"tp-lock\">Locked: opens with Pro or Sourdough</span>",
            "data-access=\"k1 k2\" data-waits=\"w1\"",
            "<span class=\"tp-waits\" hidden>Yours: opens later</span>",
            "\"isAccessibleForFree\": true",
        ],
    );
    lacks(&html, &["paywall", "rel=\"next\"", "unlock"]);
}

#[test]
fn a_teaser_names_each_way_in() {
    let html = render(&theme("en"), &context(page("teaser", "page")));
    contains(
        &html,
        &[
            "<p>Flour &amp; water.</p>",
            "What opens this page",
            "The rest of this page is for those who have access.",
            "€19 a month",
            "href=\"https://buy.example/pro\">Get Pro</a>",
            "together with",
            "Get Sourdough",
            "until 1 November 2026",
            "opens 7 days after your access begins",
            "href=\"https://id.example/login\">Sign in</a>",
            "href=\"/join/\">Compare memberships</a>",
            "<link rel=\"stylesheet\" href=\"/_tierpress/unlock/ab12.css\">",
        ],
    );
    let data = structured(&html);
    assert_eq!(data["isAccessibleForFree"], false);
    assert_eq!(data["offers"][0]["name"], "Pro");
    assert_eq!(data["offers"][0]["description"], "€19 a month");
    assert_eq!(data["offers"][0]["url"], "https://buy.example/pro");
    // What is needed together is one offer: neither part of it is enough.
    assert_eq!(data["offers"][1], serde_json::json!({"@type": "Offer", "name": "Basic together with Sourdough"}));
    assert_eq!(data["offers"].as_array().unwrap().len(), 2);
}

fn structured(html: &str) -> serde_json::Value {
    let (_, rest) = html.split_once("<script type=\"application/ld+json\">").unwrap();
    let (json, _) = rest.split_once("</script>").unwrap();
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error}: {json}"))
}

#[test]
fn a_cover_has_no_body_and_a_waiting_page_says_when() {
    let html = render(&theme("en"), &context(page("cover", "page")));
    contains(&html, &["What opens this page"]);
    lacks(&html, &["water", "The rest of this page", "minutes to read"]);

    let mut waiting = context(page("waiting", "page"));
    waiting.paywall = Some(paywall("waiting"));
    let html = render(&theme("en"), &waiting);
    contains(&html, &["Yours, but not yet", "it opens 7 days after that access began"]);
    lacks(&html, &["Get Pro"]);

    waiting.paywall = Some(Paywall { opens: Some(moment()), ..paywall("waiting") });
    contains(&render(&theme("en"), &waiting), &["it opens on 1 November 2026."]);
}

#[test]
fn nobody_and_everyone_are_said() {
    let mut closed = context(page("cover", "page"));
    closed.paywall = Some(Paywall { ways: vec![], ..paywall("locked") });
    contains(&render(&theme("en"), &closed), &["Nobody can open this page at present."]);
    let everyone = Way { needs: vec![], from: Some(moment()), until: None };
    closed.paywall = Some(Paywall { ways: vec![everyone], drip_days: 0, ..paywall("locked") });
    contains(&render(&theme("en"), &closed), &["everyone", "from 1 November 2026"]);
}

#[test]
fn lists_have_locks_dates_and_summaries() {
    let mut listed = context(page("open", "section"));
    let post = Entry { date: Some(moment()), summary: Some("<p>Above <em>all</em>.</p>".into()), ..entry(3, false) };
    let later = Entry { release: Some(moment()), ..entry(4, true) };
    listed.entries = Prepared::new(&vec![post, later]);
    for kind in ["section", "home", "tag"] {
        listed.page.kind = kind;
        contains(
            &render(&theme("en"), &listed),
            &[
                "<time datetime=\"2026-11-01\">1 November 2026</time>",
                "<p>Above <em>all</em>.</p>",
                "<li class=\"entry\" data-access=\"k1 k2\" data-waits=\"w1\">",
                "Opens on 1 November 2026",
            ],
        );
    }
    contains(&render(&theme("en"), &listed), &["<h1>Tagged “Feeding the starter”</h1>"]);

    let named = Section { link: link("Blog", "/blog/"), description: String::new(), entries: listed.entries.clone() };
    listed.named = vec![named];
    listed.entries = Prepared::default();
    contains(&render(&theme("en"), &listed), &["<a href=\"/blog/\">Blog</a></h2>", "Lesson 3"]);
}

#[test]
fn not_found_and_denials_say_what_to_do() {
    let theme = theme("en");
    let mut blank = page("open", "not_found");
    (blank.title, blank.content) = (String::new(), String::new());
    let html = render(&theme, &context(blank));
    contains(&html, &["<h1>Not found</h1>", "noindex", "To the home page"]);
    lacks(&html, &["canonical", "ld+json"]);
    let html = render(&theme, &context(page("open", "not_found")));
    contains(&html, &["<h1>Feeding the starter</h1>", "Flour"]);

    for (reason, title) in [
        ("not_signed_in", "Please sign in"),
        ("not_entitled", "Not part of what you have"),
        ("not_yet", "Not open yet"),
        ("expired", "Your access has ended"),
        ("no_tier", "A membership is needed"),
    ] {
        let denial = Page { reason: Some(reason), title: String::new(), ..page("open", "denial") };
        let html = render(&theme, &context(denial));
        contains(&html, &[&format!("<h1>{title}</h1>"), &format!("<title>{title} · "), "noindex"]);
        assert_eq!(html.contains("class=\"button\" href=\"/join/\""), reason != "not_yet");
    }
}

#[test]
fn a_dutch_school_gets_a_dutch_paywall() {
    for language in ["nl", "nl-BE"] {
        let html = render(&theme(language), &context(page("teaser", "page")));
        contains(&html, &["Wat deze pagina opent", "Koop Pro", "samen met", "Inloggen", "Naar de inhoud"]);
    }
    let theme = theme("nl");
    let zone = jiff::tz::TimeZone::get("Europe/Amsterdam").unwrap();
    let at = |text: &str| Timestamp::saturating(text.parse::<jiff::Timestamp>().unwrap().as_second());
    let moment = theme.strings().from(at("2026-12-01T08:00:00Z"), &zone);
    assert_eq!((moment.text.as_str(), moment.iso.as_str()), ("1 december 2026, 09:00", "2026-12-01T09:00:00+01:00"));
    assert_eq!(theme.strings().from(at("2026-06-30T22:00:00Z"), &zone).text, "1 juli 2026");
    assert_eq!(theme.strings().until(at("2026-12-31T23:00:00Z"), &zone).text, "31 december 2026");
    assert_eq!(load(Parts::default_theme("pl", "")).0.strings().get("next"), "Next");
}

#[test]
fn every_language_says_everything() {
    type Languages = BTreeMap<String, BTreeMap<String, String>>;
    let text = embedded().iter().find(|file| file.part == Part::Strings).unwrap().text;
    let languages: Languages = serde_yaml::from_str(text).unwrap();
    let places = |text: &str| -> Vec<String> {
        let mut places: Vec<_> =
            text.split('{').skip(1).map(|part| part.split('}').next().unwrap().to_owned()).collect();
        places.sort();
        places
    };
    for (language, strings) in &languages {
        for (key, english) in &languages["en"] {
            match strings.get(key) {
                Some(text) => assert_eq!(places(text), places(english), "{language} {key}"),
                None => assert!(key.ends_with("_format"), "{language} has no `{key}`"),
            }
        }
        assert!(strings.keys().all(|key| languages["en"].contains_key(key)), "{language}");
    }
}

#[test]
fn what_writers_type_is_escaped() {
    let evil = "</title></script><script>alert('x')</script>\"><img src=x>";
    let mut context = context(Page { title: evil.into(), description: evil.into(), ..page("teaser", "page") });
    let mut offer = paywall("locked");
    offer.ways[0].needs[0].title = evil.into();
    context.paywall = Some(offer);
    context.siblings = Prepared::new(&vec![Entry { title: evil.into(), ..entry(1, true) }, entry(2, false)]);
    context.next = Some(link(evil, "/x/\"onclick=\"y"));
    let html = render(&theme("en"), &context);
    lacks(&html, &["<script>alert", "<img", "\"onclick"]);
    assert_eq!(structured(&html)["headline"], evil);
    assert_eq!(structured(&html)["offers"][0]["name"], evil);
}

#[test]
fn partials_without_an_extension_are_escaped_too() {
    let mut parts = Parts::default_theme("en", "");
    parts.templates.push(file("part", "{{ page.title }}"));
    parts.templates.push(file("page.html", "{% include \"part\" %}"));
    let (theme, _) = load(parts);
    assert_eq!(render(&theme, &context(Page { title: "<b>".into(), ..page("open", "page") })), "&lt;b&gt;");
}

#[test]
fn a_site_overrides_file_by_file_and_string_by_string() {
    let mut parts = Parts::default_theme("nl", "https://learn.example");
    parts.templates.push(file("paywall.html", "<aside>{{ strings.paywall_title }} {{ strings.shout }}</aside>"));
    parts.site_strings = Some(TextFile {
        name: "strings.yaml".into(),
        path: "strings.yaml".into(),
        text: "paywall_title: Word lid!\nnext: Verder\nen: {next: Onward}\npaywal_title: x\nshout: Hé\n".into(),
    });
    let (theme, warnings) = load(parts);
    contains(&render(&theme, &context(page("teaser", "page"))), &["<aside>Word lid! Hé</aside>", "Vorige"]);
    assert_eq!(theme.strings().get("next"), "Verder");
    expect![[r#"
        warning: no template uses the string `paywal_title`
          --> strings.yaml:4:1
           |
         4 | paywal_title: x
           | ^^^^^^^^^^^^
          help: did you mean `paywall_title`?
    "#]]
    .assert_eq(&printed(&warnings));
}

#[test]
fn strings_that_cannot_be_used_are_errors() {
    let mut parts = Parts::default_theme("en", "");
    let text = "waiting_days: after {cuont} days\nmonths: a b c\nnext: [a]\n";
    parts.site_strings = Some(TextFile { name: "strings.yaml".into(), path: "strings.yaml".into(), text: text.into() });
    expect![[r#"
        error: nothing fills `{cuont}` in the string `waiting_days`
          --> strings.yaml:1:1
           |
         1 | waiting_days: after {cuont} days
           | ^^^^^^^^^^^^
          help: it has `{count}`
        error: `months` must be twelve words
          --> strings.yaml:2:1
           |
         2 | months: a b c
           | ^^^^^^
        error: `next` is not a text
          --> strings.yaml:3:1
           |
         3 | next: [a]
           | ^^^^
          help: put the text in quotes
    "#]]
    .assert_eq(&printed(&Theme::load(parts).unwrap_err()));
}

#[test]
#[allow(clippy::too_many_lines, reason = "a table of templates and what is said of them")]
fn faults_of_templates_have_a_place() {
    check_faults(
        "page.html",
        "<h1>{{ page.title }</h1>",
        expect![[r#"
            error: found `}` but expected `}}`
              --> templates/page.html:1:19
               |
             1 | <h1>{{ page.title }</h1>
               |                   ^
        "#]],
    );
    check_faults(
        "page.html",
        "{% extends \"bsae.html\" %}",
        expect![[r#"
        error: unknown template `bsae.html`
          --> templates/page.html:1:13
           |
         1 | {% extends "bsae.html" %}
           |             ^^^^^^^^^
          help: did you mean `base.html`?
    "#]],
    );
    check_faults(
        "x.html",
        "<p>\n  {% include \"gone.html\" %}{{ page.title | uper }}",
        expect![[r#"
            error: unknown template `gone.html`
              --> templates/x.html:2:14
               |
             2 |   {% include "gone.html" %}{{ page.title | uper }}
               |              ^^^^^^^^^^^
            error: unknown filter `uper`
              --> templates/x.html:2:44
               |
             2 |   {% include "gone.html" %}{{ page.title | uper }}
               |                                            ^^^^
        "#]],
    );
    check_faults(
        "x.html",
        "<p>\n  {% if page.gatd and pagewall %}x{% endif %}",
        expect![[r#"
        error: unknown field `gatd`
          --> templates/x.html:2:9
           |
         2 |   {% if page.gatd and pagewall %}x{% endif %}
           |         ^^^^^^^^^
          help: did you mean `gated`?
        error: unknown name `pagewall`
          --> templates/x.html:2:23
           |
         2 |   {% if page.gatd and pagewall %}x{% endif %}
           |                       ^^^^^^^^
          help: did you mean `paywall`?
    "#]],
    );
    check_faults(
        "x.html",
        "{{ strings.paywal_title }}",
        expect![[r#"
        error: unknown string `paywal_title`
          --> templates/x.html:1:4
           |
         1 | {{ strings.paywal_title }}
           |    ^^^^^^^^^^^^^^^^^^^^
          help: did you mean `paywall_title`?
    "#]],
    );
    check_faults(
        "x.html",
        "{% include \"x.html\" %}",
        expect![[r#"
        error: `x.html` includes itself, by way of `x.html`, `x.html`
          --> templates/x.html
    "#]],
    );
    let sound = "{% set x = page %}{% for k, v in page.extra %}{{ k }}{{ x.whatever }}{{ loop.index }}{% endfor %}\
                 {# page.nothing #}{% raw %}{{ page.nothing }}{% endraw %}{{ \"page.nothing\" | default(value=page.title) }}\
                 {% if page.title is starting_with(pat=\"x\") and not page.date is defined %}{% endif %}";
    check_faults("x.html", sound, expect![[""]]);
}

#[test]
fn faults_of_rendering_name_template_and_page() {
    let mut parts = Parts::default_theme("en", "");
    parts.templates.push(file("page.html", "<p>\n{% for entry in siblings %}{{ entry.titel }}{% endfor %}"));
    parts.templates.push(file("list.html", "{{ page.toc.title }}"));
    parts.templates.push(file("null.html", "{{ paywall.state }}"));
    parts.templates.push(file("fill.html", "{{ strings.waiting_days | fill(days=3) }}"));
    let (theme, _) = load(parts);
    let context = context(page("open", "page"));
    let fault = |name: &str| theme.render(name, "content/a.md", &context).unwrap_err().to_string() + "\n";
    expect![[r#"
        error: unknown field `titel`, while rendering `content/a.md`
          --> templates/page.html:2:37
           |
         2 | {% for entry in siblings %}{{ entry.titel }}{% endfor %}
           |                                     ^^^^^
          help: did you mean `title`?
        error: unknown field `title`, while rendering `content/a.md`
          --> templates/list.html:1:13
           |
         1 | {{ page.toc.title }}
           |             ^^^^^
        error: unknown field `state`, while rendering `content/a.md`
          --> templates/null.html:1:12
           |
         1 | {{ paywall.state }}
           |            ^^^^^
        error: nothing was given for `{count}` in `Your access includes this page: it opens {count} days after that access began.`, while rendering `content/a.md`
          --> templates/fill.html:1:27
           |
         1 | {{ strings.waiting_days | fill(days=3) }}
           |                           ^^^^^^^^^^^^
        error: unknown template `pge.html`
          help: did you mean `page.html`?
    "#]].assert_eq(&["page.html", "list.html", "null.html", "fill.html", "pge.html"].map(fault).concat());
}

#[test]
fn theme_yaml_says_what_is_listed() {
    let theme = theme("en");
    let lists = theme.lists("page.html");
    assert!(lists.siblings && lists.ancestors && lists.previous_next && !lists.entries && !lists.tags);
    assert!(theme.lists("home.html").entries);
    assert!(!theme.lists("404.html").entries);

    let mut parts = Parts::default_theme("en", "");
    let text = "templates:\n  page.html: {lists: [sibling], sectoins: [blog]}\n  pag.html: {}\nauthor: me\n";
    parts.manifest =
        Some(TextFile { name: "theme.yaml".into(), path: "themes/x/theme.yaml".into(), text: text.into() });
    expect![[r#"
        error: unknown list `sibling`
          --> themes/x/theme.yaml:2:23
           |
         2 |   page.html: {lists: [sibling], sectoins: [blog]}
           |                       ^^^^^^^
          help: did you mean `siblings`?
        error: unknown key `sectoins`
          --> themes/x/theme.yaml:2:33
           |
         2 |   page.html: {lists: [sibling], sectoins: [blog]}
           |                                 ^^^^^^^^
          help: did you mean `sections`?
        error: unknown template `pag.html`
          --> themes/x/theme.yaml:3:3
           |
         3 |   pag.html: {}
           |   ^^^^^^^^
          help: did you mean `page.html`?
        error: unknown key `author`
          --> themes/x/theme.yaml:4:1
           |
         4 | author: me
           | ^^^^^^
          help: known are `description`, `name`, `templates`
    "#]]
    .assert_eq(&printed(&Theme::load(parts).unwrap_err()));

    let mut parts = Parts::default_theme("en", "");
    let text = "templates:\n  page.html: [lists]\n";
    parts.manifest =
        Some(TextFile { name: "theme.yaml".into(), path: "themes/x/theme.yaml".into(), text: text.into() });
    expect![[r#"
        error: `themes/x/theme.yaml` cannot be read: templates.page.html: invalid type: sequence, expected a map
          --> themes/x/theme.yaml:2:14
           |
         2 |   page.html: [lists]
           |              ^
    "#]]
    .assert_eq(&printed(&Theme::load(parts).unwrap_err()));
}

#[test]
fn a_small_theme_renders_every_kind() {
    let parts =
        Parts { templates: vec![file("page.html", "{{ page.kind }}")], language: "en".into(), ..Parts::default() };
    let (theme, _) = load(parts);
    for kind in ["page", "section", "home", "tag", "not_found", "denial"] {
        assert_eq!(render(&theme, &context(page("open", kind))), kind);
    }
    assert_eq!(Theme::load(Parts::default()).unwrap_err().len(), 1);
}

#[test]
fn maps_are_read_in_the_order_in_which_they_are_written() {
    let parts = Parts {
        templates: vec![file(
            "page.html",
            "{% for k, v in site.extra %}{{ k }}{{ v }}{% endfor %}{{ site.extra | json }}\
             {% for k, v in siblings | group_by(attribute=\"kind\") %}{{ k }}{{ v | length }}{% endfor %}",
        )],
        ..Parts::default()
    };
    let (theme, _) = load(parts);
    let mut context = context(page("open", "page"));
    let mixed = |kind| Entry { kind, ..entry(1, false) };
    context.siblings = Prepared::new(&vec![mixed("section"), mixed("page"), mixed("section")]);
    assert_eq!(render(&theme, &context), "b1a2{\"b\":1,\"a\":2}section2page1");
}

#[test]
fn the_contents_of_a_page_are_linked() {
    let heading = |id: &str, children| Heading { level: 2, id: id.into(), title: id.to_uppercase(), children };
    let toc = vec![heading("a", vec![heading("b", vec![])]), heading("c", vec![]), heading("d", vec![])];
    let html = render(&theme("en"), &context(Page { toc, ..page("open", "page") }));
    contains(&html, &["<a href=\"#a\">A</a><ol><li><a href=\"#b\">B</a></li></ol>", "On this page"]);
}

#[test]
fn a_list_that_no_template_declares_is_warned_of() {
    let mut parts = Parts::default_theme("en", "https://learn.example");
    let text = "{% for entry in siblings %}{{ entry.title }}{% endfor %}";
    parts.manifest = None;
    parts.templates.push(TextFile { name: "page.html".into(), path: "templates/page.html".into(), text: text.into() });
    let (_, warnings) = Theme::load(parts).unwrap();
    let said = warnings.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    assert!(said.contains("`siblings` is always empty: theme.yaml declares it for no template"), "{said}");
    assert!(said.contains("templates/page.html:1:17"), "{said}");
}
