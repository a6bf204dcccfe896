//! From what a writer asks about to what is meant: a URL as in a browser, a source as in an editor, a line, a block.

use crate::diagnostic;
use crate::plan::{Plan, Subject};
use crate::site::{Content, Page, PageId};

/// What is asked about.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Target {
    /// What it is.
    pub what: What,
    /// The part of a page that is meant, if not the whole.
    pub part: Option<Part>,
}

/// What a path leads to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum What {
    /// Something with forms: an index into [`Plan::outputs`].
    Output(usize),
    /// The words for "not found".
    NotFound(PageId),
    /// A file beside pages: an index into the site's files.
    File(usize),
    /// A file for everybody: an index into the site's.
    Static(usize),
    /// A former address: from, to.
    Moved(String, String),
    /// A page that is not published: an index into what the site skipped.
    Unpublished(usize),
}

/// A part of a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A gated block, from 1, in the order of the opening markers.
    Block(usize),
    /// A line of the source, from 1.
    Line(u32),
}

/// Why there is nothing to explain.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Unknown {
    /// What was looked for.
    pub path: String,
    /// The nearest path there is.
    pub near: Option<String>,
}

/// Finds what is asked about: `/course/two/`, `/course/two`, `/course/two/#block-2`, `https://learn.example/course/two/`,
/// `content/course/02-two.md`, `content/course/02-two.md:14`.
///
/// # Errors
///
/// [`Unknown`] where there is no such path.
pub fn find(plan: &Plan, asked: &str, line: Option<u32>) -> Result<Target, Unknown> {
    let asked = asked.trim();
    let base = plan.site().config.base_url.trim_end_matches('/');
    let asked = asked.strip_prefix(base).map_or(asked, |rest| if rest.is_empty() { "/" } else { rest });
    let (path, fragment) = asked.split_once('#').map_or((asked, None), |(path, fragment)| (path, Some(fragment)));
    let block = fragment.and_then(|fragment| fragment.strip_prefix("block-")?.parse().ok()).map(Part::Block);
    let (path, written_line) = with_line(path.strip_prefix("./").unwrap_or(path));
    let part = line.or(written_line).map(Part::Line).or(block);
    let what = if path.starts_with('/') { by_url(plan, path) } else { None };
    let what = what.or_else(|| by_source(plan, path)).or_else(|| by_url(plan, &format!("/{path}")));
    match what {
        Some(what) => Ok(Target { what, part }),
        None => Err(Unknown { path: path.to_owned(), near: nearest(plan, path) }),
    }
}

/// `a.md:14` and `a.md:14:3`, as editors and compilers write a place.
fn with_line(path: &str) -> (&str, Option<u32>) {
    let cut = |path: &str| path.rsplit_once(':').and_then(|(path, number)| Some((path.len(), number.parse().ok()?)));
    let Some((end, last)) = cut(path) else { return (path, None) };
    let rest = path.get(..end).unwrap_or(path);
    match cut(rest) {
        Some((end, line)) => (rest.get(..end).unwrap_or(rest), Some(line)),
        None => (rest, Some(last)),
    }
}

fn by_url(plan: &Plan, url: &str) -> Option<What> {
    let site = plan.site();
    let with_slash = format!("{url}/");
    let same = |other: &str| other == url || other == with_slash;
    let output = plan.outputs.iter().position(|output| output.url.as_deref().is_some_and(same)).map(What::Output);
    let file = || site.files.iter().position(|file| file.url == url).map(What::File);
    let fixed = || site.statics.iter().position(|file| file.url == url).map(What::Static);
    let moved = || site.redirects.iter().find(|(from, _)| same(from));
    let skipped = || site.skipped.pages.iter().position(|page| same(&page.url)).map(What::Unpublished);
    output
        .or_else(file)
        .or_else(fixed)
        .or_else(|| moved().map(|(from, to)| What::Moved(from.clone(), to.clone())))
        .or_else(skipped)
}

fn by_source(plan: &Plan, source: &str) -> Option<What> {
    let site = plan.site();
    let source = source.trim_end_matches('/');
    if let Some(page) = site.pages.iter().position(|page| page.source.as_ref() == source) {
        let found = |subject: Subject| subject == Subject::Page(PageId(page));
        let output = plan.outputs.iter().position(|output| found(output.subject));
        return Some(output.map_or(What::NotFound(PageId(page)), What::Output));
    }
    let skipped = || site.skipped.pages.iter().position(|page| page.source.as_ref() == source).map(What::Unpublished);
    let file = || site.files.iter().position(|file| file.source.as_ref() == source).map(What::File);
    let fixed = || {
        let on_disk = |content: &Content| matches!(content, Content::OnDisk(path) if path.as_ref() == source);
        site.statics.iter().position(|file| on_disk(&file.content)).map(What::Static)
    };
    let folder = || {
        let folder = if source == "content" { "" } else { source.strip_prefix("content/")? };
        let section = site.sections.iter().find(|section| section.folder.as_ref() == folder)?;
        by_url(plan, &section.url)
    };
    skipped().or_else(file).or_else(fixed).or_else(folder)
}

/// The file of a page that is meant, published or not.
#[must_use]
pub fn source<'p>(plan: &'p Plan, target: &Target) -> Option<&'p str> {
    let site = plan.site();
    let page = |page: PageId| site.page(page).map(|page| page.source.as_ref());
    match target.what {
        What::Output(number) => match plan.outputs.get(number)?.subject {
            Subject::Page(id) => page(id),
            Subject::Section(_) | Subject::Tags | Subject::Tag(_) | Subject::NotFound | Subject::Denial(_) => None,
            Subject::Sitemap | Subject::Robots | Subject::Unlock(_) => None,
        },
        What::NotFound(id) => page(id),
        What::Unpublished(number) => site.skipped.pages.get(number).map(|page| page.source.as_ref()),
        What::File(_) | What::Static(_) | What::Moved(..) => None,
    }
}

/// The path that was probably meant: more letters may be wrong than in a word.
fn nearest(plan: &Plan, path: &str) -> Option<String> {
    let site = plan.site();
    let urls = plan.outputs.iter().filter_map(|output| output.url.as_deref());
    let files = site.files.iter().flat_map(|file| [file.url.as_str(), file.source.as_ref()]);
    let pages = site.pages.iter().map(|page| page.source.as_ref());
    let skipped = site.skipped.pages.iter().map(|page| page.source.as_ref());
    let fixed = site.statics.iter().flat_map(|file| match &file.content {
        Content::OnDisk(source) => [file.url.as_str(), source.as_ref()],
        Content::Embedded(_) => [file.url.as_str(), ""],
    });
    let moved = site.redirects.keys().map(String::as_str);
    let all: Vec<&str> = urls.chain(files).chain(pages).chain(skipped).chain(fixed).chain(moved).collect();
    let is_source = |path: &str| ["content/", "static/", "themes/"].iter().any(|folder| path.starts_with(folder));
    // A source is not offered to somebody who asked for a URL, and the other way round.
    let asked = if is_source(path) || path.starts_with('/') { path.to_owned() } else { format!("/{path}") };
    let alike = || all.iter().copied().filter(|known| !known.is_empty() && is_source(known) == is_source(&asked));
    // A slash at the end is no letter.
    let bare = |path: &str| path.trim_end_matches('/').to_owned();
    let reach = |text: &str| (text.chars().count() / 3).max(2);
    let whole = bare(&asked);
    let known: Vec<(String, &str)> = alike().map(|known| (bare(known), known)).collect();
    let near = diagnostic::nearest_within(&whole, known.iter().map(|(bare, _)| bare.as_str()), reach(&whole));
    // Else what is called so, wherever it lies.
    let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
    let named: Vec<(String, &str)> = known.iter().map(|(bare, known)| (name(bare), *known)).collect();
    let called = || diagnostic::nearest_within(&name(&whole), named.iter().map(|(name, _)| name.as_str()), 1);
    let of = |pairs: &[(String, &str)], near: &str| {
        pairs.iter().find(|(text, _)| text == near).map(|(_, known)| (*known).to_owned())
    };
    match near {
        Some(near) => of(&known, near),
        None => called().filter(|name| !name.is_empty()).and_then(|name| of(&named, name)),
    }
}

/// The innermost block at a place of a page's file, by its index; whether the place lies above the divider.
#[must_use]
pub fn place_in(page: &Page, bytes: &std::ops::Range<usize>) -> (Option<usize>, bool) {
    let meets = |range: &std::ops::Range<usize>| range.start < bytes.end && bytes.start < range.end;
    let block = page.body.blocks.iter().rposition(|block| meets(&block.range));
    let above = page.body.divided_at.is_some_and(|at| bytes.start < at);
    (block, above)
}
