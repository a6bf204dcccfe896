//! Comma-separated values (RFC 4180) that a spreadsheet takes for text: no title that somebody wrote becomes a formula.

/// One record, with the end of its line.
pub fn record<'a>(fields: impl Iterator<Item = &'a str>) -> String {
    fields.map(field).collect::<Vec<_>>().join(",") + "\r\n"
}

fn field(text: &str) -> String {
    // Spreadsheets work out what begins like this, and leave what an apostrophe stands before as it is.
    let is_formula = text.trim_start_matches(' ').starts_with(['=', '+', '-', '@', '\t', '\r']);
    let text = if is_formula { format!("'{text}") } else { text.to_owned() };
    if text.contains(['"', ',', '\n', '\r', '\t']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_field_is_a_formula_and_none_ends_another() {
        for (text, expected) in [
            ("plain", "plain"),
            ("", ""),
            ("a, b", "\"a, b\""),
            ("say \"x\"", "\"say \"\"x\"\"\""),
            ("two\nlines", "\"two\nlines\""),
            ("=1+1", "'=1+1"),
            ("=HYPERLINK(\"http://x\",\"y\")", "\"'=HYPERLINK(\"\"http://x\"\",\"\"y\"\")\""),
            ("+pro", "'+pro"),
            ("-5 degrees", "'-5 degrees"),
            ("@here", "'@here"),
            ("\t=1", "\"'\t=1\""),
            ("\r=1", "\"'\r=1\""),
            ("  =1", "'  =1"),
            ("a=b", "a=b"),
            ("2026-12-01", "2026-12-01"),
        ] {
            assert_eq!(field(text), expected, "{text:?}");
        }
        assert_eq!(record(["a", "=b", "c,d"].into_iter()), "a,'=b,\"c,d\"\r\n");
    }
}
