//! Tables that stay readable at any width.

use anstyle::{AnsiColor, Color, Effects, Style};
use comfy_table::{Attribute, Cell, CellAlignment, Color as CellColor, ColumnConstraint, Width};

use super::output::{self, HEADING};
use super::wrap::{self, Stream, grid};

/// The narrowest that a column of prose may become before the table is printed as a list instead.
const NARROWEST_PROSE: u16 = 24;
/// The space between two columns.
const GAP: u16 = 2;

/// A column of a table.
#[derive(Clone, Copy)]
pub enum Column<'a> {
    /// Short texts that stay whole.
    Short(&'a str),
    /// Numbers, aligned to the right.
    Number(&'a str),
    /// Texts that may be wrapped.
    Prose(&'a str),
}

impl Column<'_> {
    fn heading(self) -> String {
        let (Self::Short(heading) | Self::Number(heading) | Self::Prose(heading)) = self;
        heading.to_uppercase()
    }

    fn wraps(self) -> bool {
        matches!(self, Self::Prose(_))
    }
}

/// Rows under headings. All text is made printable.
pub struct Table<'a> {
    columns: Vec<Column<'a>>,
    rows: Vec<Vec<(String, Style)>>,
}

impl<'a> Table<'a> {
    /// A table without rows.
    pub fn new(columns: &[Column<'a>]) -> Self {
        Self { columns: columns.to_vec(), rows: Vec::new() }
    }

    /// Adds a row of texts with their styles.
    pub fn row(&mut self, cells: impl IntoIterator<Item = (String, Style)>) {
        let cells = cells.into_iter();
        self.rows.push(cells.map(|(text, style)| (output::printable(&text), style)).collect());
    }

    /// Prints the table to the width of the terminal; without one, as wide as it is.
    pub fn print(&self) {
        self.lines(Stream::Output.width()).iter().for_each(|row| output::line(row));
    }

    fn lines(&self, width: Option<u16>) -> Vec<String> {
        let headings = self.columns.iter().map(|column| (column.heading(), HEADING)).collect();
        let rows: Vec<_> = std::iter::once(headings).chain(self.rows.iter().cloned()).collect();
        let mut grid = grid(width);
        for row in &rows {
            grid.add_row(row.iter().map(|(text, style)| cell(text, *style)));
        }
        let natural = grid.column_max_content_widths();
        let least = |(column, natural): (&Column, &u16)| {
            GAP + if column.wraps() { NARROWEST_PROSE.min(*natural) } else { *natural }
        };
        let needed: u16 = self.columns.iter().zip(&natural).map(least).sum();
        if width.is_some_and(|width| needed.saturating_sub(GAP) > width) {
            return rows.iter().flat_map(|row| self.entry(row, width)).collect();
        }
        let last = self.columns.len().saturating_sub(1);
        for (index, column) in self.columns.iter().enumerate() {
            let Some(place) = grid.column_mut(index) else { continue };
            place.set_padding((0, if index == last { 0 } else { GAP }));
            match column {
                Column::Prose(_) => {
                    let least = NARROWEST_PROSE.min(natural[index]);
                    place.set_constraint(ColumnConstraint::LowerBoundary(Width::Fixed(least)));
                }
                Column::Short(_) => {
                    place.set_constraint(ColumnConstraint::ContentWidth);
                }
                Column::Number(_) => {
                    place.set_constraint(ColumnConstraint::ContentWidth);
                    place.set_cell_alignment(CellAlignment::Right);
                }
            }
        }
        wrap::lines(&grid)
    }

    /// A cell of a list as it is told from its neighbours: a number after the first needs its name.
    fn told_apart(&self, at: usize, (text, style): &(String, Style)) -> (String, Style) {
        let heading = self.columns[at].heading();
        let needs_name = matches!(self.columns[at], Column::Number(_)) && at > 0;
        match needs_name && *text != heading {
            true => (format!("{} {text}", heading.to_lowercase()), *style),
            false => (text.clone(), *style),
        }
    }

    /// A row as an entry of a list: the short cells in a line, the prose below, indented, each under
    /// its name where there are several.
    fn entry(&self, row: &[(String, Style)], width: Option<u16>) -> Vec<String> {
        let is_short = |at: usize| !self.columns[at].wraps() || at == 0;
        let full = || row.iter().enumerate().filter(|(_, (text, _))| !text.is_empty());
        let short = full().filter(|(at, _)| is_short(*at));
        let short: Vec<_> = short.map(|(at, cell)| self.told_apart(at, cell)).collect();
        let mut lines = side_by_side(short.iter(), width);
        let several = (0..self.columns.len()).filter(|at| !is_short(*at)).count() > 1;
        for (at, (text, style)) in full().filter(|(at, _)| !is_short(*at)) {
            let heading = self.columns[at].heading();
            let text = match several && *text != heading {
                true => format!("{}: {text}", heading.to_lowercase()),
                false => text.clone(),
            };
            let mut below = grid(width);
            below.add_row([cell(&text, *style)]);
            if let Some(column) = below.column_mut(0) {
                column.set_padding((GAP, 0));
            }
            lines.extend(wrap::lines(&below));
        }
        lines
    }
}

/// Cells in a line, and in further ones, indented, where they do not fit.
pub fn side_by_side<'a>(
    cells: impl Iterator<Item = &'a (String, Style)>,
    width: Option<u16>,
) -> Vec<String> {
    let most = width.map_or(usize::MAX, usize::from);
    let gap = " ".repeat(usize::from(GAP));
    let mut lines: Vec<String> = Vec::new();
    let mut taken = 0;
    for (text, style) in cells {
        let more = gap.len() + wrap::width_of(text);
        match lines.last_mut() {
            Some(line) if taken + more <= most => {
                line.push_str(&gap);
                line.push_str(&output::styled(*style, text));
                taken += more;
            }
            Some(_) => {
                lines.push(format!("{gap}{}", output::styled(*style, text)));
                taken = more;
            }
            None => {
                lines.push(output::styled(*style, text));
                taken = more - gap.len();
            }
        }
    }
    lines
}

/// Prints names and values in two columns. All text is made printable; values keep their lines.
pub fn facts(facts: impl IntoIterator<Item = (impl AsRef<str>, String, Style)>) {
    let mut grid = grid(Stream::Output.width());
    for (name, value, style) in facts {
        let lines: Vec<String> = value.lines().map(output::printable).collect();
        grid.add_row([
            cell(&output::printable(name.as_ref()), HEADING),
            cell(&lines.join("\n"), style),
        ]);
    }
    if let Some(names) = grid.column_mut(0) {
        names.set_padding((0, GAP)).set_constraint(ColumnConstraint::ContentWidth);
    }
    if let Some(values) = grid.column_mut(1) {
        values.set_padding((0, 0));
    }
    wrap::lines(&grid).iter().for_each(|row| output::line(row));
}

fn cell(text: &str, style: Style) -> Cell {
    let mut cell = Cell::new(text);
    if style.get_effects().contains(Effects::BOLD) {
        cell = cell.add_attribute(Attribute::Bold);
    }
    if style.get_effects().contains(Effects::DIMMED) {
        cell = cell.add_attribute(Attribute::Dim);
    }
    match style.get_fg_color() {
        Some(Color::Ansi(AnsiColor::Red)) => cell.fg(CellColor::DarkRed),
        Some(Color::Ansi(AnsiColor::Green)) => cell.fg(CellColor::DarkGreen),
        Some(Color::Ansi(AnsiColor::Yellow)) => cell.fg(CellColor::DarkYellow),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(width: Option<u16>) -> Vec<String> {
        let columns = [Column::Number("seq"), Column::Short("type"), Column::Prose("data")];
        let mut table = Table::new(&columns);
        let plain = |text: &str| (text.to_owned(), Style::new());
        table.row([plain("1"), plain("epic_started"), plain("a text of several words\u{1b}[2J")]);
        table.row([plain("10"), plain("x"), plain("")]);
        let strip = |line: String| anstream::adapter::strip_str(&line).to_string();
        table.lines(width).into_iter().map(strip).collect()
    }

    #[test]
    fn without_a_terminal_every_row_is_one_line() {
        assert_eq!(
            lines(None),
            [
                "SEQ  TYPE          DATA",
                "  1  epic_started  a text of several words\u{fffd}[2J",
                " 10  x",
            ]
        );
    }

    #[test]
    fn prose_is_wrapped_to_the_width() {
        let lines = lines(Some(44));
        assert_eq!(lines.len(), 4, "{lines:?}");
        assert!(lines.iter().all(|line| line.chars().count() <= 44), "{lines:?}");
        assert!(lines[2].starts_with("                   "), "{lines:?}");
    }

    #[test]
    fn several_columns_of_prose_have_their_names_in_a_list() {
        let columns = [Column::Prose("time"), Column::Prose("type"), Column::Prose("data.a")];
        let mut table = Table::new(&columns);
        let cells = ["2026-11-23T04:43:41Z", "epic_started", "some words"];
        table.row(cells.map(|text| (text.to_owned(), Style::new())));
        let strip = |line: String| anstream::adapter::strip_str(&line).to_string();
        assert_eq!(
            table.lines(Some(30)).into_iter().map(strip).collect::<Vec<_>>(),
            [
                "TIME",
                "  TYPE",
                "  DATA.A",
                "2026-11-23T04:43:41Z",
                "  type: epic_started",
                "  data.a: some words",
            ]
        );
    }

    #[test]
    fn numbers_in_a_list_have_their_names() {
        let columns = [Column::Short("handle"), Column::Number("events"), Column::Prose("epic")];
        let mut table = Table::new(&columns);
        let plain = |text: &str| (text.to_owned(), Style::new());
        table.row(["odin-PS-8f4a2b", "5", "epic-003 with words"].map(plain));
        let strip = |line: String| anstream::adapter::strip_str(&line).to_string();
        assert_eq!(
            table.lines(Some(25)).into_iter().map(strip).collect::<Vec<_>>(),
            ["HANDLE  EVENTS", "  EPIC", "odin-PS-8f4a2b  events 5", "  epic-003 with words",]
        );
    }

    #[test]
    fn where_the_columns_do_not_fit_rows_become_entries_of_a_list() {
        assert_eq!(
            lines(Some(27)),
            [
                "SEQ  TYPE",
                "  DATA",
                "1  epic_started",
                "  a text of several",
                "  words\u{fffd}[2J",
                "10  x",
            ]
        );
    }
}
