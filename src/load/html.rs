//! Raw HTML in Markdown: which attributes name files, pages and anchors.
//!
//! Tags are read with a tokenizer that follows the WHATWG HTML standard (section 13.2.5), so that what a browser takes
//! for a `src` we take for one as well. Nothing is repaired or removed: writers are trusted with their own HTML.

use std::ops::Range;

use html5gum::emitters::default::DefaultEmitter;
use html5gum::{Token, Tokenizer};

/// How an attribute uses the address in it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Usage {
    /// Shown as part of the page: image, audio, video, object, stylesheet, `url()`.
    Embed,
    /// Led to by a click.
    Link,
    /// An `id` or `name` that a fragment can point to.
    Anchor,
}

/// One address (or anchor) in a piece of raw HTML.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// What it is there for.
    pub usage: Usage,
    /// The address, character references decoded.
    pub value: String,
    /// Its bytes in the HTML.
    pub range: Range<usize>,
}

/// All addresses of a piece of raw HTML, in order.
#[must_use]
pub fn addresses(html: &str) -> Vec<Address> {
    let mut found = Vec::new();
    if !html.contains('=') && !html.contains('(') {
        return found;
    }
    for token in Tokenizer::new_with_emitter(html, DefaultEmitter::<usize>::new_with_span()) {
        let Ok(Token::StartTag(tag)) = token else { continue };
        let name = String::from_utf8_lossy(&tag.name).into_owned();
        for (attribute, value) in &tag.attributes {
            let attribute = String::from_utf8_lossy(attribute).into_owned();
            let text = String::from_utf8_lossy(value).into_owned();
            // The tokenizer's span is that of the whole attribute, and not to the byte where there are no quotes.
            let range = value_range(html, value.span.start).unwrap_or(value.span.end..value.span.end);
            attribute_addresses(&name, &attribute, (text, range), &mut found);
        }
    }
    found.sort_by_key(|address| address.range.start);
    found
}

/// Where the value of the attribute stands whose name begins at `start` (WHATWG HTML 13.2.5.32 to 13.2.5.38).
fn value_range(html: &str, start: usize) -> Option<Range<usize>> {
    let is_space = |c: char| c.is_ascii_whitespace();
    let from = |at: usize| html.get(at..).unwrap_or_default();
    let name_end = from(start).char_indices().skip(1).find(|(_, c)| is_space(*c) || matches!(c, '=' | '/' | '>'))?.0;
    let equals = html.len() - from(start + name_end).trim_start_matches(is_space).len();
    let rest = from(equals).strip_prefix('=')?.trim_start_matches(is_space);
    let at = html.len() - rest.len();
    match rest.chars().next()? {
        quote @ ('"' | '\'') => {
            let inner = from(at + 1);
            Some(at + 1..at + 1 + inner.find(quote).unwrap_or(inner.len()))
        }
        _ => Some(at..at + rest.find(|c| is_space(c) || c == '>').unwrap_or(rest.len())),
    }
}

fn attribute_addresses(tag: &str, attribute: &str, value: (String, Range<usize>), found: &mut Vec<Address>) {
    let (value, range) = value;
    let usage = match (tag, attribute) {
        (_, "id") | ("a", "name") => Usage::Anchor,
        (_, "src" | "poster" | "data" | "background") | ("link" | "image" | "use", "href" | "xlink:href") => {
            Usage::Embed
        }
        ("a" | "area", "href") => Usage::Link,
        (_, "srcset" | "imagesrcset") => return srcset(&value, range, found),
        (_, "style") => return css_urls(&value, range, found),
        _ => return,
    };
    let padding = value.len() - value.trim_start().len();
    let trimmed = value.trim().to_owned();
    if !trimmed.is_empty() {
        // Where references made the text shorter than its source, the whole attribute is replaced.
        let exact = range.len() == value.len();
        let range = if exact { range.start + padding..range.start + padding + trimmed.len() } else { range };
        found.push(Address { usage, value: trimmed, range });
    }
}

/// `a.png 1x, b.png 2x`: the candidates of a `srcset`.
fn srcset(value: &str, range: Range<usize>, found: &mut Vec<Address>) {
    let mut at = 0;
    for candidate in value.split(',') {
        let lead = candidate.len() - candidate.trim_start().len();
        let url = candidate.split_whitespace().next().unwrap_or_default();
        push_inside(url, at + lead, (value, &range), found);
        at += candidate.len() + 1;
    }
}

/// Every `url(…)` of a style.
fn css_urls(value: &str, range: Range<usize>, found: &mut Vec<Address>) {
    let mut from = 0;
    while let Some(open) = value.get(from..).and_then(|rest| rest.find("url(")).map(|at| at + from + 4) {
        let close = value.get(open..).and_then(|rest| rest.find(')')).map_or(value.len(), |at| at + open);
        let inner = value.get(open..close).unwrap_or_default();
        let url = inner.trim().trim_matches(['"', '\'']);
        let lead = inner.find(url).unwrap_or(0);
        push_inside(url, open + lead, (value, &range), found);
        from = close;
    }
}

fn push_inside(url: &str, at: usize, (value, range): (&str, &Range<usize>), found: &mut Vec<Address>) {
    if !url.is_empty() && range.len() == value.len() {
        let start = range.start + at;
        found.push(Address { usage: Usage::Embed, value: url.to_owned(), range: start..start + url.len() });
    } else if !url.is_empty() {
        // The source is longer than its meaning (character references): noted, but not to be rewritten.
        found.push(Address { usage: Usage::Embed, value: url.to_owned(), range: range.end..range.end });
    }
}

#[cfg(test)]
mod tests {
    use super::{Usage, addresses};

    fn check(html: &str, expected: &[(Usage, &str)]) {
        let found = addresses(html);
        let found: Vec<_> = found.iter().map(|address| (address.usage, &html[address.range.clone()])).collect();
        assert_eq!(found, expected, "{html}");
    }

    #[test]
    fn attributes_that_name_things_are_found() {
        check("<img src=\"a.png\" alt='x'>", &[(Usage::Embed, "a.png")]);
        check("<img src=a.png>", &[(Usage::Embed, "a.png")]);
        check("<IMG SRC = ' a.png '>", &[(Usage::Embed, "a.png")]);
        check("<a id=x href=\"b.pdf\">", &[(Usage::Anchor, "x"), (Usage::Link, "b.pdf")]);
        check("<video poster=p.jpg><source src='v.mp4'>", &[(Usage::Embed, "p.jpg"), (Usage::Embed, "v.mp4")]);
        check("<img srcset=\"a.png 1x, b.png 2x\">", &[(Usage::Embed, "a.png"), (Usage::Embed, "b.png")]);
        check("<p style=\"background: url('bg.png')\">", &[(Usage::Embed, "bg.png")]);
        check("<object data=x.svg></object>", &[(Usage::Embed, "x.svg")]);
        check("<p>no tags with = here</p>", &[]);
        check("é\r\n<b>\r\n<img\r\n src=\"a.png\"\r\n>", &[(Usage::Embed, "a.png")]);
        check("<a hidden href=b.pdf>b</a>", &[(Usage::Link, "b.pdf")]);
        check("<a title=\"a > b\" href='?a=1&amp;b=2'>", &[(Usage::Link, "?a=1&amp;b=2")]);
        check("<img src>", &[]);
    }
}
