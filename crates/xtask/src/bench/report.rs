//! The table: Markdown whose columns are aligned, so that it reads as plain text too.

use std::fmt;

/// All rows so far.
#[derive(Default)]
pub(super) struct Report {
    rows: Vec<[String; 6]>,
}

const HEAD: [&str; 6] = ["measured", "against", "peer", "pkg", "ratio (from–to)", "wanted"];

impl Report {
    /// A race of the program against a peer: seconds of both, round by round.
    pub(super) fn race(&mut self, name: &str, peer: &str, rounds: &[(f64, f64)], wanted: &str) {
        let ratios: Vec<f64> = rounds.iter().map(|(peer, own)| own / peer).collect();
        let low = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let high = ratios.iter().copied().fold(0.0, f64::max);
        self.rows.push([
            name.to_owned(),
            peer.to_owned(),
            time(median(rounds.iter().map(|(peer, _)| *peer))),
            time(median(rounds.iter().map(|(_, own)| *own))),
            format!("{:.2} ({low:.2}–{high:.2})", median(ratios.iter().copied())),
            wanted.to_owned(),
        ]);
    }

    /// The program alone.
    pub(super) fn alone(&mut self, name: &str, result: String, wanted: &str) {
        let [peer, ratio] = ["", ""].map(str::to_owned);
        self.rows.push([name.to_owned(), "—".into(), peer, result, ratio, wanted.to_owned()]);
    }

    /// What could not be measured here, and why.
    pub(super) fn skipped(&mut self, name: &str, peer: &str, why: &str) {
        let [theirs, own, wanted] = ["", "", ""].map(str::to_owned);
        let why = format!("skipped: {why}");
        self.rows.push([name.to_owned(), peer.to_owned(), theirs, own, why, wanted]);
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = |column: usize| {
            let cells = self.rows.iter().map(|row| row[column].chars().count());
            cells.chain([HEAD[column].chars().count()]).max().unwrap_or(0)
        };
        let widths: [usize; 6] = std::array::from_fn(width);
        let mut line = |cells: [&str; 6]| {
            for (cell, width) in cells.iter().zip(widths) {
                write!(f, "| {cell:<width$} ")?;
            }
            writeln!(f, "|")
        };
        line(HEAD)?;
        let rules = widths.map(|width| "-".repeat(width));
        line(rules.each_ref().map(String::as_str))?;
        self.rows.iter().try_for_each(|row| line(row.each_ref().map(String::as_str)))
    }
}

/// Seconds, or milliseconds where that is easier to read.
pub(super) fn time(seconds: f64) -> String {
    if seconds < 0.1 { format!("{:.1} ms", seconds * 1e3) } else { format!("{seconds:.2} s") }
}

/// The middle of some numbers.
pub(super) fn median(numbers: impl Iterator<Item = f64>) -> f64 {
    let mut numbers: Vec<f64> = numbers.collect();
    numbers.sort_by(f64::total_cmp);
    match numbers.len() {
        0 => f64::NAN,
        len if len % 2 == 1 => numbers[len / 2],
        len => f64::midpoint(numbers[len / 2 - 1], numbers[len / 2]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0].into_iter()), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0].into_iter()), 2.5);
    }

    #[test]
    fn a_table_is_aligned_and_pairs_are_compared_round_by_round() {
        let mut report = Report::default();
        report.race("cold", "curl", &[(2.0, 1.0), (4.0, 1.0), (0.5, 0.5)], "<= 0.5");
        report.alone("list", time(0.0042), "<= 5 ms");
        let text = report.to_string();
        assert!(text.contains("| 2.00 s | 1.00 s | 0.50 (0.25–1.00) |"), "{text}");
        assert!(text.contains("| 4.2 ms |"), "{text}");
        let lengths: Vec<usize> = text.lines().map(|line| line.chars().count()).collect();
        assert!(lengths.iter().all(|length| *length == lengths[0]), "{text}");
    }
}
