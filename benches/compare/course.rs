//! A course-like site as data: lessons, sections, tags, who may read them.
//!
//! Everything follows from the seed and from a lesson's own number: no clock, no random source of the machine, and the
//! first thousand lessons of a site of ten thousand are those of a site of one thousand. Knows no generator: the
//! writers beside it turn the same lessons into a Tierpress site and into Hugo sites with the same bytes of body.

use std::fmt::Write as _;

/// Lessons in a section.
pub(crate) const SECTION: usize = 25;
/// Tags of the whole site.
pub(crate) const TAGS: usize = 200;
/// The tiers, lowest first. Nothing asks for `team`: a tier that no page tells apart must cost nothing but links.
pub(crate) const TIERS: [&str; 4] = ["free", "basic", "pro", "team"];
/// Bundles of the whole site.
pub(crate) const BUNDLES: usize = 8;

/// How many bytes a lesson's body has, at least.
const BODY: usize = 5_600;

/// Who may read a lesson.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Access {
    /// Anyone.
    Public,
    /// Members of this tier (a place in [`TIERS`]) and above.
    Tier(usize),
    /// The same, and holders of this bundle.
    TierOrBundle(usize, usize),
}

/// One lesson.
#[derive(Clone, Debug)]
pub(crate) struct Lesson {
    /// Its file name without extension.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) description: String,
    /// From 1, in its section.
    pub(crate) weight: usize,
    pub(crate) tags: Vec<String>,
    pub(crate) access: Access,
    pub(crate) body: String,
}

/// One section.
#[derive(Clone, Debug)]
pub(crate) struct Section {
    /// Its folder.
    pub(crate) name: String,
    pub(crate) title: String,
    pub(crate) weight: usize,
    /// How many lessons it has.
    pub(crate) lessons: usize,
    number: usize,
    bundle: Option<usize>,
    seed: u64,
}

/// A site of so many lessons.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Course {
    /// How many lessons.
    pub(crate) lessons: usize,
    /// What everything follows from.
    pub(crate) seed: u64,
}

impl Course {
    /// Its sections, in order.
    pub(crate) fn sections(self) -> impl Iterator<Item = Section> {
        (0..self.lessons.div_ceil(SECTION)).map(move |number| Section {
            name: format!("course-{:03}", number + 1),
            title: format!("Course {}: {}", number + 1, phrase(&mut Random::new(&[self.seed, 1, number as u64]), 3)),
            weight: number + 1,
            lessons: SECTION.min(self.lessons - number * SECTION),
            number,
            bundle: (number % 4 == 0).then_some(number / 4 % BUNDLES),
            seed: self.seed,
        })
    }
}

impl Section {
    /// Its lessons, in order, made one by one: ten thousand of them are never in memory together.
    pub(crate) fn lessons(&self) -> impl Iterator<Item = Lesson> {
        (0..self.lessons).map(|place| self.lesson(place))
    }

    fn lesson(&self, place: usize) -> Lesson {
        let mut random = Random::new(&[self.seed, 2, self.number as u64, place as u64]);
        let access = match random.below(100) {
            0..10 => Access::Public,
            10..30 => self.gate(0),
            30..60 => self.gate(1),
            _ => self.gate(2),
        };
        let mut tags: Vec<String> = (0..2 + random.below(3)).map(|_| tag(random.below(TAGS))).collect();
        tags.sort();
        tags.dedup();
        let topic = phrase(&mut random, 3);
        let next = (place + 1) % self.lessons;
        Lesson {
            name: lesson_name(place),
            title: format!("Lesson {}: {topic}", place + 1),
            description: format!("{}.", capitalised(&phrase(&mut random, 12))),
            weight: place + 1,
            tags,
            access,
            body: body(&mut random, &format!("/{}/{}/", self.name, lesson_name(next))),
        }
    }

    fn gate(&self, tier: usize) -> Access {
        self.bundle.map_or(Access::Tier(tier), |bundle| Access::TierOrBundle(tier, bundle))
    }
}

/// The id of a bundle.
pub(crate) fn bundle(number: usize) -> String {
    format!("bundle-{}", number + 1)
}

fn tag(number: usize) -> String {
    format!("tag-{:03}", number + 1)
}

fn lesson_name(place: usize) -> String {
    format!("lesson-{:02}", place + 1)
}

/// About six kilobytes of Markdown as lessons have it: a lead and a divider, then sections of text, lists, tables,
/// quotes, links and now and then a block of code.
fn body(random: &mut Random, next: &str) -> String {
    let mut text = format!("{}\n\n<!--more-->\n\n", paragraph(random));
    while text.len() < BODY {
        let heading = phrase(random, 3);
        text += &format!("## {heading}\n\n{}\n\n{}\n\n", paragraph(random), paragraph(random));
        match random.below(8) {
            0 => code(random, &mut text),
            1 => list(random, &mut text, "-"),
            2 => list(random, &mut text, "1."),
            3 => table(random, &mut text),
            4 => text += &format!("> {}\n\n", sentence(random)),
            5 => text += &format!("{} See [the next lesson]({next}).\n\n", sentence(random)),
            _ => text += &format!("{}\n\n", paragraph(random)),
        }
    }
    text
}

fn code(random: &mut Random, text: &mut String) {
    let language = random.pick(&["rust", "python", "js", "go", "bash", "c"]);
    text.push_str(&format!("```{language}\n"));
    for line in 0..20 {
        let (left, right) = (random.pick(&WORDS), random.pick(&WORDS));
        text.push_str(&format!("    {left}_{line} = {right}({}, \"{left} & <{right}>\");\n", random.below(1000)));
    }
    text.push_str("```\n\n");
}

fn list(random: &mut Random, text: &mut String, marker: &str) {
    for _ in 0..5 {
        text.push_str(&format!("{marker} {}\n", sentence(random)));
    }
    text.push('\n');
}

fn table(random: &mut Random, text: &mut String) {
    text.push_str("| what | how | why |\n|---|---|---|\n");
    for _ in 0..5 {
        let cells = [random.pick(&WORDS), random.pick(&WORDS), random.pick(&WORDS)];
        text.push_str(&format!("| {} | `{}` | {} |\n", cells[0], cells[1], cells[2]));
    }
    text.push('\n');
}

fn paragraph(random: &mut Random) -> String {
    let sentences: Vec<String> = (0..3 + random.below(3)).map(|_| sentence(random)).collect();
    sentences.join(" ")
}

fn sentence(random: &mut Random) -> String {
    let mut text = capitalised(random.pick(&WORDS));
    for _ in 0..7 + random.below(10) {
        let word = random.pick(&WORDS);
        match random.below(40) {
            0 => write!(text, " *{word}*"),
            1 => write!(text, " **{word}**"),
            2 => write!(text, " `{word}`"),
            3 => write!(text, ", {word}"),
            4 => write!(text, " [{word}](https://example.com/{word}/)"),
            _ => write!(text, " {word}"),
        }
        .expect("a string takes all text");
    }
    text.push('.');
    text
}

fn phrase(random: &mut Random, words: usize) -> String {
    let words: Vec<&str> = (0..words).map(|_| random.pick(&WORDS)).collect();
    words.join(" ")
}

fn capitalised(word: &str) -> String {
    let (first, rest) = word.split_at(1);
    first.to_uppercase() + rest
}

/// Numbers that look random and follow from the seed (splitmix64, Steele, Lea and Flood 2014).
#[derive(Clone, Debug)]
pub(crate) struct Random(u64);

impl Random {
    /// A sequence of its own for each key.
    pub(crate) fn new(key: &[u64]) -> Self {
        let mut random = Self(0x5eed);
        for part in key {
            random.0 ^= part.wrapping_mul(0xff51_afd7_ed55_8ccd);
            random.next();
        }
        random
    }

    /// A number below `end`, which is not 0.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        let number = self.next() % end as u64;
        number as usize
    }

    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

const WORDS: [&str; 120] = [
    "value",
    "reader",
    "owner",
    "borrow",
    "slice",
    "table",
    "window",
    "garden",
    "letter",
    "number",
    "simple",
    "often",
    "under",
    "river",
    "market",
    "teacher",
    "lesson",
    "course",
    "member",
    "answer",
    "question",
    "reason",
    "figure",
    "pattern",
    "string",
    "vector",
    "closure",
    "thread",
    "channel",
    "buffer",
    "memory",
    "pointer",
    "machine",
    "compiler",
    "function",
    "argument",
    "result",
    "error",
    "option",
    "match",
    "branch",
    "loop",
    "module",
    "crate",
    "package",
    "version",
    "release",
    "change",
    "commit",
    "review",
    "test",
    "example",
    "chapter",
    "section",
    "page",
    "paragraph",
    "sentence",
    "word",
    "grammar",
    "meaning",
    "context",
    "history",
    "future",
    "present",
    "minute",
    "moment",
    "season",
    "summer",
    "winter",
    "morning",
    "evening",
    "coffee",
    "bread",
    "kitchen",
    "street",
    "bridge",
    "harbour",
    "village",
    "country",
    "island",
    "mountain",
    "forest",
    "weather",
    "shadow",
    "light",
    "colour",
    "paper",
    "pencil",
    "drawing",
    "picture",
    "camera",
    "music",
    "melody",
    "rhythm",
    "guitar",
    "piano",
    "concert",
    "theatre",
    "player",
    "winner",
    "effort",
    "practice",
    "habit",
    "method",
    "measure",
    "weight",
    "length",
    "distance",
    "journey",
    "station",
    "ticket",
    "carries",
    "follows",
    "explains",
    "becomes",
    "remains",
    "between",
    "without",
    "because",
    "together",
];
