//! Fills texts that lie beside the code: `{{name}}` stands for a value.
//!
//! It knows no language and quotes nothing: values are quoted before they come here.

/// The text with its values. A line that is nothing but names goes away where all of them are empty; a name without a
/// value stays as it is, which every proxy refuses.
pub(super) fn fill(template: &str, values: &[(&str, &str)]) -> String {
    let mut text = String::with_capacity(template.len());
    for line in template.lines() {
        let filled = fill_line(line, values);
        if filled.trim().is_empty() && !line.trim().is_empty() {
            continue;
        }
        // An empty line of a value has no indentation.
        filled.lines().for_each(|line| text.extend([line.trim_end(), "\n"]));
        if filled.is_empty() {
            text.push('\n');
        }
    }
    text
}

/// A value of several lines takes the indentation of its name.
fn fill_line(line: &str, values: &[(&str, &str)]) -> String {
    let indentation: String = line.chars().take_while(|c| matches!(c, ' ' | '\t')).collect();
    let mut filled = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("{{") {
        filled.push_str(before);
        let Some((name, after)) = after.split_once("}}") else {
            filled.push_str("{{");
            rest = after;
            continue;
        };
        match values.iter().find(|(known, _)| *known == name) {
            Some((_, value)) => filled.push_str(&value.trim_end().replace('\n', &format!("\n{indentation}"))),
            None => filled.push_str(&format!("{{{{{name}}}}}")),
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}
