//! Writes a [`Course`] as a Hugo site, plain or with a role for each tier and bundle, with a theme equal to ours.
//!
//! Hugo's `roles` dimension (since 0.153) is the nearest rival: one run, an output tree for each role. It knows no order
//! of tiers and no default, so each page lists every role that may see it; what a role may not see is left out of its
//! tree, where we show a teaser.

use std::io;
use std::path::Path;

use super::course::{Access, BUNDLES, Course, Lesson, TIERS, bundle};
use crate::ours::{front_matter, write_file};

const LAYOUTS: [(&str, &str); 6] = [
    ("static/style.css", include_str!("../themes/style.css")),
    ("layouts/baseof.html", include_str!("../themes/hugo/baseof.html")),
    ("layouts/home.html", include_str!("../themes/hugo/home.html")),
    ("layouts/section.html", include_str!("../themes/hugo/section.html")),
    ("layouts/page.html", include_str!("../themes/hugo/page.html")),
    ("layouts/term.html", include_str!("../themes/hugo/term.html")),
];

/// What one run makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Trees {
    /// One tree with everything.
    One,
    /// A tree for each of twelve roles: four tiers, eight bundles.
    Roles,
}

/// Writes the site into a folder that is empty or does not exist.
pub(crate) fn write(root: &Path, course: Course, trees: Trees) -> io::Result<()> {
    for (name, text) in LAYOUTS {
        write_file(&root.join(name), text)?;
    }
    let all = roles(trees, Access::Public);
    write_file(&root.join("hugo.toml"), &hugo_toml(trees))?;
    let home = format!("---\ntitle: Bench\n{all}---\nA school of many courses.\n");
    write_file(&root.join("content/_index.md"), &home)?;
    for section in course.sections() {
        let folder = root.join("content").join(&section.name);
        let index = format!("---\ntitle: \"{}\"\nweight: {}\n{all}---\n", section.title, section.weight);
        write_file(&folder.join("_index.md"), &index)?;
        for lesson in section.lessons() {
            write_file(&folder.join(format!("{}.md", lesson.name)), &page(&lesson, trees))?;
        }
    }
    Ok(())
}

fn hugo_toml(trees: Trees) -> String {
    let mut text = String::from(
        "baseURL = 'https://bench.example/'\ntitle = 'Bench'\nlocale = 'en'\n\
         disableKinds = ['taxonomy', 'rss', '404']\nenableRobotsTXT = true\n\
         [markup.highlight]\ncodeFences = false\n[taxonomies]\ntag = 'tags'\n",
    );
    if trees == Trees::Roles {
        text.insert_str(0, "defaultContentRole = 'free'\ndefaultContentRoleInSubdir = true\n");
        for (weight, role) in all_roles().iter().enumerate() {
            text += &format!("[roles.{role}]\nweight = {}\n", weight + 1);
        }
    }
    text
}

fn all_roles() -> Vec<String> {
    TIERS.iter().map(|tier| (*tier).to_owned()).chain((0..BUNDLES).map(bundle)).collect()
}

/// Who sees a page, as front matter. A bundle's holder has the lowest tier as well.
fn roles(trees: Trees, access: Access) -> String {
    if trees == Trees::One {
        return String::new();
    }
    let seen: Vec<String> = match access {
        Access::Public | Access::Tier(0) | Access::TierOrBundle(0, _) => all_roles(),
        Access::Tier(tier) => TIERS[tier..].iter().map(|tier| (*tier).to_owned()).collect(),
        Access::TierOrBundle(tier, number) => {
            TIERS[tier..].iter().map(|tier| (*tier).to_owned()).chain([bundle(number)]).collect()
        }
    };
    format!("sites:\n  matrix:\n    roles: [{}]\n", seen.join(", "))
}

fn page(lesson: &Lesson, trees: Trees) -> String {
    format!("{}{}---\n{}", front_matter(lesson), roles(trees, lesson.access), lesson.body)
}
