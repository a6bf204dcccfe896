//! The text of a new page: the site's own archetype, else ours, with its placeholders filled.
//!
//! What is filled into front matter is quoted as the place needs it, so that no title can end a value or add a key.

use std::path::Path;
use std::sync::Arc;

use tierpress::diagnostic::{self, Diagnostic, Source};
use tierpress::fs;
use tierpress::load::frame::{self, Format};

use super::{Kind, Made};

/// The text, and the archetype's file where the site has one.
pub(super) fn text(root: &Path, made: &Made<'_>) -> Result<(String, Option<String>), Box<Diagnostic>> {
    for name in [made.kind.word(), "default"] {
        let file = format!("archetypes/{name}.md");
        let path = root.join(&file);
        let disk = |fault: fs::Error| Box::new(Diagnostic::setup(fault.to_string()));
        if fs::exists(&path).map_err(disk)? {
            let text = fs::read_text(&path).map_err(disk)?;
            return Ok((fill(&text, &file, made)?, Some(file)));
        }
    }
    Ok((fill(&ours(made), "archetype", made)?, None))
}

fn ours(made: &Made<'_>) -> String {
    let own = "---\ntitle: {{ title }}\ndescription:\ndraft: true\n";
    if made.kind != Kind::Course {
        return format!("{own}---\n\n");
    }
    let sold = made.config.catalogue.bundles().iter().find(|bundle| bundle.id.as_str() == made.slug);
    let access = match sold {
        Some(bundle) => format!("access: public\ncascade:\n  access: {}\n", bundle.id),
        None => "# Who reads the lessons: a tier or a bundle of site.yaml. This page itself can stay open:\n\
                 # access: public\n# cascade:\n#   access: a-tier-or-bundle\n"
            .to_owned(),
    };
    format!("{own}{access}---\n\n")
}

/// What stands around a placeholder in front matter.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Body,
    Yaml,
    Toml,
}

fn fill(text: &str, file: &str, made: &Made<'_>) -> Result<String, Box<Diagnostic>> {
    let (end, inside) = match frame::part(text) {
        Ok(frame) => match frame.front_matter {
            Some((Format::Yaml, _)) => (frame.body.start, Place::Yaml),
            Some((Format::Toml, _)) => (frame.body.start, Place::Toml),
            None => (0, Place::Body),
        },
        // Whatever is wrong with it is said when the whole is read.
        Err(_) => (0, Place::Body),
    };
    let mut filled = String::new();
    let mut at = 0;
    while let Some(start) = text.get(at..).and_then(|rest| rest.find("{{")).map(|found| at + found) {
        let Some(stop) = text.get(start..).and_then(|rest| rest.find("}}")).map(|found| start + found + 2) else {
            break;
        };
        filled.push_str(text.get(at..start).unwrap_or_default());
        let written = text.get(start..stop).unwrap_or_default();
        let word = written.trim_start_matches(['{', '-']).trim_end_matches(['}', '-']).trim();
        let place = if start < end { inside } else { Place::Body };
        match value(word, made) {
            Some(value) => {
                let before = text.get(..start).and_then(|before| before.chars().next_back());
                filled.push_str(&quoted(&value, (place, before, word)));
            }
            // A shortcode, or a tag of Liquid: text.
            None if word.starts_with(['<', '%', '/', '#']) || word.contains('(') => filled.push_str(written),
            None => {
                let file: Arc<str> = file.into();
                let place = Source { file: &file, text }.locate(start..stop);
                let fault = Diagnostic::setup(format!("unknown placeholder `{written}`")).at(place);
                let near = diagnostic::nearest(word, NAMES).map(|near| format!("did you mean `{{{{ {near} }}}}`?"));
                return Err(Box::new(fault.help(near.unwrap_or_else(|| {
                    "there are `{{ title }}`, `{{ date }}`, `{{ slug }}` and `{{ number }}`".to_owned()
                }))));
            }
        }
        at = stop;
    }
    filled.push_str(text.get(at..).unwrap_or_default());
    Ok(filled)
}

const NAMES: [&str; 4] = ["title", "date", "slug", "number"];

/// A placeholder's value: by our words, and by those that archetypes of Hugo have.
fn value(word: &str, made: &Made<'_>) -> Option<String> {
    match word {
        "title" | ".Title" => Some(made.title.to_owned()),
        "date" | ".Date" => Some(made.date.to_string()),
        "slug" | ".Name" => Some(made.slug.to_owned()),
        "number" => Some(made.number.to_string()),
        _ if word.contains(".Name") || word.contains(".File.ContentBaseName") => Some(made.title.to_owned()),
        _ => None,
    }
}

/// A value as it has to be written there; in quotes that stand there already, only escaped.
fn quoted(value: &str, (place, before, word): (Place, Option<char>, &str)) -> String {
    let escaped = || {
        let json = serde_json::Value::String(value.to_owned()).to_string();
        json.strip_prefix('"').and_then(|json| json.strip_suffix('"')).unwrap_or_default().to_owned()
    };
    let is_text = word == "title" || word.contains('.');
    match (place, before) {
        (Place::Body, _) => value.to_owned(),
        (_, Some('"')) => escaped(),
        (Place::Yaml, Some('\'')) => value.replace('\'', "''"),
        // A literal of TOML has no escape.
        (Place::Toml, Some('\'')) => value.replace('\'', "’"),
        (Place::Toml, _) if is_text || word == "slug" => format!("\"{}\"", escaped()),
        (Place::Yaml, _) if is_text && !is_plain(value) => format!("\"{}\"", escaped()),
        (Place::Yaml | Place::Toml, _) => value.to_owned(),
    }
}

/// Whether YAML takes it for text as it stands: words that begin with a letter, and no word that means something else.
fn is_plain(value: &str) -> bool {
    let mut letters = value.chars();
    let words = ["true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf"];
    letters.next().is_some_and(char::is_alphabetic)
        && letters
            .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_' | '.' | ',' | '?' | '!' | '’' | '(' | ')'))
        && !words.contains(&value.to_lowercase().as_str())
}
