//! What was measured, as a table: medians of both sides, the median of the pairs' ratios, the goal.

use std::fmt;

use crate::measure::Cost;

/// What is expected of the ratios.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) struct Goals {
    time: f64,
    memory: Option<f64>,
    peak: Option<f64>,
}

impl Goals {
    /// Wall and processor time are at most so many times those of the other side.
    pub(crate) fn time(ratio: f64) -> Self {
        Self { time: ratio, memory: None, peak: None }
    }

    /// And so is memory.
    pub(crate) fn memory(self, ratio: f64) -> Self {
        Self { memory: Some(ratio), ..self }
    }

    /// And our own peak memory is at most so many MiB.
    pub(crate) fn peak(self, mebibytes: f64) -> Self {
        Self { peak: Some(mebibytes), ..self }
    }
}

/// One comparison's pairs: ours first.
pub(crate) struct Report {
    pub(crate) title: String,
    pub(crate) lessons: usize,
    pub(crate) pairs: Vec<(Cost, Cost)>,
    pub(crate) goals: Goals,
    pub(crate) notes: Vec<String>,
}

/// One line of the table.
struct Line {
    name: &'static str,
    ours: f64,
    other: f64,
    ratio: f64,
    lowest: f64,
    highest: f64,
    goal: Option<f64>,
}

impl Report {
    /// Whether a goal was not reached.
    pub(crate) fn missed(&self) -> bool {
        self.lines().iter().any(Line::missed) || self.peak_missed()
    }

    fn peak_missed(&self) -> bool {
        self.goals.peak.is_some_and(|peak| median(self.pairs.iter().map(|pair| pair.0.memory)) > peak)
    }

    fn lines(&self) -> [Line; 3] {
        [
            self.line("wall s", |cost| cost.wall, Some(self.goals.time)),
            self.line("cpu s", |cost| cost.cpu, Some(self.goals.time)),
            self.line("peak MiB", |cost| cost.memory, self.goals.memory),
        ]
    }

    fn line(&self, name: &'static str, value: fn(&Cost) -> f64, goal: Option<f64>) -> Line {
        let ratios = || self.pairs.iter().map(|(ours, other)| value(ours) / value(other));
        Line {
            name,
            ours: median(self.pairs.iter().map(|pair| value(&pair.0))),
            other: median(self.pairs.iter().map(|pair| value(&pair.1))),
            ratio: median(ratios()),
            lowest: ratios().fold(f64::INFINITY, f64::min),
            highest: ratios().fold(0.0, f64::max),
            goal,
        }
    }
}

impl Line {
    fn missed(&self) -> bool {
        self.goal.is_some_and(|goal| self.ratio > goal)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  ({} lessons, {} pairs)", self.title, self.lessons, self.pairs.len())?;
        writeln!(f, "            {:>9} {:>9} {:>7}   lowest-highest  goal", "ours", "other", "ratio")?;
        for line in self.lines() {
            let Line { name, ours, other, ratio, lowest, highest, goal } = &line;
            write!(f, "  {name:<9} {ours:>9.3} {other:>9.3} {ratio:>7.3}   {lowest:>6.3}-{highest:<6.3}")?;
            match goal {
                Some(goal) => writeln!(f, "  {goal:.2} {}", if line.missed() { "MISSED" } else { "met" })?,
                None => writeln!(f)?,
            }
        }
        if let Some(peak) = self.goals.peak {
            writeln!(f, "  peak memory under {peak} MiB: {}", if self.peak_missed() { "MISSED" } else { "met" })?;
        }
        self.notes.iter().try_for_each(|note| writeln!(f, "  {note}"))
    }
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.is_empty() {
        f64::NAN
    } else if values.len() % 2 == 1 {
        values[middle]
    } else {
        f64::midpoint(values[middle - 1], values[middle])
    }
}
