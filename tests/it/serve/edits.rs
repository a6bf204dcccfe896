//! Random edits of a site as a writer, an editor or a branch switch makes them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::generated::course::Random;

/// One edit: what was done, and the paths that an editor would have touched.
pub(super) struct Edit {
    pub(super) what: String,
    pub(super) paths: Vec<PathBuf>,
}

/// Makes an edit below this folder.
pub(super) fn edit(root: &Path, random: &mut Random, number: usize) -> Edit {
    let mut hand = Hand { root, random, number, paths: Vec::new() };
    let what = hand.edit();
    Edit { what, paths: hand.paths }
}

struct Hand<'a> {
    root: &'a Path,
    random: &'a mut Random,
    number: usize,
    paths: Vec<PathBuf>,
}

const KEYS: [&str; 40] = [
    "title: Another title",
    "title: Hidden words",
    "description: Something else",
    "access: public",
    "access: basic",
    "access: pro",
    "access: [pro, sourdough]",
    "access: [pro, basic+lamination]",
    "access: members",
    "access: +pro",
    "access: [pro, public from 2026-12-20]",
    "access: [public until 2026-12-10, pro]",
    "access: [pro, basic since joining]",
    "access: prro",
    "drip: 7d",
    "drip: {basic: 14d}",
    "drip: none",
    "release: 2026-12-05",
    "release: 2026-11-05",
    "release: 2028-01-01",
    "release: none",
    "announce: true",
    "until: 2026-12-24",
    "until: 2026-10-24",
    "hidden: true",
    "hidden: false",
    "teaser: members",
    "teaser: none",
    "aliases: [/old/]",
    "aliases: [/older/, /about/]",
    "tags: [bread]",
    "tags: [flour, Rye, \"new tag\"]",
    "categories: [x]",
    "date: 2026-11-11",
    "date: 2026-12-11",
    "weight: 1",
    "weight: 99",
    "draft: true",
    "slug: elsewhere",
    "template: section.html",
];

const ADDED: [&str; 16] = [
    "\nOne more sentence.\n",
    "\n## One more heading\n\nAnd words.\n",
    "\n[About](/about/) and [more](/blog/).\n",
    "\n[An anchor](/about/#nothing-like-it)\n",
    "\n<!-- access: pro -->\nFor pro.\n<!-- /access -->\n",
    "\n<!-- access: basic; hidden -->\nFor basic, and nobody knows.\n<!-- /access -->\n",
    "\n<!-- access: pro; drip: 7d -->\nLater.\n<!-- /access -->\n",
    "\n<!-- access: pro -->\nNever closed.\n",
    "\n<!-- more -->\n\nBelow the divider.\n",
    "\nA note.[^n]\n\n[^n]: Below.\n",
    "\n![A picture](new.png)\n",
    "\n[A file](new.png)\n",
    "\nThe name new.png stands here.\n",
    "\n> [!NOTE]\n> An alert.\n",
    "\n[Gone](/nowhere/at/all/)\n",
    "\n\"Quotes\" -- and ... dots\n",
];

impl Hand<'_> {
    fn of(&mut self, all: &[&'static str]) -> &'static str {
        all[self.random.below(all.len())]
    }

    fn edit(&mut self) -> String {
        match self.random.below(32) {
            0..8 => self.add_text(),
            8..10 => self.lose_line(),
            10..17 => self.set_key(),
            17 => self.lose_key(),
            18 => self.new_page(),
            19 => self.remove(),
            20 => self.rename(),
            21 => self.new_section(),
            22 => self.change_section(),
            23 => self.rename_folder(),
            24..26 => self.new_file(),
            26 => self.fixed_file(),
            27 | 28 => self.template(),
            29 => self.strings(),
            30 => self.theme(),
            _ => self.settings(),
        }
    }

    fn files(&self, folder: &str, ending: &str) -> Vec<PathBuf> {
        let files = walkdir::WalkDir::new(self.root.join(folder)).sort_by_file_name();
        let files = files.into_iter().map(|entry| entry.unwrap()).filter(|entry| entry.file_type().is_file());
        files.map(walkdir::DirEntry::into_path).filter(|path| path.to_str().unwrap().ends_with(ending)).collect()
    }

    fn one(&mut self, folder: &str, ending: &str) -> Option<PathBuf> {
        let files = self.files(folder, ending);
        (!files.is_empty()).then(|| files[self.random.below(files.len())].clone())
    }

    fn name(&self, path: &Path) -> String {
        path.strip_prefix(self.root).unwrap().display().to_string()
    }

    fn write(&mut self, path: &Path, bytes: &[u8]) {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        if self.random.below(3) == 0 {
            // As editors write that are afraid of losing something.
            let beside = path.with_extension("writing");
            fs::write(&beside, bytes).unwrap();
            fs::rename(&beside, path).unwrap();
            self.paths.push(beside);
        } else {
            fs::write(path, bytes).unwrap();
        }
        self.paths.push(path.to_owned());
    }

    fn change(&mut self, path: &Path, change: impl FnOnce(&str) -> String) {
        let text = fs::read_to_string(path).unwrap();
        self.write(path, change(&text).as_bytes());
    }

    fn add_text(&mut self) -> String {
        let Some(page) = self.one("content", ".md") else { return "nothing".to_owned() };
        let added = if self.random.below(2) == 0 { ADDED[0] } else { self.of(&ADDED) };
        self.change(&page, |text| format!("{text}{added}"));
        format!("{} + {added:?}", self.name(&page))
    }

    fn lose_line(&mut self) -> String {
        let Some(page) = self.one("content", ".md") else { return "nothing".to_owned() };
        let count = fs::read_to_string(&page).unwrap().lines().count().max(1);
        let lost = self.random.below(count);
        self.change(&page, |text| {
            let kept = text.split_inclusive('\n').enumerate().filter(|(number, _)| *number != lost);
            kept.map(|(_, line)| line).collect()
        });
        format!("{} - line {}", self.name(&page), lost + 1)
    }

    fn set_key(&mut self) -> String {
        let Some(page) = self.one("content", ".md") else { return "nothing".to_owned() };
        let line = self.of(&KEYS);
        let key = line.split(':').next().unwrap();
        self.change(&page, |text| match text.strip_prefix("---\n") {
            Some(rest) => {
                let (head, body) = rest.split_once("\n---\n").unwrap_or((rest, ""));
                let others = head.lines().filter(|other| other.split(':').next() != Some(key));
                let head: String = others.map(|line| format!("{line}\n")).collect();
                format!("---\n{line}\n{head}---\n{body}")
            }
            None => format!("---\n{line}\n---\n{text}"),
        });
        format!("{}: {line}", self.name(&page))
    }

    fn lose_key(&mut self) -> String {
        let Some(page) = self.one("content", ".md") else { return "nothing".to_owned() };
        let key = self.of(&["access", "title", "drip", "date", "tags", "hidden", "release", "aliases", "weight"]);
        self.change(&page, |text| {
            let kept = text.split_inclusive('\n').filter(|line| !line.starts_with(&format!("{key}:")));
            kept.collect()
        });
        format!("{}: no {key}", self.name(&page))
    }

    fn new_page(&mut self) -> String {
        let folder = self.of(&["content", "content/blog", "content/sourdough", "content/book", "content/fresh"]);
        let page = self.root.join(folder).join(format!("page-{}.md", self.number));
        let key = self.of(&KEYS);
        self.write(
            &page,
            format!("---\ntitle: Page {}\n{key}\n---\nWords.\n", self.number)
                .replace("title: Page", "description: Page")
                .as_bytes(),
        );
        format!("new {} with {key}", self.name(&page))
    }

    fn remove(&mut self) -> String {
        let Some(file) = self.one("content", "") else { return "nothing".to_owned() };
        fs::remove_file(&file).unwrap();
        self.paths.push(file.clone());
        format!("no {}", self.name(&file))
    }

    fn rename(&mut self) -> String {
        let Some(page) = self.one("content", ".md") else { return "nothing".to_owned() };
        let name = page.file_name().unwrap().to_str().unwrap();
        let to = match self.random.below(3) {
            0 => page.with_file_name(format!("moved-{}.md", self.number)),
            1 => page.with_file_name(format!(
                "{:02}-{}",
                self.random.below(20),
                name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '-')
            )),
            _ => self.root.join("content/book").join(name),
        };
        if to.exists() {
            return "nothing".to_owned();
        }
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::rename(&page, &to).unwrap();
        self.paths.extend([page.clone(), to.clone()]);
        format!("{} becomes {}", self.name(&page), self.name(&to))
    }

    fn new_section(&mut self) -> String {
        let folder = self.root.join(format!("content/section-{}", self.number));
        let access = self.of(&["basic", "[pro, sourdough]", "public"]);
        let index =
            format!("---\ntitle: A section\naccess: public\ncascade:\n  access: {access}\n  drip: every 7d\n---\n");
        self.write(&folder.join("_index.md"), index.as_bytes());
        self.write(&folder.join("01-first.md"), b"# First\n\nWords.\n");
        self.write(&folder.join("02-second.md"), b"---\nhidden: true\n---\n# Second\n\nWords.\n");
        format!("new {}", self.name(&folder))
    }

    fn change_section(&mut self) -> String {
        let Some(page) = self.one("content", "_index.md") else { return "nothing".to_owned() };
        let access = self.of(&["basic", "pro", "[pro, sourdough]", "members"]);
        let drip = self.of(&["none", "every 7d", "3d"]);
        self.change(&page, |text| {
            let body = text.splitn(3, "---\n").nth(2).unwrap_or("Words.\n");
            format!("---\ntitle: Changed\naccess: public\ncascade:\n  access: {access}\n  drip: {drip}\n---\n{body}")
        });
        format!("{} hands down {access}, {drip}", self.name(&page))
    }

    fn rename_folder(&mut self) -> String {
        let folder = self.of(&["blog", "book", "sheets", "magazine", "lamination", "fresh"]);
        let (from, to) =
            (self.root.join("content").join(folder), self.root.join(format!("content/{folder}-{}", self.number)));
        if !from.exists() {
            return "nothing".to_owned();
        }
        fs::rename(&from, &to).unwrap();
        self.paths.extend([from, to.clone()]);
        format!("{folder} becomes {}", self.name(&to))
    }

    fn new_file(&mut self) -> String {
        let folder = self.of(&["content", "content/blog", "content/sourdough", "content/sourdough/03-feeding"]);
        let name = self.of(&["new.png", "other.pdf", "new.txt"]);
        let path = self.root.join(folder).join(name);
        self.write(&path, format!("bytes {}", self.number).as_bytes());
        format!("{} is written", self.name(&path))
    }

    fn fixed_file(&mut self) -> String {
        let name = self.of(&["style.css", "favicon.svg", "robots.txt", "sub/new.js"]);
        let path = self.root.join("static").join(name);
        if path.exists() && self.random.below(3) == 0 {
            fs::remove_file(&path).unwrap();
            self.paths.push(path.clone());
            return format!("no {}", self.name(&path));
        }
        self.write(&path, format!("/* {} */", self.number).as_bytes());
        format!("{} is written", self.name(&path))
    }

    fn template(&mut self) -> String {
        let name = self.of(&["page.html", "section.html", "entry.html", "home.html"]);
        let theirs = fs::read_to_string(self.root.join("themes/default/templates").join(name)).unwrap();
        let own = self.root.join("templates").join(name);
        if own.exists() && self.random.below(3) == 0 {
            fs::remove_file(&own).unwrap();
            self.paths.push(own.clone());
            return format!("no {}", self.name(&own));
        }
        let added = match self.random.below(5) {
            0 => "{% if %}".to_owned(),
            1 => "{{ page.title | nonsense }}".to_owned(),
            2 => "{{ page.extra.nothing.deeper }}".to_owned(),
            _ => format!("<!-- {} -->", self.number),
        };
        let text = match theirs.contains("{% block main %}") {
            true => theirs.replacen("{% block main %}", &format!("{{% block main %}}{added}"), 1),
            false => theirs + &added,
        };
        self.write(&own, text.as_bytes());
        format!("{} with {added}", self.name(&own))
    }

    fn strings(&mut self) -> String {
        let path = self.root.join("strings.yaml");
        let text = match self.random.below(4) {
            0 => "en: [".to_owned(),
            1 => "read_more: 1\nnonsense: [1]\n".to_owned(),
            _ => format!("en:\n  or: or {}\n", self.number),
        };
        self.write(&path, text.as_bytes());
        format!("strings.yaml is {text:?}")
    }

    fn theme(&mut self) -> String {
        let path = self.root.join("themes/default/theme.yaml");
        let lists = self.of(&[
            "[siblings, ancestors]",
            "[siblings, ancestors, previous_next]",
            "[siblings, tags, ancestors, previous_next]",
        ]);
        self.change(&path, |text| {
            let lines = text.lines().map(|line| match line.contains("  page.html:") {
                true => format!("  page.html: {{lists: {lists}}}\n"),
                false => format!("{line}\n"),
            });
            lines.collect()
        });
        format!("theme.yaml: {lists}")
    }

    fn settings(&mut self) -> String {
        let path = self.root.join("site.yaml");
        let number = self.number;
        let choice = self.random.below(8);
        self.change(&path, |text| match choice {
            0 => text.replacen("title: ", &format!("title: {number} "), 1),
            1 => text.replacen("title: Pro", &format!("title: Pro {number}"), 1),
            2 => text.replacen("links: error", "links: warn", 1),
            3 => text.replacen("links: warn", "links: error", 1),
            4 => text.replacen("timezone: Europe/Amsterdam", "timezone: America/New_York", 1),
            5 => text.replacen("  bundles:\n", &format!("  bundles:\n    - {{id: made-{number}, title: Made}}\n"), 1),
            6 => text.replacen("access:\n", "access: [\n", 1),
            _ => text.replacen("link", "smart_punctuation: false\nlink", 1),
        });
        format!("site.yaml, change {choice}")
    }
}
