//! The two sides of a comparison, as manifests: read from an output, or built from a git revision.
//!
//! A revision is written into a folder of its own by way of an index of its own; neither the work tree nor the index of the
//! repository is touched. The folder goes away with the value.

use std::cell::Cell;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;

use tierpress::build::{self, Request};
use tierpress::diagnostic::{self, Diagnostic};
use tierpress::envelope::{self, VerifyingKey};
use tierpress::fs;
use tierpress::manifest::Manifest;
use tierpress::publish::{self, LinkMode, Modes, TreeMode};
use tierpress::review::diff::Compared;
use tierpress::review::texts::Texts;

use crate::cli::{Clocks, SiteArguments, clocks, program, say};

/// What the environment may say of a repository: what `git rev-parse --local-env-vars` names, less settings.
const OF_A_REPOSITORY: [&str; 12] = [
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_DIR",
    "GIT_GRAFT_FILE",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_NO_REPLACE_OBJECTS",
    "GIT_OBJECT_DIRECTORY",
    "GIT_PREFIX",
    "GIT_REPLACE_REF_BASE",
    "GIT_SHALLOW_FILE",
    "GIT_WORK_TREE",
];

/// Where sides come from.
pub(crate) struct Sides<'a> {
    site: &'a SiteArguments,
    clocks: Clocks,
    key: Option<VerifyingKey>,
    folders: Cell<usize>,
    scratch: Scratch,
}

/// One side, read.
pub(crate) struct Side {
    manifest: Manifest,
    /// What its pages say, where that lies beside the manifest.
    pub(crate) texts: Option<Texts>,
    name: String,
}

impl Side {
    pub(crate) fn compared(&self) -> Compared<'_> {
        Compared { manifest: &self.manifest, texts: self.texts.as_ref() }
    }

    /// What is not seen for want of it.
    pub(crate) fn untold(&self) -> Diagnostic {
        let message = format!(
            "there is no {} of that build beside `{}`, so a text that moved in front of its gate is not seen",
            publish::REVIEW,
            self.name
        );
        Diagnostic::warning(message).help("compare whole output folders, or revisions")
    }
}

impl<'a> Sides<'a> {
    pub(crate) fn new(site: &'a SiteArguments, key: Option<&Path>) -> Result<Self, Vec<Diagnostic>> {
        let clocks = clocks(site.now.as_deref()).map_err(|fault| vec![*fault])?;
        let read = |file: &Path| {
            let bytes = fs::read(file).map_err(disk)?;
            let key = VerifyingKey::read(&bytes);
            key.map_err(|fault| vec![Diagnostic::setup(format!("`{}`: {fault}", file.display()))])
        };
        let key = key.map(read).transpose()?;
        Ok(Self { site, clocks, key, folders: Cell::new(0), scratch: Scratch::new()? })
    }

    /// A side; the site as it lies there, where none is named.
    pub(crate) fn read(&self, side: Option<&str>) -> Result<Side, Vec<Diagnostic>> {
        let Some(side) = side else { return self.built(&self.site.root) };
        let path = Path::new(side);
        let found = fs::metadata_followed(path).map_err(disk)?;
        let Some(found) = found else { return self.revision(side) };
        if found.kind == fs::Kind::File {
            return self.manifest(path);
        }
        let manifest = path.join("manifest.json");
        if fs::exists(&manifest).map_err(disk)? {
            return self.manifest(&manifest);
        }
        if fs::exists(&path.join("site.yaml")).map_err(disk)? {
            return self.built(path);
        }
        let fault = Diagnostic::setup(format!("there is no manifest.json in `{side}`"));
        Err(vec![fault.help("name the output folder of a build, a manifest, or a git revision")])
    }

    fn manifest(&self, path: &Path) -> Result<Side, Vec<Diagnostic>> {
        let fault = |fault: String| vec![Diagnostic::setup(format!("`{}`: {fault}", path.display()))];
        let bytes = fs::read(path).map_err(disk)?;
        let payload = match (&self.key, envelope::open_unverified(&bytes)) {
            (Some(key), _) => envelope::open(&bytes, key).map_err(|error| fault(error.to_string()))?,
            (None, Ok(payload)) => {
                let warning = Diagnostic::warning(format!("the signature of `{}` was not checked", path.display()));
                let warning = warning.help("give the public key with `--public-key`");
                say::diagnostics(&[warning], crate::cli::Format::Text);
                payload
            }
            (None, Err(_)) => bytes,
        };
        let manifest = Manifest::parse(&payload).map_err(|error| fault(error.to_string()))?;
        let beside = path.with_file_name(publish::REVIEW);
        let texts = if fs::exists(&beside).map_err(disk)? { Some(fs::read(&beside).map_err(disk)?) } else { None };
        let texts = texts.and_then(|bytes| Texts::parse(&bytes).ok());
        let texts = texts.filter(|texts| texts.build() == manifest.build);
        Ok(Side { manifest, texts, name: path.display().to_string() })
    }

    /// Builds a site into a folder that goes away.
    fn built(&self, root: &Path) -> Result<Side, Vec<Diagnostic>> {
        let out = self.folder("out");
        build::build(&Request {
            root,
            out: &out,
            now: self.clocks.now,
            created: self.clocks.created,
            drafts: self.site.drafts,
            strict: false,
            base_url: self.site.base_url.as_deref(),
            modes: Modes { link: LinkMode::Hard, trees: TreeMode::None, compress: false },
            program: &program(),
            progress: &|_, _| {},
        })?;
        self.manifest(&out.join("manifest.json"))
    }

    fn revision(&self, revision: &str) -> Result<Side, Vec<Diagnostic>> {
        let prefix = self.git(&["rev-parse".as_ref(), "--show-prefix".as_ref()], None).map_err(|said| {
            let why = if said.contains("not a git repository") {
                "the site is in no git repository".to_owned()
            } else {
                said
            };
            let fault = Diagnostic::setup(format!("`{revision}` is not there, and can be no git revision: {why}"));
            vec![fault.help("name an output folder or a manifest; to compare revisions, keep the site in git")]
        })?;
        let commit = format!("{revision}^{{tree}}");
        let verify = ["rev-parse", "--verify", "--quiet", &commit].map(OsStr::new);
        // What begins like an option is none of git's.
        let tree = if revision.starts_with('-') { Err(String::new()) } else { self.git(&verify, None) };
        let tree = tree.map_err(|_| vec![self.unknown(revision)])?;
        let (index, folder) = (self.folder("index"), self.folder("tree"));
        let failed = |said: String| vec![Diagnostic::setup(format!("git could not write `{revision}` out: {said}"))];
        fs::create_dir_all(&folder).map_err(disk)?;
        self.git(&["read-tree".as_ref(), tree.as_ref()], Some(&index)).map_err(failed)?;
        let mut to = std::ffi::OsString::from("--prefix=");
        to.push(&folder);
        to.push("/");
        self.git(&["checkout-index".as_ref(), "--all".as_ref(), &to], Some(&index)).map_err(failed)?;
        let root = folder.join(prefix);
        if !fs::exists(&root.join("site.yaml")).map_err(disk)? {
            return Err(vec![Diagnostic::setup(format!("there is no site.yaml in `{revision}`"))]);
        }
        self.built(&root).map_err(|mut faults| {
            faults.push(Diagnostic::setup(format!("`{revision}` does not build")));
            faults
        })
    }

    /// A word that is neither there nor a revision.
    fn unknown(&self, revision: &str) -> Diagnostic {
        let fault = Diagnostic::setup(format!("`{revision}` is neither there nor a git revision"));
        let names = ["for-each-ref", "--format=%(refname:short)", "refs/heads", "refs/tags", "refs/remotes"];
        // Where git does not say what there is, nothing is guessed.
        let known = self.git(&names.map(OsStr::new), None).unwrap_or_default();
        fault.help(match diagnostic::nearest(revision, known.lines()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => "name an output folder, a manifest, or a revision of the repository that the site is in".to_owned(),
        })
    }

    /// Runs git in the site's folder; what it said, where it failed.
    fn git(&self, arguments: &[&OsStr], index: Option<&Path>) -> Result<String, String> {
        let mut git = Command::new("git");
        git.arg("-C").arg(&self.site.root).args(arguments).env("LC_ALL", "C");
        // Git calls hooks with words about the repository that it is busy with. The site's is the one that it lies in.
        for name in OF_A_REPOSITORY {
            git.env_remove(name);
        }
        if let Some(index) = index {
            git.env("GIT_INDEX_FILE", index);
        }
        let output = git.output().map_err(|error| format!("git does not run: {error}"))?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        if output.status.success() {
            return Ok(text(&output.stdout));
        }
        let said = text(&output.stderr);
        let first = said.lines().next().unwrap_or_default();
        Err(first.strip_prefix("fatal: ").unwrap_or(first).to_owned())
    }

    /// A path in the scratch folder that was not used before.
    fn folder(&self, name: &str) -> PathBuf {
        let number = self.folders.get();
        self.folders.set(number + 1);
        self.scratch.0.join(format!("{name}-{number}"))
    }
}

/// A folder for what is built, nobody else's, that goes away.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Result<Self, Vec<Diagnostic>> {
        // One that was killed may have left a folder behind, with the number of a process that is another one now.
        let mut attempts = 0;
        loop {
            let folder = std::env::temp_dir().join(format!("tierpress-diff-{}-{attempts}", std::process::id()));
            match fs::create_private_dir(&folder) {
                Ok(()) => return fs::canonicalize(&folder).map(Self).map_err(disk),
                Err(fault) if attempts == 999 => return Err(disk(fault)),
                Err(_) => attempts += 1,
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // What is left behind does no harm, and there is nobody to tell.
        drop(fs::remove_whole_folder(&self.0));
    }
}

fn disk(fault: fs::Error) -> Vec<Diagnostic> {
    vec![Diagnostic::setup(fault.to_string())]
}
