//! Breaking text between words, to the width of a terminal.

use comfy_table::{ContentArrangement, Table as Grid, presets};

/// A place that text is printed to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Output,
    /// Standard error.
    Error,
}

impl Stream {
    /// Its columns: as `COLUMNS` says, else as many as the terminal has; `None` without a terminal.
    pub fn width(self) -> Option<u16> {
        let told = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
        told.filter(|columns| *columns > 0).or_else(|| {
            let mut grid = Grid::new();
            if self == Self::Error {
                grid.use_stderr();
            }
            grid.width()
        })
    }
}

/// An empty grid without lines, of this width.
pub fn grid(width: Option<u16>) -> Grid {
    let mut grid = Grid::new();
    grid.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Dynamic);
    // What is printed passes through a stream that leaves styles out where they do not belong.
    grid.force_no_tty().enforce_styling();
    grid.style_text_only();
    if let Some(width) = width {
        grid.set_width(width);
    }
    grid
}

/// The lines of a grid without spaces at their ends.
pub fn lines(grid: &Grid) -> Vec<String> {
    grid.lines().map(|row| row.trim_end().to_owned()).collect()
}

/// A paragraph in lines of at most so many columns.
pub fn paragraph(text: &str, width: Option<u16>) -> Vec<String> {
    let mut grid = grid(width);
    grid.add_row([text]);
    if let Some(column) = grid.column_mut(0) {
        column.set_padding((0, 0));
    }
    lines(&grid)
}

/// How many columns a text takes.
pub fn width_of(text: &str) -> usize {
    let mut grid = Grid::new();
    grid.add_row([text]);
    grid.column_max_content_widths().first().map_or(0, |width| usize::from(*width))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_paragraph_is_broken_between_words() {
        let text = "a run in which some tests failed_count may say so";
        assert_eq!(
            paragraph(text, Some(20)),
            ["a run in which some", "tests failed_count", "may say so"]
        );
        assert_eq!(paragraph(text, None), [text]);
    }

    #[test]
    fn wide_characters_take_two_columns() {
        assert_eq!(width_of("日本"), 4);
    }
}
