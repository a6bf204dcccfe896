//! The picture of a simulation: one HTML page that needs nothing else, no script and no network.
//!
//! A lane for each grant; what it is worth is told by colour and in words, in the bar or below it, so that no reader depends
//! on one of them. It is drawn as SVG and listed as a table below.

use jiff::tz::TimeZone;

use super::member::{Grant, State};
use super::simulate::{Simulation, Step};
use super::words;
use crate::escape::push_escaped;
use crate::time::Timestamp;

/// What lanes are drawn on, in units of the drawing.
const LEFT: f64 = 200.0;
const WIDTH: f64 = 800.0;
const TOP: f64 = 46.0;
const LANE: f64 = 46.0;
const BAR: f64 = 26.0;

const STYLE: &str = "\
:root{color-scheme:light dark;--ground:#fff;--ink:#1a1a1a;--faint:#5c5c5c;--line:#c9c9c9;\
--active:#1b7f4b;--pending:#9a6700;--overdue:#c02b1d;--superseded:#5b6b7b;--suspended:#7a4fb5;--frozen:#1668b8}
@media (prefers-color-scheme:dark){:root{--ground:#16181b;--ink:#ececec;--faint:#a8adb3;--line:#454b52;\
--active:#3fb27a;--pending:#d9a53a;--overdue:#f0796c;--superseded:#93a4b5;--suspended:#b493e6;--frozen:#6cb3f2}}
body{background:var(--ground);color:var(--ink);font:16px/1.5 system-ui,sans-serif;margin:2rem auto;max-width:70rem;\
padding:0 1rem}
h1{font-size:1.4rem}.wide{overflow-x:auto}svg{width:100%;min-width:46rem;height:auto;display:block}
svg text{fill:var(--ink);font:13px system-ui,sans-serif}svg .faint{fill:var(--faint);font-size:12px}
svg .on{fill:var(--ground);font-weight:600;font-size:12px}.grid{stroke:var(--line);stroke-width:1}
.active{fill:var(--active)}.pending_cancellation{fill:var(--pending)}.overdue{fill:var(--overdue)}\
.superseded{fill:var(--superseded)}.suspended{fill:var(--suspended)}.frozen{fill:var(--frozen)}
.mark{fill:var(--ink)}table{border-collapse:collapse;width:100%;margin-top:1.5rem}\
th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid var(--line)}
th{font-weight:600}td:first-child{white-space:nowrap}td ul{margin:0;padding-left:1.1rem}.failures{border-left:4px solid var(--overdue);padding-left:1rem}";

/// The page.
#[must_use]
pub fn picture(simulation: &Simulation, zone: &TimeZone) -> String {
    let title = if simulation.title.is_empty() { "Timeline" } else { &simulation.title };
    let mut page = String::from("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n");
    page.push_str("<meta name=\"viewport\" content=\"width=device-width\">\n<title>");
    push_escaped(&mut page, title);
    page.push_str("</title>\n<style>");
    page.push_str(STYLE);
    page.push_str("</style>\n<h1>");
    push_escaped(&mut page, title);
    page.push_str("</h1>\n");
    failures(simulation, &mut page);
    page.push_str("<div class=\"wide\">\n");
    Drawing::of(simulation, zone).draw(&mut page);
    page.push_str("</div>\n");
    table(simulation, zone, &mut page);
    page
}

fn failures(simulation: &Simulation, page: &mut String) {
    if simulation.failures.is_empty() {
        return;
    }
    page.push_str("<div class=\"failures\"><p>Not as expected:</p><ul>");
    for failure in &simulation.failures {
        item(page, &failure.message);
    }
    page.push_str("</ul></div>\n");
}

fn item(page: &mut String, text: &str) {
    page.push_str("<li>");
    push_escaped(page, text);
    page.push_str("</li>");
}

struct Drawing<'a> {
    simulation: &'a Simulation,
    zone: &'a TimeZone,
    from: Timestamp,
    to: Timestamp,
    lanes: Vec<String>,
}

/// A stretch of a lane over which a grant is worth the same.
struct Stretch {
    from: Timestamp,
    to: Timestamp,
    class: &'static str,
    label: &'static str,
}

impl<'a> Drawing<'a> {
    fn of(simulation: &'a Simulation, zone: &'a TimeZone) -> Self {
        let from = simulation.steps.first().map_or(Timestamp::MIN, |step| step.at);
        let last = simulation.steps.last().map_or(from, |step| step.at).max(simulation.until);
        // A little more than the last thing, so that what it began can be seen.
        let more = ((last.seconds() - from.seconds()) / 20).max(86_400);
        let to = Timestamp::saturating(last.seconds().saturating_add(more));
        let grants = simulation.steps.last().map(|step| step.member.grants.as_slice()).unwrap_or_default();
        let lanes = grants.iter().map(|grant| grant.reference.clone()).collect();
        Self { simulation, zone, from, to, lanes }
    }

    #[expect(clippy::cast_precision_loss, reason = "instants are drawn to the pixel")]
    fn x(&self, at: Timestamp) -> f64 {
        let whole = (self.to.seconds() - self.from.seconds()).max(1) as f64;
        let part = (at.max(self.from).min(self.to).seconds() - self.from.seconds()) as f64;
        LEFT + WIDTH * part / whole
    }

    #[expect(clippy::cast_precision_loss, reason = "lanes are few")]
    fn y(lane: usize) -> f64 {
        TOP + LANE * lane as f64
    }

    fn draw(&self, page: &mut String) {
        let height = Self::y(self.lanes.len()) + 34.0;
        page.push_str(&format!(
            "<svg viewBox=\"0 0 {:.0} {height:.0}\" role=\"img\" aria-label=\"What each grant is worth, over time\">\n",
            LEFT + WIDTH + 80.0,
        ));
        self.grid(page, height);
        for (number, name) in self.lanes.iter().enumerate() {
            self.lane(page, number, name);
        }
        page.push_str("</svg>\n");
    }

    /// A line at each instant at which something happens, and its date where there is room for it.
    fn grid(&self, page: &mut String, height: f64) {
        let mut free = f64::MIN;
        for step in self.simulation.steps.iter().filter(|step| !step.events.is_empty() || !step.told.is_empty()) {
            let x = self.x(step.at);
            let foot = height - 24.0;
            page.push_str(&format!(
                "<line class=\"grid\" x1=\"{x:.1}\" x2=\"{x:.1}\" y1=\"{}\" y2=\"{foot:.0}\"/>",
                TOP - 12.0
            ));
            if x >= free {
                label(page, (x, TOP - 20.0), "faint", &words::day(step.at, self.zone));
                free = x + 92.0;
            }
        }
    }

    fn lane(&self, page: &mut String, number: usize, name: &str) {
        let y = Self::y(number);
        let grants = self.simulation.steps.iter().rev().filter_map(|step| step.member.grants.get(number));
        let Some(grant) = grants.into_iter().next() else { return };
        label(page, (8.0, y + 13.0), "", name);
        let what = if grant.reference == grant.access_control.as_str() {
            String::new()
        } else {
            grant.access_control.to_string()
        };
        label(page, (8.0, y + 29.0), "faint", &what);
        let mut free = f64::MIN;
        for stretch in self.stretches(number) {
            let (left, right) = (self.x(stretch.from), self.x(stretch.to));
            let width = (right - left).max(2.0);
            page.push_str(&format!("<rect class=\"{}\" x=\"{left:.1}\" y=\"{y:.0}\" width=\"{width:.1}\" height=\"{BAR}\" rx=\"3\"><title>",
                stretch.class,
            ));
            push_escaped(page, &self.told(name, &stretch));
            page.push_str("</title></rect>");
            let room = 9.0 + 7.5 * letters(stretch.label);
            if width > room {
                label(page, (left + 6.0, y + 17.0), "on", stretch.label);
            } else if left >= free {
                label(page, (left, y + BAR + 13.0), "faint", stretch.label);
                free = left + room;
            }
        }
        page.push('\n');
    }

    fn told(&self, name: &str, stretch: &Stretch) -> String {
        let day = |at| words::day(at, self.zone);
        format!("{name}: {} from {} to {}", stretch.label, day(stretch.from), day(stretch.to))
    }

    fn stretches(&self, number: usize) -> Vec<Stretch> {
        let mut stretches: Vec<Stretch> = Vec::new();
        let ends = self.simulation.steps.iter().skip(1).map(|step| step.at).chain([self.to]);
        for (step, end) in self.simulation.steps.iter().zip(ends) {
            let Some((class, word)) = step.member.grants.get(number).and_then(look) else { continue };
            match stretches.last_mut() {
                Some(last) if last.label == word && last.to == step.at => last.to = end,
                Some(_) | None => stretches.push(Stretch { from: step.at, to: end, class, label: word }),
            }
        }
        stretches
    }
}

#[expect(clippy::cast_precision_loss, reason = "labels are short")]
fn letters(text: &str) -> f64 {
    text.chars().count() as f64
}

/// How a grant is drawn; not at all where it has ended.
fn look(grant: &Grant) -> Option<(&'static str, &'static str)> {
    if grant.frozen.is_some() {
        return Some(("frozen", "frozen"));
    }
    match grant.state {
        State::Active => Some(("active", "active")),
        State::PendingCancellation => Some(("pending_cancellation", "until its end")),
        State::Overdue => Some(("overdue", "overdue")),
        State::Superseded if grant.ended.is_some() => None,
        State::Superseded => Some(("superseded", "superseded")),
        State::Suspended => Some(("suspended", "suspended")),
        State::Cancelled | State::Expired => None,
    }
}

fn label(page: &mut String, (x, y): (f64, f64), class: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    page.push_str(&format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">"));
    push_escaped(page, text);
    page.push_str("</text>");
}

fn table(simulation: &Simulation, zone: &TimeZone, page: &mut String) {
    page.push_str("<div class=\"wide\"><table>\n<tr><th>When<th>What happens<th>What is held<th>What is told\n");
    for step in &simulation.steps {
        page.push_str("<tr><td>");
        push_escaped(page, &words::day(step.at, zone));
        for cell in [step.events.clone(), held(step, zone), told(step)] {
            page.push_str("<td><ul>");
            cell.iter().for_each(|text| item(page, text));
            page.push_str("</ul>");
        }
        page.push('\n');
    }
    page.push_str("</table></div>\n");
}

fn held(step: &Step, zone: &TimeZone) -> Vec<String> {
    let live = step.member.grants.iter().filter(|grant| look(grant).is_some());
    live.map(|grant| words::grant(grant, zone)).collect()
}

fn told(step: &Step) -> Vec<String> {
    let mut told: Vec<String> = step.told.iter().map(words::notification).collect();
    for (word, paths) in [("opens", &step.opens), ("closes", &step.closes)] {
        told.extend(paths.iter().map(|path| format!("{word} {path}")));
    }
    told
}
