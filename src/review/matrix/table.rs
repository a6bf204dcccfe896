//! A matrix as text: tables for terminals, comma-separated values for everything else.

use super::{Cell, Matrix, State};
use crate::review::{csv, dates};

/// Between two columns.
const GAP: usize = 2;
/// A path is not cut shorter than this.
const LEAST_PATH: usize = 16;

/// `open`, `open until 2026-12-31`, `day 7`, `from 2026-12-01`, `teaser`, `denied`, `hidden`
pub(super) fn words(cell: &Cell) -> String {
    let Cell { state, words: _, after, joined_before, from, until } = cell;
    let state = match state {
        State::Open => "open",
        State::Waiting => "waiting",
        State::Teaser => "teaser",
        State::Denied => "denied",
        State::Hidden => "hidden",
    };
    let mut text = match (after, from) {
        (Some(after), _) => format!("waiting ({})", dates::day(*after)),
        (None, Some(from)) if state == "waiting" => format!("waiting ({})", dates::date(*from)),
        (None, Some(from)) => format!("{state}, open from {}", dates::date(*from)),
        (None, None) => state.to_owned(),
    };
    if let Some(before) = joined_before {
        text.push_str(&format!(", open to those who joined before {}", dates::date(*before)));
    }
    if let Some(until) = until {
        text.push_str(&dates::window(None, Some(*until)));
    }
    text
}

pub(super) fn table(matrix: &Matrix, width: usize) -> Vec<String> {
    let widths: Vec<usize> = (0..matrix.columns.len()).map(|column| column_width(matrix, column)).collect();
    let longest = matrix.rows.iter().map(|row| count(&row.path)).max().unwrap_or(0).max(count("path"));
    let mut lines = Vec::new();
    let mut first = 0;
    while first < widths.len() {
        let (last, path) = fitting(widths.get(first..).unwrap_or_default(), width, longest);
        let columns = first..first + last;
        if first > 0 {
            lines.push(String::new());
        }
        let names = matrix.columns.iter().map(String::as_str);
        lines.push(line("path", path, names.zip(&widths).skip(first).take(last)));
        for row in &matrix.rows {
            let cells = row.cells.iter().map(|cell| cell.words.as_str());
            lines.push(line(&row.path, path, cells.zip(&widths).skip(first).take(last)));
        }
        first = columns.end;
    }
    lines
}

/// How many columns stand in one table, at least one, and how wide its paths are.
fn fitting(widths: &[usize], width: usize, longest: usize) -> (usize, usize) {
    let mut taken = 0;
    let mut used = 0;
    for column in widths {
        if taken > 0 && used + GAP + column + longest.min(LEAST_PATH) > width {
            break;
        }
        used += GAP + column;
        taken += 1;
    }
    (taken, longest.min(width.saturating_sub(used).max(LEAST_PATH)))
}

fn column_width(matrix: &Matrix, column: usize) -> usize {
    let cells = matrix.rows.iter().filter_map(|row| row.cells.get(column)).map(|cell| count(&cell.words));
    cells.chain(matrix.columns.get(column).map(|name| count(name))).max().unwrap_or(0)
}

fn line<'a>(path: &str, width: usize, cells: impl Iterator<Item = (&'a str, &'a usize)>) -> String {
    let mut text = padded(&shortened(path, width), width);
    for (cell, width) in cells {
        text.push_str(&" ".repeat(GAP));
        text.push_str(&padded(cell, *width));
    }
    text.truncate(text.trim_end().len());
    text
}

/// A path without its middle, where it is too long.
fn shortened(path: &str, width: usize) -> String {
    let length = count(path);
    if length <= width {
        return path.to_owned();
    }
    let (head, tail) = (width / 3, width - width / 3 - 1);
    let head: String = path.chars().take(head).collect();
    let tail: String = path.chars().skip(length - tail).collect();
    format!("{head}…{tail}")
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width.saturating_sub(count(text))))
}

fn count(text: &str) -> usize {
    text.chars().count()
}

pub(super) fn csv(matrix: &Matrix) -> String {
    let head = std::iter::once("path").chain(matrix.columns.iter().map(String::as_str));
    let rows = matrix.rows.iter().map(|row| {
        csv::record(std::iter::once(row.path.as_str()).chain(row.cells.iter().map(|cell| cell.words.as_str())))
    });
    std::iter::once(csv::record(head)).chain(rows).collect()
}
