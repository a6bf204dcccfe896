//! What pages say, sentence by sentence, as hashes: for those who compare two builds and must not read either.
//!
//! A gate can be moved over a text, or a text out of its gate, without any rule of the page becoming another. Only the
//! text itself tells then. It stays here: what comes out are [`Mark`]s, each with the rule that its sentence is under.

use std::borrow::Cow;
use std::collections::BTreeMap;

use crate::access::gated::{Pass, RuleId};
use crate::digest::sha256;
use crate::plan::Plan;
use crate::site::PageId;

/// A sentence, a heading, a line of code, a row of a table or a cell of it as 47 bits of its hash, and whether it is short. That is
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
    /// What they are told: its title and description, its tags, its image.
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
        for text in kept.into_iter().flat_map(|kept| strings(&kept.extra)) {
            add(page.kept.rule(), &as_html(text));
        }
        for gated in page.body.pieces.iter().chain(&page.body.notes) {
            let piece = gated.open(&Pass::under(&self.book, gated.rule()));
            piece.into_iter().for_each(|piece| add(gated.rule(), &piece.html));
        }
        let open = &page.open;
        let texts = [&open.title, &open.description].into_iter().chain(&open.tags).chain(&open.categories);
        let image = open.image.iter().map(|url| format!("<img src=\"{}\">", as_html(url).replace('"', "&quot;")));
        let head = texts.map(|text| as_html(text)).chain(image).flat_map(|html| marks(&html));
        Some(Sentences { known: page.access.known, head: head.collect(), body: found })
    }

    /// What site.yaml says to everybody: title, description and keys of the writer's own.
    #[must_use]
    pub fn sentences_of_site(&self) -> Sentences {
        let config = &self.site.config;
        let head = [&config.title, &config.description].into_iter().flat_map(|text| marks(&as_html(text))).collect();
        let extra = config.extra.values().flat_map(strings).flat_map(|text| marks(&as_html(text))).collect();
        Sentences { known: RuleId::PUBLIC, head, body: BTreeMap::from([(RuleId::PUBLIC, extra)]) }
    }
}

fn marks(html: &str) -> Vec<Mark> {
    cut(html).iter().map(Mark::of).collect()
}

fn strings(value: &serde_json::Value) -> Vec<&str> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found
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

/// A sentence: its words in small letters, one blank between two. Punctuation and markup are no part of it, so that it
/// stays what it is when it is emphasised, linked, begun with a capital or left without its stop.
#[derive(Clone, Default)]
struct Sentence {
    text: String,
    words: usize,
    /// Whether two of them may be alike by chance, however long they are.
    common: bool,
}

impl Sentence {
    fn is_short(&self) -> bool {
        self.common || (self.words < SHORT_WORDS && self.text.len() < SHORT_BYTES)
    }

    /// Puts another one behind it.
    fn append(&mut self, other: &Self) {
        if !self.text.is_empty() {
            self.text.push(' ');
        }
        self.text.push_str(&other.text);
        self.words += other.words;
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
    cutter.end_row();
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

/// The attributes of a tag that have values.
fn attributes(tag: &str) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    let mut rest = tag;
    while let Some((before, after)) = rest.split_once('=') {
        let name = before.trim_end().rsplit(|c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '/')).next();
        let after = after.trim_start();
        let quoted = ['"', '\''].iter().find_map(|quote| after.strip_prefix(*quote)?.split_once(*quote));
        let bare = || after.split_once(|c: char| c.is_whitespace() || c == '>');
        let (value, after) = quoted.or_else(bare).unwrap_or((after, ""));
        found.extend(name.map(|name| (name.to_ascii_lowercase(), value)));
        rest = after;
    }
    found
}

#[derive(Default)]
struct Cutter {
    found: Vec<Sentence>,
    at: Sentence,
    /// What the row of a table says, and in how many sentences, while one is open.
    row: Option<(Sentence, usize)>,
    preformatted: bool,
    /// Whether a word begins with what comes next.
    apart: bool,
    /// Whether a blank would end the sentence.
    ended: bool,
}

impl Cutter {
    fn tag(&mut self, tag: &str) {
        let closes = tag.starts_with("</");
        let name = tag.trim_start_matches(['<', '/']);
        let name: String =
            name.chars().take_while(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
        if BLOCKS.contains(&name.as_str()) {
            self.end_sentence();
            match name.as_str() {
                "pre" => self.preformatted = !closes,
                "tr" | "table" => {
                    self.end_row();
                    self.row = Some((Sentence::default(), 0)).filter(|_| name == "tr" && !closes);
                }
                _ => {}
            }
        } else if matches!(name.as_str(), "br" | "img") {
            self.blank();
        }
        if !closes {
            self.shown(tag);
        }
    }

    /// What a tag shows by its attributes is said by itself.
    fn shown(&mut self, tag: &str) {
        for (name, value) in attributes(tag) {
            match name.as_str() {
                "alt" | "title" | "aria-label" | "placeholder" => self.found.extend(cut(value)),
                // Addresses of the site have gates of their own.
                "href" if !value.contains("://") => {}
                "src" | "href" | "data" | "poster" => {
                    // Many pages link to one place.
                    let common = name == "href";
                    self.found.push(Sentence { text: format!("<{name} {value}"), words: 1, common });
                }
                _ => {}
            }
        }
    }

    fn text(&mut self, text: &str) {
        let text = unescaped(text);
        for c in text.chars() {
            match c {
                c if c.is_whitespace() => {
                    self.blank();
                    if self.preformatted && c == '\n' {
                        self.end_sentence();
                    }
                }
                // Where a line may be broken, and marks of order.
                '\u{ad}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {}
                c if c.is_alphanumeric() => self.letter(c),
                c => self.punctuation(c),
            }
        }
    }

    fn letter(&mut self, c: char) {
        if std::mem::take(&mut self.apart) && !self.at.text.is_empty() {
            self.at.text.push(' ');
            self.at.words += 1;
        }
        self.at.text.extend(c.to_lowercase());
        self.ended = false;
    }

    fn punctuation(&mut self, c: char) {
        self.apart = true;
        let closes = matches!(c, '"' | '\'' | '”' | '’' | '»' | ')');
        self.ended = matches!(c, '.' | '!' | '?' | '…') || (self.ended && closes);
        // Where no blanks are written, the stop is the end.
        if matches!(c, '。' | '！' | '？') {
            self.end_sentence();
        }
    }

    fn blank(&mut self) {
        self.apart = true;
        if self.ended {
            self.end_sentence();
        }
    }

    fn end_sentence(&mut self) {
        (self.apart, self.ended) = (false, false);
        let mut sentence = std::mem::take(&mut self.at);
        if sentence.text.is_empty() {
            return;
        }
        sentence.words += 1;
        let Some((row, parts)) = &mut self.row else {
            self.found.push(sentence);
            return;
        };
        row.append(&sentence);
        *parts += 1;
        // `yes` in a cell says nothing without its row.
        if !sentence.is_short() {
            self.found.push(sentence);
        }
    }

    fn end_row(&mut self) {
        if let Some((row, parts)) = self.row.take() {
            let said = parts == 1 && !row.is_short();
            self.found.extend(Some(row).filter(|row| !row.text.is_empty() && !said));
        }
    }
}

/// Text without the references that a renderer writes.
fn unescaped(text: &str) -> Cow<'_, str> {
    const WRITTEN: [(&str, &str); 6] =
        [("&quot;", "\""), ("&#39;", "'"), ("&#x27;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")];
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(WRITTEN.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to)))
}

/// Elements that end what was said before them.
const BLOCKS: [&str; 42] = [
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
    "td",
    "th",
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
        let all = vec!["the first sentence has five words", "so does the second one nearly"];
        assert_eq!(texts(&format!("<p>{first} {second}</p>\n")), all);
        assert_eq!(texts(&format!("<p>{first}\n{second}</p>\n")), all);
        assert_eq!(texts(&format!("<ul>\n<li>{first}</li>\n<li>\n<p>{second}</p>\n</li>\n</ul>\n")), all);
        assert_eq!(texts(&format!("<blockquote>\n<p>{first}</p>\n</blockquote><h2 id=\"x\">{second}</h2>")), all);
        let cells = texts(&format!("<table><tr><td>{first}</td><td>{second}</td></tr>"));
        assert_eq!(cells, [all[0].to_owned(), all[1].to_owned(), all.join(" ")]);
    }

    #[test]
    fn a_sentence_stays_what_it_is_however_it_is_written() {
        let said = ["the secret isn t here it s there"];
        for html in [
            "The secret isn't here: it's there.",
            "<strong>The <em>se</em>cret</strong> isn&#39;t here, it’s there!",
            "THE SECRET isn't <a href=\"/x/\" rel=\"a. b\">here</a><br />\nit's <code>there</code>",
            "“The se\u{ad}cret isn’t here – it’s there.”",
            "<span class=\"x\">The</span> secret isn't here (it's there)",
        ] {
            assert_eq!(texts(&format!("<p>{html}</p>")), said, "{html}");
        }
    }

    #[test]
    fn what_ends_a_sentence() {
        assert_eq!(
            texts("<p>Open (all of it.) <em>Yes.</em> No</p><h2>Summary</h2>"),
            ["open all of it", "yes", "no", "summary"]
        );
        assert_eq!(texts("<p>Version 1.2 is “it.” Or v2?!</p>"), ["version 1 2 is it", "or v2"]);
        assert_eq!(texts("<p>&quot;It is.&quot; One.<br />Two</p>"), ["it is", "one", "two"]);
        assert_eq!(texts("<p>第一句。第二句。</p>"), ["第一句", "第二句"]);
        assert_eq!(texts("<table><tr><td>a</td><td>5</td></tr>\n<tr><td>b</td></tr></table>"), ["a 5", "b"]);
        assert_eq!(texts("<pre><code>let a = 1;\n\nlet b = 2;\n</code></pre>"), ["let a 1", "let b 2"]);
        assert_eq!(texts("<p>—</p>"), Vec::<String>::new());
        assert_eq!(texts("<p><img src=\"/a.png\" alt=\"x > y\" /></p>"), ["<src /a.png", "x y"]);
        assert_eq!(texts("<p><a href=\"/x/\" title=\"Told. Here\">a</a></p>"), ["told", "here", "a"]);
        assert_eq!(texts("<p><input placeholder='Your word' aria-label=\"The word\"></p>"), ["your word", "the word"]);
        assert_eq!(texts("<iframe allow=x src='//v.example/?a=b'></iframe>"), ["<src //v.example/?a=b"]);
        assert_eq!(texts("<p><a href=\"https://a.example/\">There</a></p>"), ["<href https://a.example/", "there"]);
    }

    #[test]
    fn marks_say_what_is_short() {
        let marks: Vec<bool> = [
            "Summary",
            "这是一个很长的句子。",
            "Four words are long",
            "<img src=\"/sheet-of-answers.png\">",
            "<a href=\"https://all.example/of/us/link/to/this/place\"></a>",
        ]
        .iter()
        .flat_map(|html| super::marks(html))
        .map(|mark| mark.is_short())
        .collect();
        assert_eq!(marks, [true, false, false, false, true]);
    }
}
