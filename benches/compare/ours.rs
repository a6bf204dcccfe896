//! Writes a [`Course`] as a Tierpress site, gated or open, with a minimal theme of its own.

use std::fs;
use std::io;
use std::path::Path;

use super::course::{Access, BUNDLES, Course, Lesson, TIERS, bundle};

/// The theme, file by file: as much work as [the one for Hugo](super::hugo) and as many bytes.
const THEME: [(&str, &str); 10] = [
    ("theme.yaml", include_str!("../themes/tierpress/theme.yaml")),
    ("strings.yaml", include_str!("../themes/tierpress/strings.yaml")),
    ("static/style.css", include_str!("../themes/style.css")),
    ("templates/base.html", include_str!("../themes/tierpress/templates/base.html")),
    ("templates/home.html", include_str!("../themes/tierpress/templates/home.html")),
    ("templates/section.html", include_str!("../themes/tierpress/templates/section.html")),
    ("templates/page.html", include_str!("../themes/tierpress/templates/page.html")),
    ("templates/tag.html", include_str!("../themes/tierpress/templates/tag.html")),
    ("templates/404.html", include_str!("../themes/tierpress/templates/404.html")),
    ("templates/denied.html", include_str!("../themes/tierpress/templates/denied.html")),
];

/// Whether the site has anything to gate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Gating {
    /// Four tiers, eight bundles, every lesson with its tags.
    Gated,
    /// The same content, all of it public, and an empty catalogue.
    Open,
}

/// Writes the site into a folder that is empty or does not exist.
pub(crate) fn write(root: &Path, course: Course, gating: Gating) -> io::Result<()> {
    let theme = root.join("themes/minimal");
    for (name, text) in THEME {
        write_file(&theme.join(name), text)?;
    }
    write_file(&root.join("site.yaml"), &site_yaml(gating))?;
    write_file(&root.join("content/_index.md"), "---\ntitle: Bench\n---\nA school of many courses.\n")?;
    for section in course.sections() {
        let folder = root.join("content").join(&section.name);
        let index = format!("---\ntitle: \"{}\"\nweight: {}\n---\n", section.title, section.weight);
        write_file(&folder.join("_index.md"), &index)?;
        for lesson in section.lessons() {
            write_file(&folder.join(format!("{}.md", lesson.name)), &page(&lesson, gating))?;
        }
    }
    Ok(())
}

/// Writes a file, and the folders above it.
pub(crate) fn write_file(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    fs::write(path, text)
}

fn site_yaml(gating: Gating) -> String {
    let mut text = String::from("title: Bench\nbase_url: https://bench.example\ntheme: minimal\n");
    if gating == Gating::Gated {
        text += "access:\n  default: public\n  default_tier: free\n  tiers:\n";
        for tier in TIERS {
            let free = if tier == "free" { ", free: true" } else { "" };
            text += &format!("    - {{id: {tier}, title: {tier}{free}}}\n");
        }
        text += "  bundles:\n";
        for number in 0..BUNDLES {
            text += &format!("    - {{id: {0}, title: {0}}}\n", bundle(number));
        }
    }
    text
}

/// The front matter that all writers share, without its closing line.
pub(crate) fn front_matter(lesson: &Lesson) -> String {
    format!(
        "---\ntitle: \"{}\"\ndescription: \"{}\"\nweight: {}\ntags: [{}]\n",
        lesson.title,
        lesson.description,
        lesson.weight,
        lesson.tags.join(", ")
    )
}

fn page(lesson: &Lesson, gating: Gating) -> String {
    let access = match (gating, lesson.access) {
        (Gating::Open, _) => String::new(),
        (Gating::Gated, Access::Public) => "access: public\n".to_owned(),
        (Gating::Gated, Access::Tier(tier)) => format!("access: {}\n", TIERS[tier]),
        (Gating::Gated, Access::TierOrBundle(tier, number)) => {
            format!("access: [{}, {}]\n", TIERS[tier], bundle(number))
        }
    };
    format!("{}{access}---\n{}", front_matter(lesson), lesson.body)
}
