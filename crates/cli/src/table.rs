//! Columns of text, as wide as their widest cell.

use unicode_width::UnicodeWidthStr as _;

use crate::printer::clean;

/// A table; its rows print in the order they were added.
#[derive(Debug, Default)]
pub struct Table {
    rows: Vec<Row>,
    right: Vec<usize>,
}

#[derive(Debug)]
struct Row {
    cells: Vec<String>,
    heading: Heading,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Heading {
    None,
    First,
    All,
}

/// A line of a table: the part that is a heading, and the rest.
#[derive(Debug, PartialEq)]
pub(crate) struct Line {
    pub(crate) heading: Option<String>,
    pub(crate) rest: String,
}

impl Table {
    /// A table with a line of headings.
    pub fn new<const N: usize>(headings: [&str; N]) -> Self {
        let cells = headings.map(str::to_owned).into();
        Self { rows: vec![Row { cells, heading: Heading::All }], right: Vec::new() }
    }

    /// A table without headings, whose first column is set off.
    pub fn plain() -> Self {
        Self::default()
    }

    /// The table with a column, counted from 0, that is aligned to the right.
    #[must_use]
    pub fn right(mut self, column: usize) -> Self {
        self.right.push(column);
        self
    }

    /// Adds a row.
    pub fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(Row { cells: cells.into(), heading: Heading::None });
    }

    /// Adds a row of a name and its value; nothing where the value is empty.
    pub fn field(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        if !value.is_empty() {
            self.rows.push(Row { cells: vec![name.to_owned(), value], heading: Heading::First });
        }
    }

    pub(crate) fn lines(&self) -> impl Iterator<Item = Line> {
        let columns = self.rows.iter().map(|row| row.cells.len()).max().unwrap_or(0);
        let mut widths = vec![0; columns];
        for row in &self.rows {
            for (column, cell) in row.cells.iter().enumerate() {
                widths[column] = widths[column].max(flat(cell).width());
            }
        }
        self.rows.iter().map(move |row| self.line(row, &widths))
    }

    fn line(&self, row: &Row, widths: &[usize]) -> Line {
        let mut heading = String::new();
        let mut rest = String::new();
        for (column, cell) in row.cells.iter().enumerate() {
            let cell = flat(cell);
            let gap = " ".repeat(widths[column] - cell.width());
            let text = match self.right.contains(&column) {
                true => format!("{gap}{cell}  "),
                false => format!("{cell}{gap}  "),
            };
            let is_heading =
                row.heading == Heading::All || (row.heading == Heading::First && column == 0);
            if is_heading { heading.push_str(&text) } else { rest.push_str(&text) }
        }
        if row.heading == Heading::All {
            heading.truncate(heading.trim_end().len());
        }
        rest.truncate(rest.trim_end().len());
        Line { heading: (row.heading != Heading::None).then_some(heading), rest }
    }
}

/// A cell is one line, whatever its text holds.
fn flat(cell: &str) -> String {
    clean(cell).replace(['\n', '\t'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(table: &Table) -> String {
        table
            .lines()
            .map(|line| format!("{}{}\n", line.heading.unwrap_or_default(), line.rest))
            .collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let mut table = Table::new(["Name", "Size", "Summary"]).right(1);
        table.row(["jq".into(), "9 B".into(), "a processor\nof \u{1b}[31mJSON".into()]);
        table.row(["größe".into(), "10 MB".into(), String::new()]);
        table.row(["漢字".into(), "1 MB".into(), "wide".into()]);
        insta::assert_snapshot!(text(&table), @r"
        Name    Size  Summary
        jq       9 B  a processor of [31mJSON
        größe  10 MB
        漢字    1 MB  wide
        ");
    }

    #[test]
    fn fields_without_a_value_are_left_out() {
        let mut table = Table::default();
        table.field("Name", "jq");
        table.field("Homepage", "");
        table.field("License", "MIT");
        insta::assert_snapshot!(text(&table), @r"
        Name     jq
        License  MIT
        ");
    }
}
