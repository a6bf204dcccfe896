//! Pages as somebody looks at them: with the bar, or in place of one that cannot be shown.
//!
//! The bar is one element at the end of a page, a script; nothing else of the page is touched. The script gets its style
//! within itself, for the policy of the site forbids styles in a page.

use std::sync::LazyLock;

use hyper::body::Bytes;

use crate::diagnostic::Diagnostic;
use crate::digest::sha256_hex;
use crate::escape::push_escaped;

/// The style of pages that tell what is wrong.
pub(super) const STYLE: &str = include_str!("page.css");

/// What a page knows of itself, for its bar.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Marks {
    /// The state of the site that it shows.
    pub(super) state: String,
    /// The reader that it is shown to.
    pub(super) reader: String,
}

impl Marks {
    fn element(&self) -> String {
        let mut html = format!("<script src=\"{}\" defer data-state=\"", *SCRIPT_ADDRESS);
        push_escaped(&mut html, &self.state);
        html.push_str("\" data-as=\"");
        push_escaped(&mut html, &self.reader);
        html.push_str("\"></script>");
        html
    }
}

/// Where the script is: another one has another address.
static SCRIPT_ADDRESS: LazyLock<String> = LazyLock::new(|| {
    let hash: String = sha256_hex(&script()).chars().take(16).collect();
    format!("/_tierpress/serve/bar.js?{hash}")
});

/// Whether a target is the address of the script as it is now.
pub(super) fn is_script(target: &[u8]) -> bool {
    target == SCRIPT_ADDRESS.as_bytes()
}

/// The script of the bar, with its style in it.
pub(super) fn script() -> Bytes {
    static SCRIPT: LazyLock<Bytes> = LazyLock::new(|| {
        let style = serde_json::Value::from(include_str!("bar.css"));
        format!("(() => {{\nconst STYLE = {style};\n{}}})();\n", include_str!("bar.js")).into()
    });
    SCRIPT.clone()
}

/// A page with the bar: before the end of its body, or at its own.
pub(super) fn with_bar(html: &[u8], marks: &Marks) -> Vec<u8> {
    let end = b"</body>";
    let at = html.windows(end.len()).rposition(|part| part.eq_ignore_ascii_case(end)).unwrap_or(html.len());
    let (before, after) = html.split_at(at);
    [before, marks.element().as_bytes(), after].concat()
}

/// A page that tells what is wrong: its status, its title, and the faults.
pub(super) fn faulty((status, title, faults): (u16, &str, &[Diagnostic]), marks: &Marks) -> String {
    let mut html = "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>"
        .to_owned();
    push_escaped(&mut html, title);
    html.push_str(
        "</title>\n<link rel=\"stylesheet\" href=\"/_tierpress/serve/page.css\">\n</head>\n<body>\n<main>\n<h1>",
    );
    push_escaped(&mut html, title);
    html.push_str("</h1>\n");
    for fault in faults {
        html.push_str("<pre>");
        push_escaped(&mut html, &fault.to_string());
        html.push_str("</pre>\n");
    }
    if matches!(status, 500 | 503) {
        html.push_str("<p>The page shows itself as soon as this is mended.</p>\n");
    }
    html.push_str("</main>\n");
    html.push_str(&marks.element());
    html.push_str("\n</body>\n</html>\n");
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bar_stands_at_the_end_of_the_body() {
        let marks = Marks { state: "1-2".to_owned(), reader: "basic+\"x".to_owned() };
        let bar = marks.element();
        let (before, after) = bar.split_once(&*SCRIPT_ADDRESS).unwrap();
        assert_eq!(before, "<script src=\"");
        assert_eq!(after, "\" defer data-state=\"1-2\" data-as=\"basic+&quot;x\"></script>");
        assert!(is_script(SCRIPT_ADDRESS.as_bytes()) && !is_script(b"/_tierpress/serve/bar.js"));
        for (html, expected) in [
            ("<p>a</body></html>", format!("<p>a{bar}</body></html>")),
            ("<pre></body></pre></BODY >x</BoDy>\n", format!("<pre></body></pre></BODY >x{bar}</BoDy>\n")),
            ("<p>a", format!("<p>a{bar}")),
            ("", bar.clone()),
        ] {
            assert_eq!(String::from_utf8(with_bar(html.as_bytes(), &marks)).unwrap(), expected);
        }
    }

    #[test]
    fn nothing_in_a_fault_is_taken_for_a_tag() {
        let fault = Diagnostic::error("unknown tag `</pre><script>alert(1)</script>`");
        let page = faulty((500, "<b>", &[fault]), &Marks { state: String::new(), reader: String::new() });
        assert!(page.contains("unknown tag `&lt;/pre&gt;&lt;script&gt;alert(1)&lt;/script&gt;`"), "{page}");
        assert!(!page.contains("<b>") && page.matches("<script").count() == 1, "{page}");
    }
}
