//! What a writer does to the site, as files, and what the browser must show then. The same for every server.

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::course::{Access, Course, Lesson};
use crate::servers::Server;

/// A kind of edit.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub(crate) enum Edit {
    /// A word more at the end of a lesson; the lesson is open.
    Body,
    /// Another title of a lesson; its section's page, which lists it, is open.
    Title,
    /// A public lesson gets gated, then public again; a visitor has it open. Tierpress only.
    Access,
    /// A word more in the template that is around every page; a lesson is open.
    Template,
    /// A lesson more; its section's page is open.
    New,
    /// That lesson is gone; its section's page is open.
    Deleted,
}

/// One save.
pub(crate) struct Save {
    path: PathBuf,
    /// None: the file goes.
    text: Option<String>,
    /// What the open page is looked at for.
    pub(crate) mark: String,
    /// Whether the mark must be there, or gone.
    pub(crate) there: bool,
}

impl Save {
    /// Does it, as simple editors do: the file is written in its place.
    pub(crate) fn make(&self) -> std::io::Result<()> {
        match &self.text {
            Some(text) => fs::write(&self.path, text),
            None => fs::remove_file(&self.path),
        }
    }

    /// Whether a document with this text shows it.
    pub(crate) fn shown_by(&self, document: &str) -> bool {
        document.contains(&self.mark) == self.there
    }
}

/// The lesson that everything is done to, as its file was.
pub(crate) struct Scene {
    root: PathBuf,
    server: Server,
    section: String,
    lesson: Lesson,
    /// Another lesson of the same section.
    sibling: String,
    lesson_text: String,
    template_text: String,
}

impl Scene {
    /// The first public lesson of a written site that is not the first of its section.
    ///
    /// # Errors
    ///
    /// Where the site is too small, or cannot be read.
    pub(crate) fn new(root: &Path, server: Server, course: Course) -> Result<Self, Box<dyn Error>> {
        for section in course.sections() {
            let public = section.lessons().skip(1).find(|lesson| lesson.access == Access::Public);
            let (Some(lesson), Some(sibling)) = (public, section.lessons().next()) else { continue };
            let file = root.join("content").join(&section.name).join(format!("{}.md", lesson.name));
            return Ok(Self {
                root: root.to_owned(),
                server,
                lesson_text: fs::read_to_string(file)?,
                template_text: fs::read_to_string(root.join(server.template()))?,
                section: section.name,
                sibling: sibling.name,
                lesson,
            });
        }
        Err("no lesson is public".into())
    }

    /// What is open in the browser meanwhile.
    pub(crate) fn open(&self, edit: Edit) -> String {
        match edit {
            Edit::Body | Edit::Access | Edit::Template => format!("/{}/{}/", self.section, self.lesson.name),
            Edit::Title | Edit::New | Edit::Deleted => format!("/{}/", self.section),
        }
    }

    /// Another page that must show the same, which nobody has open.
    pub(crate) fn elsewhere(&self, edit: Edit) -> Option<String> {
        let lists = self.server != Server::ZolaLess;
        match edit {
            Edit::Body | Edit::Access => None,
            Edit::Title | Edit::New | Edit::Deleted if !lists => None,
            Edit::Title | Edit::Template | Edit::New | Edit::Deleted => {
                Some(format!("/{}/{}/", self.section, self.sibling))
            }
        }
    }

    /// The save of this number, from 0. A new lesson is deleted by the save of the same number.
    pub(crate) fn save(&self, edit: Edit, number: usize) -> Save {
        let mark = format!("Mark {edit:?} {number:03}");
        let folder = self.root.join("content").join(&self.section);
        let lesson = folder.join(format!("{}.md", self.lesson.name));
        let new = folder.join(format!("new-{number:03}.md"));
        let text = &self.lesson_text;
        let titled = |mark: &str| text.replacen(&self.lesson.title, mark, 1);
        match edit {
            Edit::Body => Save { path: lesson, text: Some(format!("{text}\n{mark}.\n")), mark, there: true },
            Edit::Title => Save { path: lesson, text: Some(titled(&mark)), mark, there: true },
            Edit::Access => {
                let (public, mark) = (number.is_multiple_of(2), "Mark at the end".to_owned());
                let text = format!("{text}\n{mark}.\n");
                let text = if public { text } else { text.replacen("access: public", "access: pro", 1) };
                Save { path: lesson, text: Some(text), mark, there: public }
            }
            Edit::Template => {
                let text =
                    self.template_text.replacen("Made for measuring.", &format!("Made for measuring. {mark}."), 1);
                Save { path: self.root.join(self.server.template()), text: Some(text), mark, there: true }
            }
            Edit::New => Save { path: new, text: Some(titled(&mark)), mark, there: true },
            Edit::Deleted => Save { path: new, text: None, mark: format!("Mark New {number:03}"), there: false },
        }
    }
}
