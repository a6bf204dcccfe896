//! Raw HTML in Markdown: which attributes name files, pages and anchors.
//!
//! Tags are read with a tokenizer that follows the WHATWG HTML standard (section 13.2.5), so that what a browser takes
//! for a `src` we take for one as well. Nothing is repaired or removed: writers are trusted with their own HTML.

use std::collections::BTreeSet;
use std::convert::Infallible;
use std::ops::Range;

use html5gum::emitters::callback::{CallbackEmitter, CallbackEvent};
use html5gum::{Span, Tokenizer};

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
    let mut reader = Reader::default();
    let mut emitter = CallbackEmitter::new(|event: CallbackEvent<'_>, span: Span<usize>| -> Option<Infallible> {
        reader.event(&event, span.start..span.end, &mut found);
        None
    });
    // What stands in a script or a text field is no tag.
    emitter.naively_switch_states(true);
    let Ok(()) = Tokenizer::new_with_emitter(html, emitter).finish();
    found.sort_by_key(|address| address.range.start);
    found
}

/// Where the tokenizer is.
#[derive(Default)]
struct Reader {
    /// The tag whose attributes come now; empty outside of one.
    tag: String,
    attribute: String,
    /// Of several attributes with one name browsers take the first.
    attributes: BTreeSet<String>,
    /// The element whose text comes now, if its text is not HTML.
    within: String,
}

impl Reader {
    fn event(&mut self, event: &CallbackEvent<'_>, range: Range<usize>, found: &mut Vec<Address>) {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match event {
            CallbackEvent::OpenStartTag { name } => {
                self.tag = text(name);
                self.attributes.clear();
            }
            CallbackEvent::AttributeName { name } => {
                let name = text(name);
                self.attribute = if self.attributes.insert(name.clone()) { name } else { String::new() };
            }
            CallbackEvent::AttributeValue { value } if !self.tag.is_empty() => {
                attribute_addresses(&self.tag, &self.attribute, (text(value), range), found);
            }
            CallbackEvent::CloseStartTag { .. } => self.within = std::mem::take(&mut self.tag),
            CallbackEvent::String { value } if self.within == "style" => css_urls(&text(value), range, found),
            // Those without scripts see what stands there; to the others it is one long text.
            CallbackEvent::String { value } if self.within == "noscript" => {
                found.extend(addresses(&text(value)).into_iter().map(|address| Address {
                    range: address.range.start + range.start..address.range.end + range.start,
                    ..address
                }));
            }
            CallbackEvent::EndTag { .. } => self.within.clear(),
            CallbackEvent::AttributeValue { .. }
            | CallbackEvent::String { .. }
            | CallbackEvent::Comment { .. }
            | CallbackEvent::Doctype { .. }
            | CallbackEvent::Error(_) => {}
        }
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
    let lower = value.to_ascii_lowercase();
    while let Some(open) = lower.get(from..).and_then(|rest| rest.find("url(")).map(|at| at + from + 4) {
        let close = value.get(open..).and_then(|rest| rest.find(')')).map_or(value.len(), |at| at + open);
        let inner = value.get(open..close).unwrap_or_default();
        let url = inner.trim().trim_matches(['"', '\'']).trim();
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
        check("<style>\np { background: URL( 'bg.png' ) }</style>", &[(Usage::Embed, "bg.png")]);
        check("<textarea><img src=a.png></textarea>", &[]);
        check("<script>x = '<img src=a.png>'</script>", &[]);
        check("<noscript><img src=a.png></noscript>", &[(Usage::Embed, "a.png")]);
        check("<p>no tags with = here</p>", &[]);
        check("é\r\n<b>\r\n<img\r\n src=\"a.png\"\r\n>", &[(Usage::Embed, "a.png")]);
        check("<a hidden href=b.pdf>b</a>", &[(Usage::Link, "b.pdf")]);
        check("<a title=\"a > b\" href='?a=1&amp;b=2'>", &[(Usage::Link, "?a=1&amp;b=2")]);
        check("<img src>", &[]);
    }
}
