//! Types a drawn site into files, with a theme that prints all that templates are given, between marks.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::school::{Drip, Item, Keys, Kind, School, Showing, Tag, Teaser, spelt};

const ENTRY: &str = "@[{{ entry.url }}@|{{ entry.title }} {{ entry.description }} {% for tag in entry.tags %}{{ tag.title }} \
{% endfor %}@|{% if entry.summary %}{{ entry.summary }}{% endif %}@|{% if entry.lock %}locked {{ entry.lock.keys }}{% endif %}@]";

const PAGE: &str = r#"@@form {{ page.form }}
@@title {{ page.title }}
@@description {{ page.description }}
@@image {% if page.image %}{{ page.image }}{% endif %}
@@tags {% for tag in page.tags %}{{ tag.title }} {% endfor %}
@@extra {{ page.extra | json }}
@@count {{ page.word_count }} {{ page.reading_time }}
@@toc {% for heading in page.toc %}{{ heading.title }} {{ heading.id }} {% for below in heading.children %}{{ below.title }} {% endfor %}{% endfor %}
@@content {{ page.content }}
@@section {% if section %}{{ section.title }} {{ section.url }}{% endif %}
@@ancestors {% for each in ancestors %}{{ each.title }} {{ each.url }} {% endfor %}
@@previous {% if previous %}{{ previous.title }} {{ previous.url }}{% endif %}
@@next {% if next %}{{ next.title }} {{ next.url }}{% endif %}
@@siblings {% for entry in siblings %}{% include "entry.html" %}{% endfor %}
@@entries {% for entry in entries %}{% include "entry.html" %}{% endfor %}
@@named {% for each in named %}{{ each.link.title }} {{ each.link.url }} {{ each.description }} {% for entry in each.entries %}{% include "entry.html" %}{% endfor %}{% endfor %}
@@alltags {% for tag in tags %}{{ tag.title }} {% endfor %}
@@menu {% for each in site.menu %}{{ each.title }} {{ each.url }} {% endfor %}
@@unlock {% for each in unlock %}{{ each }} {% endfor %}
"#;

/// Writes the site below `root`.
pub(crate) fn write(school: &School, root: &Path) {
    let put = |path: &str, text: &str| {
        let path = root.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    put("site.yaml", &site(school));
    put("themes/probe/templates/entry.html", ENTRY);
    put("themes/probe/templates/page.html", PAGE);
    put("themes/probe/templates/section.html", PAGE);
    put("themes/probe/theme.yaml", &theme(school));
    for (number, page) in school.pages.iter().enumerate() {
        let folder = folder_path(school, page.folder);
        let name = format!("{:02}-{}", page.number, spelt(page.slug));
        let path = match page.kind {
            Kind::Index => format!("{folder}/_index.md"),
            Kind::Leaf => format!("{folder}/{name}.md"),
            Kind::Own => format!("{folder}/{name}/index.md"),
        };
        put(&path, &markdown(school, number));
    }
    for file in &school.files {
        let mut folder = folder_path(school, file.folder);
        if let Some(own) = file.own {
            let page = &school.pages[own];
            write!(folder, "/{:02}-{}", page.number, spelt(page.slug)).unwrap();
        }
        put(&format!("{folder}/{}", file.name), &format!("the bytes {}", spelt(file.word)));
    }
}

fn theme(school: &School) -> String {
    let named = &school.folders[school.named];
    let mut path = folder_path(school, school.named);
    path.replace_range(.."content".len(), "");
    let sections =
        if named.parent.is_none() { String::new() } else { format!(", sections: [{}]", path.trim_matches('/')) };
    let lists = "lists: [entries, ancestors, siblings, previous_next, tags]";
    format!("name: Probe\ntemplates:\n  page.html: {{{lists}{sections}}}\n  section.html: {{{lists}{sections}}}\n")
}

fn folder_path(school: &School, folder: usize) -> String {
    let written = &school.folders[folder];
    match written.parent {
        None => "content".to_owned(),
        Some(parent) => format!("{}/{:02}-{}", folder_path(school, parent), written.number, spelt(written.slug)),
    }
}

fn site(school: &School) -> String {
    let mut text = "title: Probe\nbase_url: https://probe.example\nlanguage: en\ntimezone: UTC\ntheme: probe\n\
                    release_horizon: 30d\naccess:\n"
        .to_owned();
    let mut line = |words: String| text.extend([words.as_str(), "\n"]);
    line(format!("  default: {}", tags(&school.default)));
    if school.keep {
        line("  cancellation: keep-unlocked".to_owned());
    }
    let also = |control: &super::school::Control| {
        control.also.as_ref().map(|id| format!(", also: [{id}]")).unwrap_or_default()
    };
    if !school.tiers.is_empty() {
        line("  tiers:".to_owned());
        for (rank, tier) in school.tiers.iter().enumerate() {
            let free = if rank == 0 { ", free: true" } else { "" };
            let bundles: Vec<&str> = tier.includes.iter().map(|bundle| school.bundles[*bundle].id.as_str()).collect();
            let includes =
                if bundles.is_empty() { String::new() } else { format!(", includes: [{}]", bundles.join(", ")) };
            line(format!("    - {{id: {}, title: A tier{free}{}{includes}}}", tier.id, also(tier)));
        }
    }
    if !school.bundles.is_empty() {
        line("  bundles:".to_owned());
        for bundle in &school.bundles {
            line(format!("    - {{id: {}, title: A bundle{}}}", bundle.id, also(bundle)));
        }
    }
    if !school.tiers.is_empty() && !school.bundles.is_empty() {
        line(format!("  default_tier: {}", school.tiers[0].id));
    }
    text
}

/// An instant as it is typed.
pub(crate) fn instant(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap().to_string()
}

fn tag(tag: &Tag) -> String {
    let names: Vec<&str> = tag.names.iter().map(|name| name.written.as_str()).collect();
    let mut text = format!("{}{}", if tag.plus { "+" } else { "" }, names.join("+"));
    if tag.joining {
        text.push_str(" since joining");
    }
    for (word, bound) in [("from", tag.from), ("until", tag.until)] {
        if let Some(bound) = bound {
            write!(text, " {word} {}", instant(bound)).unwrap();
        }
    }
    text
}

fn tags(list: &[Tag]) -> String {
    let list: Vec<String> = list.iter().map(|each| format!("\"{}\"", tag(each))).collect();
    format!("[{}]", list.join(", "))
}

fn keys(text: &mut String, indent: &str, keys: &Keys) {
    let Keys { access, drip, release, until, hidden, announce, teaser, draft } = keys;
    let mut line = |key: &str, value: String| writeln!(text, "{indent}{key}: {value}").unwrap();
    let hours = |seconds: &i64| format!("{}h", seconds / 3_600);
    let bound = |bound: &Option<i64>| bound.map_or("none".to_owned(), instant);
    if let Some(access) = access {
        line("access", tags(access));
    }
    match drip {
        None => {}
        Some(Drip::None) => line("drip", "none".to_owned()),
        Some(Drip::All(length)) => line("drip", hours(length)),
        Some(Drip::Every(length)) => line("drip", format!("every {}", hours(length))),
        Some(Drip::Named(named)) => {
            let named: Vec<_> =
                named.iter().map(|(name, length)| format!("{}: {}", name.written, hours(length))).collect();
            line("drip", format!("{{{}}}", named.join(", ")));
        }
    }
    release.iter().for_each(|date| line("release", bound(date)));
    until.iter().for_each(|date| line("until", bound(date)));
    hidden.iter().for_each(|value| line("hidden", value.to_string()));
    announce.iter().for_each(|value| line("announce", value.to_string()));
    draft.iter().for_each(|value| line("draft", value.to_string()));
    match teaser {
        None => {}
        Some(Teaser::Nobody) => line("teaser", "none".to_owned()),
        Some(Teaser::Tags(list)) => line("teaser", tags(list)),
    }
}

fn markdown(school: &School, number: usize) -> String {
    let page = &school.pages[number];
    let mut text = "---\nlanguage: en\n".to_owned();
    page.title.iter().for_each(|word| writeln!(text, "title: {}", spelt(*word)).unwrap());
    page.description.iter().for_each(|word| writeln!(text, "description: {}", spelt(*word)).unwrap());
    page.date.iter().for_each(|date| writeln!(text, "date: {}", instant(*date)).unwrap());
    page.alias.iter().for_each(|alias| writeln!(text, "aliases: [{alias}]").unwrap());
    if !page.tags.is_empty() {
        let words: Vec<String> = page.tags.iter().map(|word| spelt(*word)).collect();
        writeln!(text, "tags: [{}]", words.join(", ")).unwrap();
    }
    page.image.iter().for_each(|file| writeln!(text, "image: {}", school.file_url(*file)).unwrap());
    page.extra.iter().for_each(|word| writeln!(text, "motto: {}", spelt(*word)).unwrap());
    page.extra_file.iter().for_each(|file| writeln!(text, "handout: {}", school.file_url(*file)).unwrap());
    keys(&mut text, "", &page.keys);
    let mut cascade = String::new();
    keys(&mut cascade, "  ", &page.cascade);
    if !cascade.is_empty() {
        write!(text, "cascade:\n{cascade}").unwrap();
    }
    for (position, (name, list)) in page.files.iter().enumerate() {
        let key = if position == 0 { "files:\n" } else { "" };
        writeln!(text, "{key}  \"{name}\": {}", tags(list)).unwrap();
    }
    text.push_str("---\n\n");
    let mut late = String::new();
    for (position, item) in page.body.iter().enumerate() {
        if page.divider == Some(position) {
            text.push_str("<!-- more -->\n\n");
        }
        write_item(school, item, (&mut text, &mut late));
    }
    if page.divider == Some(page.body.len()) {
        text.push_str("<!-- more -->\n\n");
    }
    text + &late
}

fn write_item(school: &School, item: &Item, (text, late): (&mut String, &mut String)) {
    match item {
        Item::Text(word) => writeln!(text, "Text {}.\n", spelt(*word)).unwrap(),
        Item::Heading(word) => writeln!(text, "## {}\n", spelt(*word)).unwrap(),
        Item::Note { text: word, note, late: is_late } => {
            writeln!(text, "Text {0}[^{1}].\n", spelt(*word), spelt(*note)).unwrap();
            let at = if *is_late { late } else { text };
            writeln!(at, "[^{0}]: Note {0}.\n", spelt(*note)).unwrap();
        }
        Item::File { word, file, how } => {
            let (word, url, name) = (spelt(*word), school.file_url(*file), &school.files[*file].name);
            match how {
                Showing::Image => writeln!(text, "See ![{word}]({url}).\n"),
                Showing::Video => writeln!(text, "<div><video src=\"{url}\"></video> {word}</div>\n"),
                Showing::Link => writeln!(text, "See [{word}]({url}).\n"),
                Showing::RawLink => writeln!(text, "See <a href=\"{url}\">{word}</a>.\n"),
                Showing::Mention => writeln!(text, "See {name} and {word}.\n"),
            }
            .unwrap();
        }
        Item::Block(block) => {
            let list: Vec<String> = block.tags.iter().map(tag).collect();
            let drip = block.drip.map(|drip| format!("; drip: {}h", drip / 3_600)).unwrap_or_default();
            let hidden = if block.hidden { "; hidden" } else { "" };
            writeln!(text, "<!-- access: {}{drip}{hidden} -->\n", list.join(", ")).unwrap();
            block.items.iter().for_each(|item| write_item(school, item, (text, late)));
            text.push_str("<!-- /access -->\n\n");
        }
    }
}
