//! Keys by their names, as the protocol wants them told.

use serde_json::{Value, json};

/// A key without its modifiers.
struct Key {
    /// What `KeyboardEvent.key` says.
    key: String,
    /// What `KeyboardEvent.code` says, on an American keyboard.
    code: String,
    number: u32,
    /// What it types.
    text: Option<String>,
}

const NAMED: [(&str, u32, Option<&str>); 16] = [
    ("Tab", 9, None),
    ("Enter", 13, Some("\r")),
    ("Escape", 27, None),
    ("Backspace", 8, None),
    ("Delete", 46, None),
    ("Home", 36, None),
    ("End", 35, None),
    ("PageUp", 33, None),
    ("PageDown", 34, None),
    ("ArrowLeft", 37, None),
    ("ArrowUp", 38, None),
    ("ArrowRight", 39, None),
    ("ArrowDown", 40, None),
    ("Space", 32, Some(" ")),
    ("F6", 117, None),
    ("F10", 121, None),
];

const MODIFIERS: [(&str, u32); 4] = [("Alt+", 1), ("Ctrl+", 2), ("Meta+", 4), ("Shift+", 8)];

/// The two events of a key that is pressed and let go: `Tab`, `a`, `Shift+Tab`, `Ctrl+Alt+k`.
#[track_caller]
pub(super) fn press(name: &str) -> [Value; 2] {
    let mut rest = name;
    let mut modifiers = 0;
    while let Some((word, bit)) = MODIFIERS.iter().find(|(word, _)| rest.starts_with(word)) {
        rest = &rest[word.len()..];
        modifiers |= bit;
    }
    let Key { key, code, number, text } = key(rest);
    // With Alt, Ctrl or Meta a key commands and types nothing.
    let text = text.filter(|_| modifiers & 7 == 0);
    let down = if text.is_some() { "keyDown" } else { "rawKeyDown" };
    let event = |kind: &str| json!({"type": kind, "key": key, "code": code, "windowsVirtualKeyCode": number, "modifiers": modifiers});
    let mut first = event(down);
    if let Some(text) = text {
        first["text"] = json!(text);
    }
    [first, event("keyUp")]
}

#[track_caller]
fn key(name: &str) -> Key {
    if let Some((name, number, text)) = NAMED.iter().find(|(known, _, _)| *known == name) {
        let key = if *name == "Space" { " " } else { name };
        return Key { key: key.into(), code: (*name).into(), number: *number, text: text.map(str::to_owned) };
    }
    let mut characters = name.chars();
    let (Some(character), None) = (characters.next(), characters.next()) else { panic!("no key `{name}`") };
    if character == ' ' {
        return key("Space");
    }
    let upper = character.to_ascii_uppercase();
    let code = match upper {
        'A'..='Z' => format!("Key{upper}"),
        '0'..='9' => format!("Digit{upper}"),
        _ => String::new(),
    };
    // Other keys have numbers that say nothing about what they type.
    let number = if code.is_empty() { 0 } else { u32::from(upper) };
    Key { key: name.to_owned(), code, number, text: Some(name.to_owned()) }
}
