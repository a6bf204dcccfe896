//! The filters that Tera does not have, and one whose order Tera leaves to chance.
//!
//! None of them reads a file, a clock or the environment.

use std::fmt::Write;

use tera::{Kwargs, Map, State, Tera, TeraResult, Value};

use crate::path;

pub(super) fn register(tera: &mut Tera, base_url: &str) {
    let base_url = base_url.to_owned();
    tera.register_filter("absolute", move |url: &str, _: Kwargs, _: &State| absolute(&base_url, url));
    tera.register_filter("fill", fill);
    tera.register_filter("with_next", with_next);
    tera.register_filter("json", |value: &Value, _: Kwargs, _: &State| -> TeraResult<Value> {
        let mut out = String::new();
        json(value, &mut out)?;
        Ok(Value::safe_string(&out))
    });
    tera.register_filter("group_by", group_by);
}

/// A root-relative URL with the site's host before it; any other URL as it is.
fn absolute(base_url: &str, url: &str) -> String {
    if url.starts_with('/') && !url.starts_with("//") { format!("{base_url}{url}") } else { url.to_owned() }
}

/// The address of a place to sign in, with where to go afterwards: `{{ site.login_url | with_next(url=page.url) }}`.
fn with_next(login: &str, values: Kwargs, _: &State) -> TeraResult<String> {
    let url: &str = values.must_get("url")?;
    Ok(path::canonical(url.as_bytes()).map_or_else(|_| login.to_owned(), |path| path::with_next(login, &path)))
}

/// Puts values into the places of a string: `{{ strings.minutes | fill(count=3) }}` for `{count} minutes`.
fn fill(text: &str, values: Kwargs, _: &State) -> TeraResult<String> {
    let mut filled = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let Some((name, after)) = after.split_once('}') else {
            return Err(tera::Error::message(format!("`{text}` has a `{{` without a `}}`")));
        };
        match values.get::<&Value>(name)? {
            Some(value) if !value.is_undefined() => write!(filled, "{value}").map_err(tera::Error::message)?,
            _ => return Err(tera::Error::message(format!("nothing was given for `{{{name}}}` in `{text}`"))),
        }
        rest = after;
    }
    filled.push_str(rest);
    Ok(filled)
}

/// JSON that may stand inside `<script>`: nothing in it can end the element or begin a comment.
fn json(value: &Value, out: &mut String) -> TeraResult<()> {
    if let Some(list) = value.as_array() {
        out.push('[');
        for (index, item) in list.iter().enumerate() {
            separate(index, out);
            json(item, out)?;
        }
        out.push(']');
    } else if let Some(map) = value.as_map() {
        out.push('{');
        for (index, (key, item)) in map.iter().enumerate() {
            separate(index, out);
            quote(&key.to_string(), out);
            out.push(':');
            json(item, out)?;
        }
        out.push('}');
    } else if let Some(text) = value.as_str() {
        quote(text, out);
    } else if value.is_undefined() {
        return Err(tera::Error::message("an undefined value has no JSON"));
    } else if value.is_none() || value.as_f64().is_some_and(|number| !number.is_finite()) {
        out.push_str("null");
    } else {
        write!(out, "{value}").map_err(tera::Error::message)?;
    }
    Ok(())
}

fn separate(index: usize, out: &mut String) {
    if index > 0 {
        out.push(',');
    }
}

fn quote(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '<' | '>' | '&' | '\'' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' => {
                let code = u32::from(c);
                out.push_str("\\u");
                for shift in [12, 8, 4, 0] {
                    out.push(char::from_digit((code >> shift) & 0xf, 16).unwrap_or('0'));
                }
            }
            _ => out.push(c),
        }
    }
    out.push('"');
}

/// Groups in the order in which they first appear. Tera's own filter groups by way of a hash map, and so in another
/// order in each run.
fn group_by(list: &[Value], values: Kwargs, _: &State) -> TeraResult<Map> {
    let attribute = values.must_get::<&str>("attribute")?;
    let mut groups: Vec<(String, Vec<Value>)> = Vec::new();
    for item in list {
        let Some(value) = item.get_from_path(attribute) else {
            return Err(tera::Error::message(format!("an item has no field `{attribute}`")));
        };
        if value.is_none() {
            continue;
        }
        let key = value.to_string();
        match groups.iter_mut().find(|(name, _)| *name == key) {
            Some((_, group)) => group.push(item.clone()),
            None => groups.push((key, vec![item.clone()])),
        }
    }
    Ok(groups.into_iter().map(|(name, group)| (name.into(), Value::from(group))).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_cannot_end_a_script() {
        let mut out = String::new();
        json(&Value::from("</script><!--\u{2028}\"\\\u{7}"), &mut out).unwrap();
        assert_eq!(out, r#""\u003c/script\u003e\u003c!--\u2028\"\\\u0007""#);
        let parsed: String = serde_json::from_str(&out).unwrap();
        assert_eq!(parsed, "</script><!--\u{2028}\"\\\u{7}");
    }

    #[test]
    fn only_root_relative_urls_become_absolute() {
        for (url, expected) in [("/a/", "https://x.example/a/"), ("//cdn/x", "//cdn/x"), ("https://y/", "https://y/")] {
            assert_eq!(absolute("https://x.example", url), expected);
        }
    }
}
