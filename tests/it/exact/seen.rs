//! The naive model: what a reader may see of a drawn site at an instant, straight from the design's words.
//!
//! It asks each tag of each page about this reader, at this instant. There are no rules as values here, no normal form,
//! no variants, and nothing is taken over from the program.

use std::collections::BTreeSet;

use super::school::{Block, CLOCK, DAY, Drip, Item, Keys, Kind, School, Showing, Tag, Teaser, Who, Word};

const HORIZON: i64 = 30 * DAY;
const LONG_AGO: i64 = 0;

/// What a token says, as far as it counts.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Held {
    pub(crate) id: String,
    pub(crate) since: i64,
    pub(crate) until: Option<i64>,
    pub(crate) frozen: Option<i64>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Form {
    Open,
    Waiting,
    Teaser,
    Cover,
    NotFound,
}

/// What there is to know of a page whoever reads it.
#[derive(Clone, Debug)]
struct Ruled {
    published: bool,
    tags: Vec<Tag>,
    afters: Vec<i64>,
    /// For `since joining`: the date of the next page.
    next_date: Option<i64>,
    release: Option<i64>,
    until: Option<i64>,
    /// A frozen entitlement older than this does not count (keep-unlocked).
    floor: i64,
    announced: bool,
    hidden: bool,
    teaser: Option<Teaser>,
}

pub(crate) struct Model<'a> {
    school: &'a School,
    ruled: Vec<Ruled>,
    /// For each file, the tags that a page would inherit that lay beside it, with how long each takes to open.
    lying: Vec<Vec<(Tag, i64)>>,
}

/// A reader's state at an instant.
pub(crate) struct Sight {
    pub(crate) open: Vec<bool>,
    pub(crate) waiting: Vec<bool>,
    /// Who reads what stands above the divider, if there is one.
    pub(crate) above: Vec<bool>,
    pub(crate) known: Vec<bool>,
    /// What a visitor may know of.
    pub(crate) listed: Vec<bool>,
    pub(crate) section_known: Vec<bool>,
    pub(crate) section_listed: Vec<bool>,
}

#[derive(Clone, Copy)]
pub(crate) struct Moment<'a> {
    pub(crate) held: &'a [Held],
    pub(crate) now: i64,
}

fn within(from: Option<i64>, until: Option<i64>, now: i64) -> bool {
    from.is_none_or(|from| from <= now) && until.is_none_or(|until| now < until)
}

impl<'a> Model<'a> {
    pub(crate) fn new(school: &'a School) -> Self {
        let mut model = Self { school, ruled: Vec::new(), lying: Vec::new() };
        model.ruled = (0..school.pages.len()).map(|page| model.rule(page)).collect();
        model.lying = (0..school.files.len()).map(|file| model.tags_beside(file)).collect();
        model
    }

    // What a page inherits.

    /// The keys that count for something in a folder: those of the sections, nearest first. What stands under `cascade`
    /// goes before what stands beside it.
    fn above(&self, folder: Option<usize>) -> Vec<(usize, &'a Keys, &'a Keys)> {
        let mut found = Vec::new();
        let mut at = folder;
        while let Some(folder) = at {
            if let Some(index) = self.school.folders[folder].index {
                found.push((folder, &self.school.pages[index].cascade, &self.school.pages[index].keys));
            }
            at = self.school.folders[folder].parent;
        }
        found
    }

    fn sections_of(&self, page: usize) -> Vec<(usize, &'a Keys, &'a Keys)> {
        let written = &self.school.pages[page];
        match written.kind {
            Kind::Index => self.above(self.school.folders[written.folder].parent),
            Kind::Leaf | Kind::Own => self.above(Some(written.folder)),
        }
    }

    fn nearest<T>(&self, page: usize, key: impl Fn(&'a Keys) -> Option<&'a T>) -> Option<(Option<usize>, &'a T)> {
        if let Some(own) = key(&self.school.pages[page].keys) {
            return Some((None, own));
        }
        self.inherited(&self.sections_of(page), key).map(|(from, value)| (Some(from), value))
    }

    fn inherited<T>(
        &self,
        above: &[(usize, &'a Keys, &'a Keys)],
        key: impl Fn(&'a Keys) -> Option<&'a T>,
    ) -> Option<(usize, &'a T)> {
        above.iter().find_map(|(folder, cascade, own)| key(cascade).or_else(|| key(own)).map(|value| (*folder, value)))
    }

    fn tags_from(&self, above: &[(usize, &'a Keys, &'a Keys)]) -> Vec<Tag> {
        match above {
            [] => self.school.default.clone(),
            [(_, cascade, own), rest @ ..] => match cascade.access.as_ref().or(own.access.as_ref()) {
                None => self.tags_from(rest),
                Some(tags) => joined(tags, || self.tags_from(rest)),
            },
        }
    }

    pub(crate) fn tags_of(&self, page: usize) -> Vec<Tag> {
        let inherited = || self.tags_from(&self.sections_of(page));
        match &self.school.pages[page].keys.access {
            None => inherited(),
            Some(tags) => joined(tags, inherited),
        }
    }

    pub(crate) fn block_tags(&self, page: usize, block: &Block) -> Vec<Tag> {
        joined(&block.tags, || self.ruled[page].tags.clone())
    }

    fn is_draft(&self, page: usize) -> bool {
        self.nearest(page, |keys| keys.draft.as_ref()).is_some_and(|(_, draft)| *draft)
    }

    /// Release and until, a date in the future included.
    pub(crate) fn written_window(&self, page: usize) -> (Option<i64>, Option<i64>) {
        let written = &self.school.pages[page];
        let mut release = self.nearest(page, |keys| keys.release.as_ref()).and_then(|(_, date)| *date);
        if let Some(date) = written.date
            && date > CLOCK
            && written.keys.release.is_none()
        {
            release = Some(release.map_or(date, |release| release.max(date)));
        }
        (release, self.nearest(page, |keys| keys.until.as_ref()).and_then(|(_, date)| *date))
    }

    // Drip.

    /// Pages in and below a folder in reading order, sections' own pages left out.
    fn reading_order(&self, folder: usize) -> Vec<usize> {
        let mut children: Vec<(usize, bool, usize)> = Vec::new();
        for (page, written) in self.school.pages.iter().enumerate() {
            if written.folder == folder && written.kind != Kind::Index {
                children.push((written.number, false, page));
            }
        }
        for (below, written) in self.school.folders.iter().enumerate() {
            if written.parent == Some(folder) {
                children.push((written.number, true, below));
            }
        }
        children.sort_unstable();
        let mut order = Vec::new();
        for (_, is_folder, child) in children {
            if is_folder {
                order.extend(self.reading_order(child));
            } else {
                order.push(child);
            }
        }
        order
    }

    /// The pages that drip one after the other with a section.
    fn dripping(&self, section: usize) -> Vec<usize> {
        let drips = |page: &usize| {
            self.nearest(*page, |keys| keys.drip.as_ref()).is_some_and(|(from, _)| from == Some(section))
                && self.tags_of(*page).iter().any(|tag| !tag.is_public())
                && !self.is_draft(*page)
        };
        self.reading_order(section).into_iter().filter(drips).collect()
    }

    fn afters(&self, page: usize, tags: &[Tag]) -> Vec<i64> {
        let found = self.nearest(page, |keys| keys.drip.as_ref());
        let every = |section: Option<usize>, step: i64| {
            let order = self.dripping(section?);
            let own = self.school.pages[page].kind == Kind::Index;
            let below = if own { self.reading_order(self.school.pages[page].folder) } else { vec![page] };
            let at = order.iter().position(|dripping| below.contains(dripping))?;
            Some(step * i64::try_from(at).unwrap())
        };
        let after = |tag: &Tag| match found {
            None | Some((_, Drip::None)) => 0,
            Some((_, Drip::All(length))) => *length,
            Some((section, Drip::Every(step))) => every(section, *step).unwrap_or(0),
            Some((_, Drip::Named(named))) => longest(tag, named),
        };
        tags.iter().map(after).collect()
    }

    fn next_date(&self, page: usize) -> Option<i64> {
        let written = &self.school.pages[page];
        let beside = self.school.pages.iter().enumerate().filter(|(other, beside)| {
            beside.folder == written.folder && beside.kind != Kind::Index && !self.is_draft(*other)
        });
        let dates = beside.filter_map(|(_, beside)| beside.date);
        written.date.and_then(|date| dates.filter(|other| *other > date).min())
    }

    fn rule(&self, page: usize) -> Ruled {
        let tags = self.tags_of(page);
        let (release, until) = self.written_window(page);
        let hidden = self.nearest(page, |keys| keys.hidden.as_ref()).is_some_and(|(_, hidden)| *hidden);
        let announce = self.nearest(page, |keys| keys.announce.as_ref()).is_some_and(|(_, announce)| *announce);
        let announced = announce && !hidden && release.is_some_and(|release| release > CLOCK);
        let date = self.school.pages[page].date;
        let floor = if self.school.keep { release.or(date).unwrap_or(LONG_AGO) } else { LONG_AGO };
        let mut ruled = Ruled {
            published: true,
            afters: self.afters(page, &tags),
            tags,
            next_date: self.next_date(page),
            release,
            until,
            floor,
            announced,
            hidden,
            teaser: self.nearest(page, |keys| keys.teaser.as_ref()).map(|(_, teaser)| teaser.clone()),
        };
        let over = |tag: &Tag| {
            let from = tag.from.max(release).unwrap_or(LONG_AGO).max(CLOCK);
            let until = tag.until.into_iter().chain(until).min();
            let never = tag.joining && ruled.next_date.is_some_and(|next| next <= LONG_AGO);
            until.is_some_and(|until| until <= from) || never
        };
        let gone = until.is_some_and(|until| until <= CLOCK) || (hidden && ruled.tags.iter().all(over));
        ruled.published = !self.is_draft(page) && release.is_none_or(|at| at <= CLOCK + HORIZON) && !gone;
        ruled
    }

    // What a reader may have.

    fn opens(&self, who: Who, id: &str) -> bool {
        let is = |control: &super::school::Control| control.id == id || control.also.as_deref() == Some(id);
        let tier = self.school.tiers.iter().position(is);
        match who {
            Who::Public => true,
            Who::Members => tier.is_some(),
            Who::Tier(rank) => tier.is_some_and(|held| held >= rank),
            Who::Bundle(bundle) => {
                let includes = self.school.tiers.iter().position(|tier| tier.includes.contains(&bundle));
                is(&self.school.bundles[bundle]) || tier.is_some_and(|held| includes.is_some_and(|rank| held >= rank))
            }
        }
    }

    fn tag_holds(&self, tag: &Tag, (after, joined, floor): (i64, Option<i64>, i64), moment: Moment<'_>) -> bool {
        let now = moment.now;
        if !within(tag.from, tag.until, now) {
            return false;
        }
        let floor = tag.from.unwrap_or(LONG_AGO).max(floor);
        let joined = joined.filter(|_| tag.joining);
        let some = |who: Who, after: i64, joined: Option<i64>| {
            moment.held.iter().any(|held| {
                self.opens(who, &held.id)
                    && within(Some(held.since), held.until, now)
                    && held.since + after <= held.frozen.map_or(now, |frozen| frozen.min(now))
                    && joined.is_none_or(|joined| held.since < joined)
                    && held.frozen.is_none_or(|frozen| floor <= frozen)
            })
        };
        let named = tag.names.iter().all(|name| name.who == Who::Public || some(name.who, after, joined));
        let bundle = tag.names.iter().any(|name| matches!(name.who, Who::Bundle(_)));
        named && (!bundle || self.school.tiers.is_empty() || some(Who::Members, 0, None))
    }

    fn opened(&self, page: usize, moment: Moment<'_>) -> bool {
        let ruled = &self.ruled[page];
        let mut tags = ruled.tags.iter().zip(&ruled.afters);
        within(ruled.release, ruled.until, moment.now)
            && tags.any(|(tag, after)| self.tag_holds(tag, (*after, ruled.next_date, ruled.floor), moment))
    }

    /// The window of everything but the page itself: `announce` lifts the release.
    fn shown(&self, page: usize, now: i64) -> bool {
        let ruled = &self.ruled[page];
        within(ruled.release.filter(|_| !ruled.announced), ruled.until, now)
    }

    fn shown_floor(&self, page: usize) -> i64 {
        let ruled = &self.ruled[page];
        match self.school.pages[page].date {
            _ if !ruled.announced => ruled.floor,
            Some(date) if date <= CLOCK && self.school.keep => date,
            _ => LONG_AGO,
        }
    }

    pub(crate) fn sight(&self, moment: Moment<'_>) -> Sight {
        let pages = 0..self.school.pages.len();
        let published = |page: usize| self.ruled[page].published;
        let open: Vec<bool> = pages.clone().map(|page| published(page) && self.opened(page, moment)).collect();
        let visitor = Moment { held: &[], now: moment.now };
        let known = |open: bool, page: usize| {
            published(page) && if self.ruled[page].hidden { open } else { self.shown(page, moment.now) }
        };
        let waiting = |page: usize| {
            let ruled = &self.ruled[page];
            let extra = (0, ruled.next_date, self.shown_floor(page));
            !ruled.hidden && known(false, page) && ruled.tags.iter().any(|tag| self.tag_holds(tag, extra, moment))
        };
        let above = |page: usize| {
            let ruled = &self.ruled[page];
            let extra = (0, ruled.next_date, self.shown_floor(page));
            let teased = match &ruled.teaser {
                _ if ruled.hidden => false,
                None => true,
                Some(Teaser::Nobody) => false,
                Some(Teaser::Tags(tags)) => tags.iter().any(|tag| self.tag_holds(tag, extra, moment)),
            };
            open[page] || (teased && known(false, page))
        };
        let known_now: Vec<bool> = pages.clone().map(|page| known(open[page], page)).collect();
        let listed: Vec<bool> = pages.clone().map(|page| known(self.opened(page, visitor), page)).collect();
        Sight {
            waiting: pages.clone().map(waiting).collect(),
            above: pages.clone().map(above).collect(),
            section_known: self.sections(&known_now),
            section_listed: self.sections(&listed),
            known: known_now,
            listed,
            open,
        }
    }

    /// A section is known as its page is; without a page, to those who know of something in it.
    fn sections(&self, known: &[bool]) -> Vec<bool> {
        (0..self.school.folders.len()).map(|folder| self.section(folder, known)).collect()
    }

    fn section(&self, folder: usize, known: &[bool]) -> bool {
        if let Some(index) = self.section_page(folder) {
            return known[index];
        }
        let page = |page: usize| {
            let written = &self.school.pages[page];
            written.folder == folder && written.kind != Kind::Index && known[page]
        };
        folder == 0
            || (0..known.len()).any(page)
            || (0..self.school.folders.len())
                .any(|below| self.school.folders[below].parent == Some(folder) && self.section(below, known))
    }

    /// The published page of a section.
    pub(crate) fn section_page(&self, folder: usize) -> Option<usize> {
        self.school.folders[folder].index.filter(|index| self.ruled[*index].published)
    }

    pub(crate) fn is_published(&self, page: usize) -> bool {
        self.ruled[page].published
    }

    pub(crate) fn form(&self, page: usize, sight: &Sight) -> Form {
        if !sight.known[page] {
            Form::NotFound
        } else if sight.open[page] {
            Form::Open
        } else if sight.waiting[page] {
            Form::Waiting
        } else if self.school.pages[page].divider.is_some() && sight.above[page] {
            Form::Teaser
        } else {
            Form::Cover
        }
    }

    pub(crate) fn block_holds(&self, page: usize, block: &Block, moment: Moment<'_>) -> bool {
        let ruled = &self.ruled[page];
        let extra = (block.drip.unwrap_or(0), ruled.next_date, ruled.floor);
        self.block_tags(page, block).iter().any(|tag| self.tag_holds(tag, extra, moment))
    }

    /// Words of the body that are shown: those in the text, headings, notes.
    pub(crate) fn body(&self, page: usize, sight: &Sight, moment: Moment<'_>) -> Body {
        let written = &self.school.pages[page];
        let mut body = Body::default();
        let divider = written.divider.filter(|_| sight.above[page]);
        let items = match self.form(page, sight) {
            Form::Open => &written.body[..],
            Form::Waiting | Form::Teaser => &written.body[..divider.unwrap_or(0)],
            Form::Cover | Form::NotFound => &[],
        };
        self.gather(page, items, (sight.open[page], moment), &mut body);
        body
    }

    /// What a list may print of a page: the part above its divider, without notes.
    pub(crate) fn summary(&self, page: usize, sight: &Sight, moment: Moment<'_>) -> (BTreeSet<Word>, BTreeSet<Word>) {
        let written = &self.school.pages[page];
        let (mut must, mut may) = (Body::default(), Body::default());
        if let Some(divider) = written.divider.filter(|_| sight.above[page]) {
            self.gather(page, &written.body[..divider], (true, moment), &mut may);
            if self.ruled[page].teaser.is_none() || self.ruled[page].hidden {
                self.gather(page, &written.body[..divider], (false, moment), &mut must);
            }
        }
        (must.text, may.text)
    }

    fn gather(&self, page: usize, items: &[Item], (blocks, moment): (bool, Moment<'_>), body: &mut Body) {
        for item in items {
            match item {
                Item::Text(word) | Item::File { word, .. } => body.text.extend([*word]),
                Item::Heading(word) => {
                    body.text.insert(*word);
                    body.headings.insert(*word);
                }
                Item::Note { text, note, late } => {
                    body.text.insert(*text);
                    if !late || blocks {
                        body.notes.insert(*note);
                    }
                }
                Item::Block(block) if blocks && self.block_holds(page, block, moment) => {
                    self.gather(page, &block.items, (blocks, moment), body);
                }
                Item::Block(_) => {}
            }
        }
    }

    /// The title's word; the second value says whether it is sure.
    pub(crate) fn title(&self, page: usize, sight: &Sight) -> (BTreeSet<Word>, BTreeSet<Word>) {
        let written = &self.school.pages[page];
        let ruled = &self.ruled[page];
        let heading = written.body.iter().find_map(|item| match item {
            Item::Heading(word) => Some(*word),
            _ => None,
        });
        let for_all = ruled.hidden || (!ruled.announced && ruled.tags.iter().any(Tag::is_bare_public));
        match (written.title, heading) {
            (Some(word), _) => (BTreeSet::from([word]), BTreeSet::new()),
            (None, Some(word)) if for_all => (BTreeSet::from([word]), BTreeSet::from([written.slug])),
            (None, Some(word)) if sight.open[page] => (BTreeSet::new(), BTreeSet::from([word, written.slug])),
            (None, _) => (BTreeSet::new(), BTreeSet::from([self.name_word(page)])),
        }
    }

    /// The word in a page's file name, or in its folder's.
    pub(crate) fn name_word(&self, page: usize) -> Word {
        let written = &self.school.pages[page];
        if written.kind == Kind::Index { self.school.folders[written.folder].slug } else { written.slug }
    }

    pub(crate) fn heading(&self, page: usize) -> Option<Word> {
        let headings = self.school.pages[page].body.iter();
        headings.filter_map(|item| if let Item::Heading(word) = item { Some(*word) } else { None }).next()
    }

    // Files.

    /// Whether a reader may have a file, and whether the others learn of it; none where it is not published.
    pub(crate) fn file(&self, number: usize, sight: &Sight, moment: Moment<'_>) -> Option<(bool, bool)> {
        let mut places = Vec::new();
        for (page, written) in self.school.pages.iter().enumerate() {
            let mut walk = Walk { model: self, page, file: number, sight, moment, places: Vec::new() };
            let divider = written.divider.unwrap_or(0);
            walk.items(&written.body[..divider], (sight.above[page], false));
            walk.items(&written.body[divider..], (sight.open[page], false));
            let hidden = self.ruled[page].hidden;
            if written.extra_file == Some(number) {
                walk.places.push((Showing::Image, sight.open[page], hidden));
            }
            if written.image == Some(number) {
                walk.places.push((Showing::Image, sight.known[page], hidden));
            }
            places.extend(walk.places.into_iter().map(|place| (page, place)));
        }
        let shown = !places.is_empty();
        places.retain(|(page, _)| self.ruled[*page].published);
        let beside = self.beside(number);
        let published: Vec<usize> = beside.iter().copied().filter(|page| self.ruled[*page].published).collect();
        if (places.is_empty() && shown) || (!shown && published.is_empty() && !beside.is_empty()) {
            return None;
        }
        let name = &self.school.files[number].name;
        let claims = |page: &usize| {
            self.is_draft(*page) && self.school.pages[*page].files.iter().any(|(pattern, _)| matches(pattern, name))
        };
        // What a draft says whose it is, and nothing else, is a file of the draft.
        if !shown && self.written(number, moment).is_none() && beside.iter().any(claims) {
            return None;
        }
        let (lies, lies_hidden) = self.lying(number, moment);
        let beside_hidden = lies_hidden || published.iter().any(|page| self.ruled[*page].hidden);
        let hidden = if places.is_empty() { beside_hidden } else { places.iter().all(|(_, (_, _, hidden))| *hidden) };
        if let Some(holds) = self.written(number, moment) {
            return Some((holds, hidden));
        }
        if places.is_empty() {
            return Some((lies && published.iter().all(|page| sight.open[*page]), hidden));
        }
        let any = |ways: &[Showing]| {
            let mut of = places.iter().filter(|(_, (how, _, _))| ways.contains(how)).peekable();
            of.peek().is_some().then(|| of.any(|(_, (_, holds, _))| *holds))
        };
        let embedded = any(&[Showing::Image, Showing::Video]);
        let linked = any(&[Showing::Link, Showing::RawLink]);
        // What a lesson links lies there as a page would that comes when the lesson does.
        let within = |ways: &[Showing]| {
            let of = places.iter().filter(|(_, (how, _, _))| ways.contains(how));
            of.into_iter().any(|(page, (_, holds, _))| *holds && self.lying_with(number, *page, moment))
        };
        if embedded.is_none() && linked.is_none() {
            return Some((within(&[Showing::Mention]), hidden));
        }
        Some((embedded == Some(true) || within(&[Showing::Link, Showing::RawLink]), hidden))
    }

    /// The pages that lie in the same folder on disk.
    fn beside(&self, file: usize) -> Vec<usize> {
        let file = &self.school.files[file];
        let lies = |page: &usize| match file.own {
            Some(own) => own == *page,
            None => self.school.pages[*page].folder == file.folder && self.school.pages[*page].kind != Kind::Own,
        };
        (0..self.school.pages.len()).filter(lies).collect()
    }

    /// What a page would inherit that lay beside the file.
    fn lying(&self, file: usize, moment: Moment<'_>) -> (bool, bool) {
        let above = self.above(Some(self.school.files[file].folder));
        if self.lying_draft(&above) {
            return (false, true);
        }
        let release = self.inherited(&above, |keys| keys.release.as_ref()).and_then(|(_, date)| *date);
        let until = self.inherited(&above, |keys| keys.until.as_ref()).and_then(|(_, date)| *date);
        let hidden = self.inherited(&above, |keys| keys.hidden.as_ref()).is_some_and(|(_, hidden)| *hidden);
        let floor = release.filter(|_| self.school.keep).unwrap_or(LONG_AGO);
        let mut tags = self.lying[file].iter();
        let holds = tags.any(|(tag, after)| self.tag_holds(tag, (*after, None, floor), moment));
        (within(release, until, moment.now) && holds, hidden)
    }

    /// What a page would have that lay beside the file and comes when this one comes.
    fn lying_with(&self, file: usize, page: usize, moment: Moment<'_>) -> bool {
        let above = self.above(Some(self.school.files[file].folder));
        let drip = self.inherited(&above, |keys| keys.drip.as_ref());
        let own = match drip {
            Some((section, Drip::Every(step))) => {
                let at = self.dripping(section).iter().position(|other| *other == page);
                at.map(|at| step * i64::try_from(at).unwrap())
            }
            _ => None,
        };
        let (Some(own), false) = (own, self.lying_draft(&above)) else { return self.lying(file, moment).0 };
        let release = self.inherited(&above, |keys| keys.release.as_ref()).and_then(|(_, date)| *date);
        let until = self.inherited(&above, |keys| keys.until.as_ref()).and_then(|(_, date)| *date);
        let floor = release.filter(|_| self.school.keep).unwrap_or(LONG_AGO);
        let mut tags = self.tags_from(&above).into_iter();
        within(release, until, moment.now) && tags.any(|tag| self.tag_holds(&tag, (own, None, floor), moment))
    }

    fn lying_draft(&self, above: &[(usize, &Keys, &Keys)]) -> bool {
        self.inherited(above, |keys| keys.draft.as_ref()).is_some_and(|(_, draft)| *draft)
    }

    fn tags_beside(&self, file: usize) -> Vec<(Tag, i64)> {
        let above = self.above(Some(self.school.files[file].folder));
        let drip = self.inherited(&above, |keys| keys.drip.as_ref());
        let after = |tag: &Tag| match drip {
            None | Some((_, Drip::None)) => 0,
            Some((_, Drip::All(length))) => *length,
            // It has no place in the order, so it comes with the last.
            Some((section, Drip::Every(step))) => {
                step * i64::try_from(self.dripping(section).len().saturating_sub(1)).unwrap()
            }
            Some((_, Drip::Named(named))) => longest(tag, named),
        };
        self.tags_from(&above).into_iter().map(|tag| (tag.clone(), after(&tag))).collect()
    }

    /// What `files:` says: of pages beside the file, else of the `_index.md` of a folder above.
    fn written(&self, number: usize, moment: Moment<'_>) -> Option<bool> {
        let file = &self.school.files[number];
        let says = |page: usize, name: &str| {
            let written = &self.school.pages[page];
            let matching = written.files.iter().filter(|(pattern, _)| matches(pattern, name));
            let tags: Vec<&Tag> = matching.filter(|_| !self.is_draft(page)).flat_map(|(_, tags)| tags).collect();
            let ruled = &self.ruled[page];
            let extra = (0, ruled.next_date, ruled.floor);
            (!tags.is_empty()).then(|| {
                within(ruled.release, ruled.until, moment.now)
                    && tags.iter().any(|tag| self.tag_holds(tag, extra, moment))
            })
        };
        let beside: Vec<bool> = self.beside(number).into_iter().filter_map(|page| says(page, &file.name)).collect();
        if !beside.is_empty() {
            return Some(beside.contains(&true));
        }
        // A pattern without a slash does not reach into folders, and the drawn ones have none.
        None
    }
}

pub(super) fn matches(pattern: &str, name: &str) -> bool {
    match (pattern.strip_prefix('*'), pattern.strip_suffix('*')) {
        (Some(end), _) => name.ends_with(end),
        (_, Some(start)) => name.starts_with(start),
        _ => name == pattern,
    }
}

/// Finds the places that show a file.
struct Walk<'a> {
    model: &'a Model<'a>,
    page: usize,
    file: usize,
    sight: &'a Sight,
    moment: Moment<'a>,
    places: Vec<(Showing, bool, bool)>,
}

impl Walk<'_> {
    fn items(&mut self, items: &[Item], (holds, hidden): (bool, bool)) {
        for item in items {
            match item {
                Item::File { file, how, .. } if *file == self.file => {
                    let beside = self.model.beside(self.file).contains(&self.page);
                    let hidden = hidden || self.model.ruled[self.page].hidden;
                    match how {
                        // Only what lies in the page's folder is known by its name.
                        Showing::Mention if !beside => {}
                        // Bare words in a teaser are words of the page.
                        Showing::Mention => self.places.push((*how, holds && self.sight.open[self.page], hidden)),
                        _ => self.places.push((*how, holds, hidden)),
                    }
                }
                Item::Block(block) => {
                    let holds =
                        holds && self.sight.open[self.page] && self.model.block_holds(self.page, block, self.moment);
                    self.items(&block.items, (holds, hidden || block.hidden));
                }
                _ => {}
            }
        }
    }
}

/// What is shown of a body.
#[derive(Default)]
pub(crate) struct Body {
    pub(crate) text: BTreeSet<Word>,
    pub(crate) headings: BTreeSet<Word>,
    pub(crate) notes: BTreeSet<Word>,
}

fn longest(tag: &Tag, named: &[(super::school::Name, i64)]) -> i64 {
    let of = |(drip, length): &(super::school::Name, i64)| {
        tag.names.iter().any(|name| name.who == drip.who).then_some(*length)
    };
    named.iter().filter_map(of).max().unwrap_or(0)
}

/// Puts what is inherited in the place of a leading `+`.
fn joined(tags: &[Tag], inherited: impl Fn() -> Vec<Tag>) -> Vec<Tag> {
    let mut found = Vec::new();
    for tag in tags {
        if !tag.plus {
            found.push(tag.clone());
            continue;
        }
        for base in inherited() {
            let mut both = base.clone();
            both.names.extend(tag.names.iter().cloned());
            both.names.retain(|name| name.who != Who::Public);
            both.joining |= tag.joining;
            both.from = base.from.max(tag.from);
            both.until = base.until.into_iter().chain(tag.until).min();
            found.push(both);
        }
    }
    found
}
