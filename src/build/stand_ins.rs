//! Names for objects that are not made yet.
//!
//! A manifest can be worked out before anything is rendered. What its routes name then are stand-ins: a name that has the
//! form of a hash, and says which output or file it stands for.

use crate::build::Objects;
use crate::manifest::ObjectName;
use crate::plan::Plan;
use crate::publish::Stored;

/// Where the bytes of an object come from.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Source {
    /// A variant of an output, by their numbers.
    Output(usize, usize),
    /// A file beside pages, an index into [`crate::site::Site::files`].
    File(usize),
    /// A static file, an index into [`crate::site::Site::statics`].
    Static(usize),
}

/// The objects of a plan, every one a stand-in.
pub(super) fn objects(plan: &Plan) -> Objects {
    let stand_in = |source: Source| Stored { name: source.stand_in(), size: 0 };
    let outputs = plan.outputs.iter().enumerate().map(|(output, planned)| {
        let variants = 0..planned.shape.variants.len();
        variants.map(|variant| stand_in(Source::Output(output, variant))).collect()
    });
    let site = plan.site();
    Objects {
        outputs: outputs.collect(),
        files: (0..site.files.len()).map(|file| stand_in(Source::File(file))).collect(),
        statics: (0..site.statics.len()).map(|file| stand_in(Source::Static(file))).collect(),
    }
}

impl Source {
    fn stand_in(self) -> ObjectName {
        let (kind, number, variant) = match self {
            Self::Output(output, variant) => (0, output, variant),
            Self::File(file) => (1, file, 0),
            Self::Static(file) => (2, file, 0),
        };
        let hash = format!("{kind:02x}{number:016x}{variant:016x}{:030}", 0);
        // The hash has the right form; were it refused, the manifest's own check would refuse what is named twice here.
        ObjectName::new(&hash, "").unwrap_or_else(|_| ObjectName::of(hash.as_bytes(), ""))
    }

    /// What a stand-in stands for; `None` for any other name.
    #[must_use]
    pub fn of_stand_in(name: &str) -> Option<Self> {
        let hash = name.split_once('/')?.1;
        let part = |range: std::ops::Range<usize>| usize::from_str_radix(hash.get(range)?, 16).ok();
        let number = part(2..18)?;
        match part(0..2)? {
            0 => Some(Self::Output(number, part(18..34)?)),
            1 => Some(Self::File(number)),
            2 => Some(Self::Static(number)),
            _ => None,
        }
    }
}
