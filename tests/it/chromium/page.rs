//! One tab: where it goes, what is typed into it, what it shows, and what went wrong in it.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::link::{Event, Link};
use super::{PATIENCE, keys};

/// What a page is switched to before it loads anything.
const SETUP: [(&str, &str); 6] = [
    ("Page.enable", "{}"),
    ("Page.setLifecycleEventsEnabled", r#"{"enabled": true}"#),
    ("Runtime.enable", "{}"),
    ("Log.enable", "{}"),
    // A tab in the background gets no keys.
    ("Emulation.setFocusEmulationEnabled", r#"{"enabled": true}"#),
    ("Inspector.enable", "{}"),
];

/// An open tab. Dropping it fails the test where something went wrong in it that was not [taken](Page::problems).
pub(crate) struct Page {
    link: Link,
    /// The frame that is the tab itself.
    frame: String,
    /// The documents that loaded in it, by their loaders.
    loaded: Vec<String>,
    problems: Vec<String>,
}

impl Page {
    #[track_caller]
    pub(super) fn new(mut link: Link) -> Self {
        let tree = link.call("Page.getFrameTree", json!({})).unwrap();
        let frame = tree["frameTree"]["frame"]["id"].as_str().unwrap().to_owned();
        for (method, params) in SETUP {
            link.call(method, serde_json::from_str(params).unwrap()).unwrap();
        }
        let mut page = Self { link, frame, loaded: Vec::new(), problems: Vec::new() };
        page.listen();
        page.loaded.clear();
        page
    }

    /// Goes to an address and waits until it has loaded.
    #[track_caller]
    pub(crate) fn go(&mut self, url: &str) {
        let gone = self.call("Page.navigate", json!({"url": url}));
        assert!(gone["errorText"].is_null(), "{url}: {}", gone["errorText"]);
        // Within one document nothing is loaded.
        if let Some(loader) = gone["loaderId"].as_str() {
            self.wait(&format!("{url} to load"), |page| page.loaded.iter().any(|known| known == loader));
        }
    }

    /// Loads the page again, as a person does who presses F5, and waits until it has loaded.
    #[track_caller]
    pub(crate) fn reload(&mut self) {
        let before = self.loads();
        self.call("Page.reload", json!({}));
        self.wait_for_loads(before + 1);
    }

    /// How many documents have loaded in the tab so far.
    pub(crate) fn loads(&mut self) -> usize {
        self.listen();
        self.loaded.len()
    }

    /// Waits until so many documents have loaded in the tab: one more than [`Self::loads`] said is the next one.
    #[track_caller]
    pub(crate) fn wait_for_loads(&mut self, count: usize) {
        self.wait(&format!("load {count}"), |page| page.loaded.len() >= count);
    }

    #[track_caller]
    fn wait(&mut self, what: &str, done: impl Fn(&Self) -> bool) {
        let deadline = Instant::now() + PATIENCE;
        self.listen();
        while !done(self) {
            let event = self.link.event(deadline).unwrap_or_else(|error| panic!("waited for {what}: {error}"));
            let event = event.unwrap_or_else(|| panic!("waited {PATIENCE:?} for {what}; {:?}", self.problems));
            self.note(&event);
        }
    }

    /// The value of an expression, or of what the promise it is gives; as JSON.
    #[track_caller]
    pub(crate) fn eval(&mut self, script: &str) -> Value {
        self.try_eval(script).unwrap_or_else(|error| panic!("{script}\n{error}"))
    }

    /// The same.
    ///
    /// # Errors
    ///
    /// What it throws, or that the page went away meanwhile.
    pub(crate) fn try_eval(&mut self, script: &str) -> Result<Value, String> {
        let params = json!({"expression": script, "awaitPromise": true, "returnByValue": true, "userGesture": true});
        let mut answer = self.link.call("Runtime.evaluate", params)?;
        self.listen();
        if answer["exceptionDetails"].is_null() {
            Ok(answer["result"]["value"].take())
        } else {
            Err(exception(&answer["exceptionDetails"]))
        }
    }

    /// What an expression says, as text.
    #[track_caller]
    pub(crate) fn text(&mut self, script: &str) -> String {
        let value = self.eval(script);
        value.as_str().unwrap_or_else(|| panic!("{script}\nis no text: {value}")).to_owned()
    }

    /// Waits until an expression is true, in this document or in one that takes its place, and gives its value.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, script: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let last = self.try_eval(script);
            if let Ok(value) = &last
                && !matches!(value, Value::Null | Value::Bool(false))
                && *value != json!(0)
                && *value != json!("")
            {
                return value.clone();
            }
            if Instant::now() > deadline {
                let shown = self.try_eval("document.documentElement.outerHTML");
                panic!("waited {PATIENCE:?} for {script}\n{last:?}\n{shown:?}\n{:?}", self.problems);
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Presses a key and lets it go: `Tab`, `a`, `Shift+Tab`, `Ctrl+Alt+k`, `Space`, `ArrowDown`.
    #[track_caller]
    pub(crate) fn press(&mut self, key: &str) {
        for event in keys::press(key) {
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    /// Types a text, key by key.
    #[track_caller]
    pub(crate) fn type_text(&mut self, text: &str) {
        for character in text.chars() {
            self.press(&character.to_string());
        }
    }

    /// Clicks with the mouse on the middle of the element that an expression names.
    #[track_caller]
    pub(crate) fn click(&mut self, element: &str) {
        let script = format!(
            "(() => {{ const e = {element}; e.scrollIntoView({{block: 'center', behavior: 'instant'}}); \
             const r = e.getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        );
        let place = self.eval(&script);
        for kind in ["mouseMoved", "mousePressed", "mouseReleased"] {
            let (button, count) = if kind == "mouseMoved" { ("none", 0) } else { ("left", 1) };
            let event = json!({"type": kind, "x": place[0], "y": place[1], "button": button, "clickCount": count});
            self.call("Input.dispatchMouseEvent", event);
        }
    }

    /// Makes the window this large, in CSS pixels.
    #[track_caller]
    pub(crate) fn viewport(&mut self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": false});
        self.call("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Has the reader prefer something: `("prefers-color-scheme", "dark")`, `("forced-colors", "active")`,
    /// `("prefers-reduced-motion", "reduce")`. What was preferred before is forgotten.
    #[track_caller]
    pub(crate) fn prefer(&mut self, features: &[(&str, &str)]) {
        let features: Vec<Value> = features.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
        self.call("Emulation.setEmulatedMedia", json!({"features": features}));
    }

    /// Has the reader prefer dark pages, or light ones.
    #[track_caller]
    pub(crate) fn dark(&mut self, dark: bool) {
        self.prefer(&[("prefers-color-scheme", if dark { "dark" } else { "light" })]);
    }

    /// Writes what the window shows as PNG.
    #[track_caller]
    pub(crate) fn screenshot(&mut self, path: &Path) {
        let shot = self.call("Page.captureScreenshot", json!({"format": "png"}));
        std::fs::write(path, STANDARD.decode(shot["data"].as_str().unwrap()).unwrap()).unwrap();
    }

    /// What went wrong in the page since it was asked last: exceptions, errors on the console, resources that did not
    /// load, violations of its policy.
    pub(crate) fn problems(&mut self) -> Vec<String> {
        // What comes before an answer has come already.
        if let Err(error) = self.link.call("Runtime.evaluate", json!({"expression": "1"})) {
            self.problems.push(error);
        }
        self.listen();
        std::mem::take(&mut self.problems)
    }

    /// Calls any method of the protocol on this page.
    #[track_caller]
    pub(crate) fn call(&mut self, method: &str, params: Value) -> Value {
        let answer = self.link.call(method, params).unwrap_or_else(|error| panic!("{error}"));
        self.listen();
        answer
    }

    /// The next event of a kind, which must come before the deadline. What [`Self::call`] and others met is gone.
    ///
    /// # Errors
    ///
    /// Where the connection is gone.
    pub(crate) fn event(&mut self, method: &str, deadline: Instant) -> Result<Option<Event>, String> {
        while let Some(event) = self.link.event(deadline)? {
            self.note(&event);
            if event.method == method {
                return Ok(Some(event));
            }
        }
        Ok(None)
    }

    /// Takes note of what came so far.
    fn listen(&mut self) {
        while let Some(event) = self.link.kept() {
            self.note(&event);
        }
    }

    fn note(&mut self, event: &Event) {
        let Event { method, params, at: _ } = event;
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        match method.as_str() {
            "Page.lifecycleEvent" if params["name"] == "load" && params["frameId"] == json!(self.frame) => {
                self.loaded.push(text(&params["loaderId"]));
            }
            "Runtime.exceptionThrown" => self.problems.push(exception(&params["exceptionDetails"])),
            "Runtime.consoleAPICalled" if matches!(params["type"].as_str(), Some("error" | "assert")) => {
                let said: Vec<String> = params["args"].as_array().unwrap().iter().map(shown).collect();
                self.problems.push(format!("console.{}: {}", text(&params["type"]), said.join(" ")));
            }
            "Log.entryAdded" if params["entry"]["level"] == "error" => {
                let (said, url) = (text(&params["entry"]["text"]), text(&params["entry"]["url"]));
                // Browsers ask for it on their own; no page said that it is there.
                if !url.ends_with("/favicon.ico") {
                    self.problems.push(format!("{said} ({url})"));
                }
            }
            "Inspector.targetCrashed" => self.problems.push("the page crashed".to_owned()),
            _ => {}
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let problems = self.problems();
        assert!(problems.is_empty() || thread::panicking(), "in the page:\n{}", problems.join("\n"));
    }
}

fn exception(details: &Value) -> String {
    let thrown = shown(&details["exception"]);
    let thrown = if thrown.is_empty() { details["text"].as_str().unwrap_or_default().to_owned() } else { thrown };
    format!("{thrown} ({}:{})", details["url"].as_str().unwrap_or_default(), details["lineNumber"])
}

/// A value of the page as a person would print it.
fn shown(value: &Value) -> String {
    match (&value["description"], &value["value"]) {
        (Value::String(text), _) | (_, Value::String(text)) => text.clone(),
        (_, Value::Null) => String::new(),
        (_, value) => value.to_string(),
    }
}
