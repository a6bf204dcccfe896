//! Table cells say how they are aligned by a class, not by a `style` attribute: a `Content-Security-Policy` that forbids
//! inline style, as edges send it, would take the alignment away.

#![expect(clippy::wildcard_enum_match_arm, reason = "a Markdown parser has many events, and most pass through")]

use pulldown_cmark::{Alignment, Event, Tag, TagEnd};

/// Events with the cells of their tables written out.
pub(super) fn with_classes<'a>(events: impl Iterator<Item = Event<'a>>) -> impl Iterator<Item = Event<'a>> {
    let mut alignments = Vec::new();
    let (mut column, mut element) = (0, "td");
    events.map(move |event| match event {
        Event::Start(Tag::Table(columns)) => {
            alignments = columns;
            Event::Start(Tag::Table(Vec::new()))
        }
        Event::Start(row @ (Tag::TableHead | Tag::TableRow)) => {
            column = 0;
            element = if row == Tag::TableHead { "th" } else { "td" };
            Event::Start(row)
        }
        Event::Start(Tag::TableCell) => match alignments.get(column).copied().and_then(class) {
            // Only the tag that opens the cell: its end is written by whoever writes the row.
            Some(class) => Event::InlineHtml(format!("<{element} class=\"{class}\">").into()),
            None => Event::Start(Tag::TableCell),
        },
        Event::End(TagEnd::TableCell) => {
            column += 1;
            Event::End(TagEnd::TableCell)
        }
        other => other,
    })
}

fn class(alignment: Alignment) -> Option<&'static str> {
    match alignment {
        Alignment::None => None,
        Alignment::Left => Some("tp-left"),
        Alignment::Center => Some("tp-center"),
        Alignment::Right => Some("tp-right"),
    }
}

#[cfg(test)]
mod tests {
    use pulldown_cmark::{Options, Parser, html};

    fn written(markdown: &str) -> String {
        let mut text = String::new();
        html::push_html(&mut text, super::with_classes(Parser::new_ext(markdown, Options::ENABLE_TABLES)));
        text
    }

    #[test]
    fn cells_have_classes_and_no_style() {
        let text = written("> |a|b|c|d|\n> |-|:-|:-:|-:|\n> |1|*2*|3|4|\n> |5|\n\n|x|\n|-:|\n|y|\n");
        assert!(!text.contains("style"), "{text}");
        for wanted in [
            "<th>a</th><th class=\"tp-left\">b</th><th class=\"tp-center\">c</th><th class=\"tp-right\">d</th>",
            "<td>1</td><td class=\"tp-left\"><em>2</em></td><td class=\"tp-center\">3</td><td class=\"tp-right\">4</td>",
            "<td>5</td><td class=\"tp-left\"></td>",
            "<th class=\"tp-right\">x</th>",
            "<td class=\"tp-right\">y</td>",
        ] {
            assert!(text.contains(wanted), "{wanted} in {text}");
        }
    }
}
