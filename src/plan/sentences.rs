//! What pages say, sentence by sentence, as hashes: for those who compare two builds and must not read either.
//!
//! A gate can be moved over a text, or a text out of its gate, without any rule of the page becoming another. Only the
//! text itself tells then. It stays here: what comes out are [`Mark`]s, each with the rule that its sentence is under.

use std::collections::BTreeMap;

use crate::access::gated::{Pass, RuleId};
use crate::digest::sha256;
use crate::plan::Plan;
use crate::site::PageId;

/// A sentence, a heading, a line of code or a row of a table as 47 bits of its hash, and whether it is short. That is
/// enough to find it again among those of one page.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Mark([u8; Mark::BYTES]);

/// What has fewer words and fewer bytes is short: `Summary`, `Exercise 2`.
const SHORT_WORDS: usize = 4;
const SHORT_BYTES: usize = 24;

impl Mark {
    /// Its length.
    pub const BYTES: usize = 6;

    /// The mark with these bytes.
    #[must_use]
    pub fn from_bytes(bytes: [u8; Self::BYTES]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8; Self::BYTES] {
        &self.0
    }

    /// Whether the text is so short that two of them may be alike by chance.
    #[must_use]
    pub fn is_short(&self) -> bool {
        let [.., last] = self.0;
        last & 1 == 1
    }

    fn of(sentence: &Sentence) -> Self {
        let [a, b, c, d, e, f, ..] = *sha256(sentence.text.as_bytes()).as_bytes();
        Self([a, b, c, d, e, (f & !1) | u8::from(sentence.is_short())])
    }
}

/// What a page says.
#[derive(Clone, Debug)]
pub struct Sentences {
    /// Who may know of the page.
    pub known: RuleId,
    /// What they are told: its title and description.
    pub head: Vec<Mark>,
    /// All the rest, by who may read it: its text, its footnotes, its own `extra`.
    pub body: BTreeMap<RuleId, Vec<Mark>>,
}

impl Plan {
    /// What a page says, and to whom.
    #[must_use]
    pub fn sentences(&self, page: PageId) -> Option<Sentences> {
        let page = self.site.page(page)?;
        let mut found: BTreeMap<RuleId, Vec<Mark>> = BTreeMap::new();
        let mut add = |rule: RuleId, html: &str| {
            if !self.book.rule(rule).is_nobody() {
                found.entry(rule).or_default().extend(marks(html));
            }
        };
        let kept = page.kept.open(&Pass::under(&self.book, page.kept.rule()));
        let mut strings = Vec::new();
        kept.into_iter().for_each(|kept| collect(&kept.extra, &mut strings));
        for text in strings {
            add(page.kept.rule(), &as_html(text));
        }
        for gated in page.body.pieces.iter().chain(&page.body.notes) {
            let piece = gated.open(&Pass::under(&self.book, gated.rule()));
            piece.into_iter().for_each(|piece| add(gated.rule(), &piece.html));
        }
        let head = [&page.open.title, &page.open.description].into_iter().flat_map(|text| marks(&as_html(text)));
        Some(Sentences { known: page.access.known, head: head.collect(), body: found })
    }
}

fn marks(html: &str) -> Vec<Mark> {
    cut(html).iter().map(Mark::of).collect()
}

fn collect<'a>(value: &'a serde_json::Value, found: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::String(text) => found.push(text),
        serde_json::Value::Array(values) => values.iter().for_each(|value| collect(value, found)),
        serde_json::Value::Object(map) => map.values().for_each(|value| collect(value, found)),
        serde_json::Value::Null | serde_json::Value::Bool(_) | serde_json::Value::Number(_) => {}
    }
}

/// Plain text as it would stand in a body.
fn as_html(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A sentence: text and inline tags, white space made one blank.
#[derive(Default)]
struct Sentence {
    text: String,
    words: usize,
    bytes: usize,
    /// Whether there is a letter, a digit or an address in it.
    says: bool,
}

impl Sentence {
    fn is_short(&self) -> bool {
        self.words < SHORT_WORDS && self.bytes < SHORT_BYTES
    }
}

/// Cuts HTML into sentences. Which block element they stand in does not matter: a paragraph may become an item.
fn cut(html: &str) -> Vec<Sentence> {
    let mut cutter = Cutter::default();
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        let (text, tag) = rest.split_at(start);
        cutter.text(text);
        let (tag, after) = tag.split_at(tag_end(tag));
        cutter.tag(tag);
        rest = after;
    }
    cutter.text(rest);
    cutter.end_sentence();
    cutter.found
}

/// Where a tag ends: a `>` in a quoted attribute is none.
fn tag_end(tag: &str) -> usize {
    let mut quote = None;
    for (at, c) in tag.char_indices() {
        match (quote, c) {
            (None, '>') => return at + 1,
            (None, '"' | '\'') => quote = Some(c),
            (Some(open), c) if c == open => quote = None,
            (None | Some(_), _) => {}
        }
    }
    tag.len()
}

#[derive(Default)]
struct Cutter {
    found: Vec<Sentence>,
    at: Sentence,
    preformatted: bool,
    /// Whether a blank comes before what comes next.
    blank: bool,
    /// Whether a blank would end the sentence.
    ended: bool,
}

impl Cutter {
    fn tag(&mut self, tag: &str) {
        let name = tag.trim_start_matches(['<', '/']);
        let name: String =
            name.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if matches!(name.as_str(), "td" | "th") {
            self.blank = true;
        } else if BLOCKS.contains(&name.as_str()) {
            self.end_sentence();
            if name == "pre" {
                self.preformatted = !tag.starts_with("</");
            }
        } else if !self.preformatted || name != "code" {
            self.put_blank();
            self.at.text.push_str(tag);
            // What shows something by its address is a sentence by itself.
            if tag.contains('=') {
                self.at.bytes += tag.len();
                self.at.says = true;
            }
        }
    }

    fn text(&mut self, text: &str) {
        for c in text.chars() {
            if c.is_whitespace() {
                self.blank = true;
                if self.ended || (self.preformatted && c == '\n') {
                    self.end_sentence();
                }
                continue;
            }
            self.put_blank();
            self.at.text.push(c);
            self.at.bytes += c.len_utf8();
            self.at.says |= c.is_alphanumeric();
            let closes = matches!(c, '"' | '\'' | '”' | '’' | '»' | ')');
            self.ended = matches!(c, '.' | '!' | '?' | '…') || (self.ended && closes);
            // Where no blanks are written, the stop is the end.
            if matches!(c, '。' | '！' | '？') {
                self.end_sentence();
            }
        }
    }

    /// A blank between what was and what comes: a word is done.
    fn put_blank(&mut self) {
        if std::mem::take(&mut self.blank) && !self.at.text.is_empty() {
            self.at.text.push(' ');
            self.at.words += 1;
        }
    }

    fn end_sentence(&mut self) {
        (self.blank, self.ended) = (false, false);
        let sentence = std::mem::take(&mut self.at);
        if sentence.says {
            self.found.push(Sentence { words: sentence.words + 1, ..sentence });
        }
    }
}

/// Elements that end what was said before them.
const BLOCKS: [&str; 40] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "colgroup",
    "dd",
    "details",
    "dialog",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hr",
    "li",
    "main",
    "nav",
    "ol",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "thead",
    "tr",
    "ul",
];

#[cfg(test)]
mod tests {
    use super::cut;

    fn texts(html: &str) -> Vec<String> {
        cut(html).into_iter().map(|sentence| sentence.text).collect()
    }

    #[test]
    fn sentences_are_the_same_in_whatever_element_they_stand() {
        let first = "The first sentence has five words.";
        let second = "So does the second one, nearly.";
        let all = vec![first.to_owned(), second.to_owned()];
        assert_eq!(texts(&format!("<p>{first} {second}</p>\n")), all);
        assert_eq!(texts(&format!("<p>{first}\n{second}</p>\n")), all);
        assert_eq!(texts(&format!("<ul>\n<li>{first}</li>\n<li>\n<p>{second}</p>\n</li>\n</ul>\n")), all);
        assert_eq!(texts(&format!("<blockquote>\n<p>{first}</p>\n</blockquote><h2 id=\"x\">{second}</h2>")), all);
    }

    #[test]
    fn what_ends_a_sentence() {
        assert_eq!(
            texts("<p>Open (all of it.) <em>Yes.</em> No</p><h2>Summary</h2>"),
            ["Open (all of it.)", "<em>Yes.</em>", "No", "Summary"]
        );
        assert_eq!(texts("<p>Version 1.2 is “it.” Or v2?!</p>"), ["Version 1.2 is “it.”", "Or v2?!"]);
        assert_eq!(texts("<p>第一句。第二句。</p>"), ["第一句。", "第二句。"]);
        assert_eq!(texts("<table><tr><td>a</td><td>5</td></tr>\n<tr><td>b</td></tr></table>"), ["a 5", "b"]);
        assert_eq!(texts("<pre><code>let a = 1;\n\nlet b = 2;\n</code></pre>"), ["let a = 1;", "let b = 2;"]);
        assert_eq!(texts("<p>—</p>"), Vec::<String>::new());
        assert_eq!(texts("<p><img src=\"/a.png\" alt=\"x > y\" /></p>"), ["<img src=\"/a.png\" alt=\"x > y\" />"]);
    }

    #[test]
    fn marks_say_what_is_short() {
        let marks: Vec<bool> =
            ["Summary", "这是一个很长的句子。", "Four words are long", "<img src=\"/sheet-of-answers.png\">"]
                .iter()
                .flat_map(|html| super::marks(html))
                .map(|mark| mark.is_short())
                .collect();
        assert_eq!(marks, [true, false, false, false]);
    }
}
