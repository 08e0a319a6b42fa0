//! What people and scripts see: lines, tables and JSON on standard output. Colours only where somebody looks.

use anstyle::{AnsiColor, Style};
use comfy_table::{Cell, Color, ContentArrangement, LineStyle, Table, TableStyle};
use serde::Serialize;
use std::io::{self, IsTerminal, Write};

/// One line under the header, none between rows: many rows are read downwards.
const LINES: TableStyle =
    TableStyle::new().header_separator(LineStyle::none().fill('─').junction('─'));

/// How to speak.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Out {
    /// JSON instead of sentences and tables.
    pub is_json: bool,
    /// Somebody looks at a terminal that shows colours.
    pub is_coloured: bool,
}

/// How a word is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it should be.
    Good,
    /// Not as it should be.
    Bad,
    /// Worth a look.
    Notable,
    /// Beside the point.
    Quiet,
}

impl Out {
    /// Colours if standard output is a terminal and `NO_COLOR` does not forbid them.
    #[must_use]
    pub fn to_stdout(is_json: bool) -> Self {
        let is_forbidden = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self { is_json, is_coloured: !is_forbidden && io::stdout().is_terminal() }
    }

    /// One line.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn line(self, text: &str) -> io::Result<()> {
        writeln!(io::stdout().lock(), "{text}")
    }

    /// A value as JSON.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn json(self, value: &impl Serialize) -> io::Result<()> {
        let mut out = io::stdout().lock();
        serde_json::to_writer_pretty(&mut out, value)?;
        writeln!(out)
    }

    /// A word in its tone.
    #[must_use]
    pub fn tone(self, tone: Tone, text: &str) -> String {
        if !self.is_coloured {
            return text.to_owned();
        }
        let style = match tone {
            Tone::Good => AnsiColor::Green.on_default().bold(),
            Tone::Bad => AnsiColor::Red.on_default().bold(),
            Tone::Notable => AnsiColor::Yellow.on_default(),
            Tone::Quiet => Style::new().dimmed(),
        };
        format!("{style}{text}{style:#}")
    }

    /// A table; a cell may have a tone.
    ///
    /// # Errors
    /// When nobody reads any more.
    pub fn table(self, header: &[&str], rows: Vec<Vec<(String, Option<Tone>)>>) -> io::Result<()> {
        let mut table = Table::new();
        table.load_style(LINES).set_header(header.iter().copied());
        // A pipe has no width: whoever cuts columns wants whole ones.
        table.set_content_arrangement(if self.is_coloured {
            ContentArrangement::Dynamic
        } else {
            ContentArrangement::Disabled
        });
        if self.is_coloured {
            table.enforce_styling();
        } else {
            table.force_no_tty();
        }
        for row in rows {
            table.add_row(row.into_iter().map(|(text, tone)| {
                let cell = Cell::new(text);
                match tone {
                    Some(Tone::Good) => cell.fg(Color::Green),
                    Some(Tone::Bad) => cell.fg(Color::Red),
                    Some(Tone::Notable) => cell.fg(Color::Yellow),
                    Some(Tone::Quiet) => cell.fg(Color::DarkGrey),
                    None => cell,
                }
            }));
        }
        self.line(&table.trim_fmt())
    }
}

/// A table cell without a tone.
#[must_use]
pub fn plain(text: impl Into<String>) -> (String, Option<Tone>) {
    (text.into(), None)
}
