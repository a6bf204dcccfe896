//! Draws small sites: every part of access control, in every combination that is no fault.

use super::school::{
    Block, CLOCK, Control, DAY, Dice, Drip, File, Folder, HOUR, Item, Keys, Kind, Name, Page, School, Showing, Tag,
    Teaser, Who, Word,
};
use super::seen::{Model, matches};

pub(crate) const LENGTHS: [i64; 5] = [12 * HOUR, DAY, 3 * DAY, 7 * DAY, 14 * DAY];

struct Draw {
    dice: Dice,
    words: Word,
    school: School,
    tags: Vec<Word>,
}

/// The site of a seed.
pub(crate) fn draw(seed: u64) -> School {
    let mut dice = Dice(seed);
    let keep = dice.chance(40);
    let windows = keep || dice.chance(75);
    let school = School {
        keep,
        windows,
        tiers: Vec::new(),
        bundles: Vec::new(),
        default: Vec::new(),
        folders: Vec::new(),
        pages: Vec::new(),
        files: Vec::new(),
        named: 0,
    };
    let mut draw = Draw { dice, words: 0, school, tags: Vec::new() };
    draw.tags = vec![draw.word(), draw.word(), draw.word()];
    draw.catalogue();
    draw.school.default = if draw.dice.chance(50) { vec![public()] } else { draw.list(false, false) };
    draw.tree();
    draw.files();
    draw.bodies();
    draw.mend();
    draw.school.named = draw.dice.below(draw.school.folders.len());
    draw.school
}

fn public() -> Tag {
    let names = vec![Name { who: Who::Public, written: "public".to_owned() }];
    Tag { plus: false, names, joining: false, from: None, until: None }
}

impl Draw {
    fn word(&mut self) -> Word {
        self.words += 1;
        self.words
    }

    fn catalogue(&mut self) {
        let (tiers, bundles) = loop {
            let counts = (self.dice.below(4), self.dice.below(4));
            if counts != (0, 0) {
                break counts;
            }
        };
        for bundle in 0..bundles {
            let also = self.dice.chance(30).then(|| format!("was-b{bundle}"));
            self.school.bundles.push(Control { id: format!("b{bundle}"), also, includes: Vec::new() });
        }
        for tier in 0..tiers {
            let also = self.dice.chance(30).then(|| format!("was-t{tier}"));
            let includes = (0..bundles).filter(|_| self.dice.chance(20)).collect();
            self.school.tiers.push(Control { id: format!("t{tier}"), also, includes });
        }
    }

    fn instant(&mut self) -> i64 {
        let offsets = [-30 * DAY, -7 * DAY, -DAY, 0, HOUR, DAY, 3 * DAY, 7 * DAY, 20 * DAY, 40 * DAY];
        CLOCK + self.dice.pick(&offsets)
    }

    fn name(&mut self) -> Name {
        let (tiers, bundles) = (self.school.tiers.len(), self.school.bundles.len());
        if tiers > 0 && self.dice.chance(15) {
            return Name { who: Who::Members, written: "members".to_owned() };
        }
        let number = self.dice.below(tiers + bundles);
        let (who, control) = if number < tiers {
            (Who::Tier(number), self.school.tiers[number].clone())
        } else {
            (Who::Bundle(number - tiers), self.school.bundles[number - tiers].clone())
        };
        let former = control.also.filter(|_| self.dice.chance(30));
        Name { who, written: former.unwrap_or(control.id) }
    }

    fn window(&mut self, tag: &mut Tag) {
        let (one, two) = (self.instant(), self.instant());
        match self.dice.below(3) {
            0 => tag.from = Some(one),
            1 => tag.until = Some(one),
            _ if one != two => (tag.from, tag.until) = (Some(one.min(two)), Some(one.max(two))),
            _ => tag.from = Some(one),
        }
    }

    /// Tags with at least one that is not public without a window.
    fn list(&mut self, plus: bool, joining: bool) -> Vec<Tag> {
        let mut tags = Vec::new();
        let plus = plus && self.dice.chance(25);
        for _ in 0..1 + self.dice.below(2) + self.dice.below(2) {
            let mut tag = public();
            tag.plus = plus;
            if plus || !self.school.windows || self.dice.chance(80) {
                tag.names = vec![self.name()];
                while self.dice.chance(25) {
                    let name = self.name();
                    if tag.names.iter().all(|known| known.who != name.who) {
                        tag.names.push(name);
                    }
                }
                tag.joining = joining && self.dice.chance(20);
                if self.school.windows && self.dice.chance(20) {
                    self.window(&mut tag);
                }
            } else {
                self.window(&mut tag);
            }
            tags.push(tag);
        }
        tags
    }

    fn drip(&mut self, section: bool) -> Drip {
        let length = self.dice.pick(&LENGTHS);
        match self.dice.below(if section { 6 } else { 4 }) {
            0 => Drip::None,
            1 => Drip::All(length),
            2 | 3 => {
                let mut named: Vec<(Name, i64)> = Vec::new();
                for _ in 0..1 + self.dice.below(2) {
                    let (name, length) = (self.name(), self.dice.pick(&LENGTHS));
                    if name.who != Who::Members && named.iter().all(|(known, _)| known.who != name.who) {
                        named.push((name, length));
                    }
                }
                if named.is_empty() { Drip::All(length) } else { Drip::Named(named) }
            }
            _ => Drip::Every(length),
        }
    }

    fn keys(&mut self, section: bool, often: usize) -> Keys {
        let mut keys = Keys::default();
        if self.dice.chance(often) {
            keys.access = Some(if self.dice.chance(20) { vec![public()] } else { self.list(true, !section) });
        }
        let gated = keys.access.as_ref().is_some_and(|tags| tags.iter().any(|tag| !tag.is_public()));
        if self.dice.chance(often / 2) && (section || gated) {
            keys.drip = Some(self.drip(section));
        }
        if self.school.windows {
            if self.dice.chance(18) {
                keys.release = Some(Some(self.instant()).filter(|_| self.dice.chance(85)));
            }
            if self.dice.chance(12) {
                keys.until = Some(Some(self.instant()).filter(|_| self.dice.chance(70)));
            }
            if self.dice.chance(20) {
                keys.announce = Some(self.dice.chance(80));
            }
        }
        if self.dice.chance(18) {
            keys.hidden = Some(self.dice.chance(70));
        }
        if self.dice.chance(20) {
            keys.teaser =
                Some(if self.dice.chance(30) { Teaser::Nobody } else { Teaser::Tags(self.list(false, false)) });
        }
        if self.dice.chance(6) {
            keys.draft = Some(self.dice.chance(70));
        }
        keys
    }

    fn tree(&mut self) {
        for folder in 0..1 + self.dice.below(4) {
            let parent = (folder > 0).then(|| self.dice.below(folder));
            let slug = self.word();
            self.school.folders.push(Folder { slug, number: folder, parent, index: None });
            let index = self.dice.chance(if folder == 0 { 50 } else { 70 });
            if index {
                self.school.folders[folder].index = Some(self.school.pages.len());
                self.page(folder, Kind::Index, 0);
            }
            let leaves = self.dice.below(4) + usize::from(!index);
            for leaf in 0..leaves {
                let kind = if self.dice.chance(25) { Kind::Own } else { Kind::Leaf };
                self.page(folder, kind, 10 + leaf);
            }
        }
    }

    fn page(&mut self, folder: usize, kind: Kind, number: usize) {
        let slug = self.word();
        let section = kind == Kind::Index;
        let mut keys = self.keys(section, if section { 40 } else { 45 });
        let mut cascade = if section && self.dice.chance(50) { self.keys(true, 60) } else { Keys::default() };
        if section && keys.access.as_ref().is_some_and(|tags| tags[0].is_bare_public()) && cascade.access.is_none() {
            cascade.access = Some(self.list(false, false));
        }
        if folder == 0 && section {
            // A home page that nobody may know of is possible, and dull.
            keys.draft = None;
        }
        let word = |draw: &mut Self, percent| draw.dice.chance(percent).then(|| draw.word());
        let (title, description, extra) = (word(self, 75), word(self, 60), word(self, 40));
        let tags = self.tags.clone().into_iter().filter(|_| self.dice.chance(25)).collect();
        let alias = self.dice.chance(25).then(|| format!("/old/{number}-{slug}/"));
        let date = self.dice.chance(35).then(|| if self.school.windows { self.instant() } else { CLOCK - DAY });
        self.school.pages.push(Page {
            folder,
            kind,
            number,
            slug,
            title,
            description,
            date,
            tags,
            alias,
            extra,
            extra_file: None,
            image: None,
            keys,
            cascade,
            files: Vec::new(),
            body: Vec::new(),
            divider: None,
        });
    }

    fn files(&mut self) {
        for number in 0..self.dice.below(5) {
            let page = self.dice.below(self.school.pages.len());
            let own = (self.school.pages[page].kind == Kind::Own && self.dice.chance(60)).then_some(page);
            let extension = self.dice.pick(&["png", "pdf", "mp4"]);
            let (folder, word) = (self.school.pages[page].folder, self.word());
            self.school.files.push(File { folder, own, name: format!("file{number}.{extension}"), word });
            if self.dice.chance(20) {
                let tags = if self.dice.chance(20) { vec![public()] } else { self.list(false, false) };
                let name = if self.dice.chance(50) { format!("*.{extension}") } else { format!("file{number}.*") };
                self.school.pages[page].files = vec![(name, tags)];
            }
            if self.dice.chance(12) {
                self.beside(number).image = Some(number);
            }
            if self.dice.chance(12) {
                self.beside(number).extra_file = Some(number);
            }
        }
        self.agree_on_files();
    }

    /// Takes out what is an error: a `files:` key that names nothing, and pages that say different things of one file.
    fn agree_on_files(&mut self) {
        let mut before: Vec<(usize, Vec<usize>)> = Vec::new();
        for page in 0..self.school.pages.len() {
            let Some((pattern, _)) = self.school.pages[page].files.first() else { continue };
            let is_named = |file: &usize| {
                self.lying_beside(*file).contains(&page) && matches(pattern, &self.school.files[*file].name)
            };
            let named: Vec<usize> = (0..self.school.files.len()).filter(is_named).collect();
            let shares = |(_, other): &&(usize, Vec<usize>)| other.iter().any(|file| named.contains(file));
            let others: Vec<usize> = before.iter().filter(shares).map(|(page, _)| *page).collect();
            match others.as_slice() {
                _ if named.is_empty() => self.school.pages[page].files.clear(),
                [] => {}
                [other] => self.school.pages[page].files[0].1 = self.school.pages[*other].files[0].1.clone(),
                [..] => self.school.pages[page].files.clear(),
            }
            if !self.school.pages[page].files.is_empty() {
                before.push((page, named));
            }
        }
    }

    /// A page that lies beside a file.
    fn beside(&mut self, file: usize) -> &mut Page {
        let candidates = self.candidates(file);
        let page = self.dice.pick(&candidates);
        &mut self.school.pages[page]
    }

    fn lying_beside(&self, file: usize) -> Vec<usize> {
        let school = &self.school;
        let file = &school.files[file];
        let lies = |page: &usize| match file.own {
            Some(own) => own == *page,
            None => school.pages[*page].folder == file.folder && school.pages[*page].kind != Kind::Own,
        };
        (0..school.pages.len()).filter(lies).collect()
    }

    fn candidates(&self, file: usize) -> Vec<usize> {
        let found = self.lying_beside(file);
        // Where no page lies beside it, any page at all: with the file's URL.
        if found.is_empty() { (0..self.school.pages.len()).collect() } else { found }
    }

    fn bodies(&mut self) {
        for page in 0..self.school.pages.len() {
            let files: Vec<usize> =
                (0..self.school.files.len()).filter(|file| self.candidates(*file).contains(&page)).collect();
            let far: Vec<usize> = (0..self.school.files.len()).collect();
            let mut body = Vec::new();
            for _ in 0..self.dice.below(6) {
                let files = if self.dice.chance(80) { &files } else { &far };
                let item = self.item(files, 2);
                body.push(item);
            }
            // A late footnote is used in the open part alone: its definition stands below every block.
            self.school.pages[page].divider = self.dice.chance(45).then(|| self.dice.below(body.len() + 1));
            self.school.pages[page].body = body;
        }
    }

    fn item(&mut self, files: &[usize], depth: usize) -> Item {
        match self.dice.below(10) {
            0..=2 => Item::Text(self.word()),
            3 => Item::Heading(self.word()),
            4 => Item::Note { text: self.word(), note: self.word(), late: depth == 2 && self.dice.chance(50) },
            5 | 6 if !files.is_empty() => {
                let ways = [Showing::Image, Showing::Video, Showing::Link, Showing::RawLink, Showing::Mention];
                Item::File { word: self.word(), file: self.dice.pick(files), how: self.dice.pick(&ways) }
            }
            7..=9 if depth > 0 => {
                let tags = self.list(true, true);
                let drip = self.dice.chance(20).then(|| self.dice.pick(&LENGTHS));
                let hidden = self.dice.chance(30);
                let items = (0..1 + self.dice.below(2)).map(|_| self.item(files, depth - 1)).collect();
                Item::Block(Block { tags, drip, hidden, items })
            }
            _ => Item::Text(self.word()),
        }
    }

    /// Takes out what would be an error: the model says what a page inherits.
    fn mend(&mut self) {
        for page in 0..self.school.pages.len() {
            let model = Model::new(&self.school);
            let resolved = model.tags_of(page);
            let mut blocks = Vec::new();
            all_blocks(&self.school.pages[page].body, &mut blocks);
            let joining = resolved.iter().any(|tag| tag.joining)
                || blocks.iter().any(|block| model.block_tags(page, block).iter().any(|tag| tag.joining));
            let gated = resolved.iter().any(|tag| !tag.is_public());
            let open_blocks: Vec<bool> =
                blocks.iter().map(|block| model.block_tags(page, block).iter().all(Tag::is_public)).collect();
            let written = &mut self.school.pages[page];
            mend_blocks(&mut written.body, &mut open_blocks.into_iter());
            if !gated && written.kind != Kind::Index && !matches!(written.keys.drip, None | Some(Drip::None)) {
                written.keys.drip = None;
            }
            if let Some(Drip::Named(named)) = &mut written.keys.drip
                && written.kind != Kind::Index
            {
                let is_named = |who: Who| resolved.iter().flat_map(|tag| &tag.names).any(|name| name.who == who);
                named.retain(|(name, _)| is_named(name.who));
                if named.is_empty() {
                    written.keys.drip = None;
                }
            }
            if written.date.is_none() && (self.school.keep || joining) {
                written.date = Some(CLOCK - DAY * (1 + i64::try_from(written.number).unwrap()));
            }
            if self.school.keep && written.keys.release == Some(None) {
                written.date = written.date.map(|date| date.min(CLOCK - DAY));
            }
            let (release, until) = Model::new(&self.school).written_window(page);
            if let (Some(release), Some(until)) = (release, until)
                && until <= release
            {
                self.school.pages[page].keys.until = Some(None);
            }
        }
    }
}

fn all_blocks<'a>(items: &'a [Item], found: &mut Vec<&'a Block>) {
    for item in items {
        if let Item::Block(block) = item {
            found.push(block);
            all_blocks(&block.items, found);
        }
    }
}

fn mend_blocks(items: &mut [Item], open: &mut impl Iterator<Item = bool>) {
    for item in items {
        if let Item::Block(block) = item {
            if open.next().unwrap() {
                block.drip = None;
            }
            mend_blocks(&mut block.items, open);
        }
    }
}
