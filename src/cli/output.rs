//! Where output goes: data to stdout, everything else to stderr. A closed pipe is success.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;

use super::failure::Failure;
pub use crate::report::is_odd;

/// The two streams of a command.
pub struct Out {
    json: bool,
    quiet: bool,
    failed: Option<std::io::ErrorKind>,
    /// Where data goes instead of stdout, with what has come so far.
    file: Option<(PathBuf, Vec<u8>)>,
}

impl Out {
    /// Output in the form that was asked for.
    pub fn new(json: bool, quiet: bool) -> Self {
        Self { json, quiet, failed: None, file: None }
    }

    /// Whether JSON was asked for.
    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether nobody reads any more.
    pub fn is_closed(&self) -> bool {
        self.failed.is_some()
    }

    /// A line of data.
    pub fn line(&mut self, text: &str) {
        self.text(text);
        self.text("\n");
    }

    /// All data from now on goes into a file, which is there once [`Out::write_file`] is done.
    pub fn collect_for(&mut self, path: Option<&Path>) {
        self.file = path.map(|path| (path.to_owned(), Vec::new()));
    }

    /// Writes the file that data went into; nothing where it went to stdout.
    ///
    /// # Errors
    /// The disk's.
    pub fn write_file(&mut self) -> Result<(), Failure> {
        match self.file.take() {
            Some((path, bytes)) => self.save(&path, &bytes),
            None => Ok(()),
        }
    }

    /// Writes a file beside the data, and says so.
    ///
    /// # Errors
    /// The disk's.
    pub fn save(&mut self, path: &Path, bytes: &[u8]) -> Result<(), Failure> {
        std::fs::write(path, bytes)
            .map_err(|e| Failure::new("SB2006", format!("{}: {e}", path.display())))?;
        self.say(&format!("wrote {}", path.display()));
        Ok(())
    }

    /// Data that no person reads; never onto a terminal.
    ///
    /// # Errors
    /// Nowhere to go.
    pub fn bytes(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        if let Some((_, file)) = &mut self.file {
            file.extend_from_slice(bytes);
            return Ok(());
        }
        let mut stdout = std::io::stdout();
        if stdout.is_terminal() {
            let why = "a Parquet file is nothing for a terminal";
            return Err(Failure::new("SB2001", why).with_help("-o FILE.parquet"));
        }
        if self.failed.is_none()
            && let Err(error) = stdout.write_all(bytes)
        {
            self.failed = Some(error.kind());
        }
        Ok(())
    }

    /// Data as it is.
    pub fn text(&mut self, text: &str) {
        if let Some((_, file)) = &mut self.file {
            file.extend_from_slice(text.as_bytes());
            return;
        }
        if self.failed.is_none()
            && let Err(error) = anstream::stdout().write_all(text.as_bytes())
        {
            self.failed = Some(error.kind());
        }
    }

    /// One JSON document.
    pub fn json(&mut self, value: &Value) {
        self.line(&value.to_string());
    }

    /// A sentence for the person, on stderr, unless silence was asked for.
    pub fn say(&mut self, text: &str) {
        if !self.quiet {
            self.complain(text);
        }
    }

    /// What must be said, on stderr.
    pub fn complain(&mut self, text: &str) {
        // Nobody can be told that stderr is gone.
        let _told = writeln!(anstream::stderr(), "{text}");
    }

    /// A table; columns named in `right` are aligned there.
    pub fn table(&mut self, head: &[&str], right: &[usize], rows: Vec<Vec<String>>) {
        let mut table = Table::new();
        *table.style_mut() = presets::NOTHING;
        table.set_content_arrangement(ContentArrangement::Disabled);
        table.set_header(head.iter().map(|h| (*h).to_owned()).collect::<Vec<String>>());
        for row in rows {
            table.add_row(row.iter().map(|cell| clean(cell)).collect::<Vec<String>>());
        }
        for &column in right {
            if let Some(column) = table.column_mut(column) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let text = table.to_string();
        for line in text.lines() {
            self.line(line.trim_end().strip_prefix(' ').unwrap_or(line.trim_end()));
        }
    }

    /// Rows as CSV; a cell that a spreadsheet would run is quoted.
    pub fn csv(&mut self, head: &[&str], rows: &[Vec<String>]) {
        let mut writer = csv::Writer::from_writer(Vec::new());
        let safe = |cell: &String| {
            if cell.starts_with(['=', '+', '@']) || (cell.starts_with('-') && cell.parse::<f64>().is_err()) {
                format!("'{cell}")
            } else {
                cell.clone()
            }
        };
        let mut ok = writer.write_record(head).is_ok();
        for row in rows {
            ok &= writer.write_record(row.iter().map(safe)).is_ok();
        }
        if let (true, Ok(bytes)) = (ok, writer.into_inner()) {
            self.text(&String::from_utf8_lossy(&bytes));
        }
    }

    /// The exit code, once everything is written.
    pub fn finish(mut self, code: u8) -> u8 {
        if self.failed.is_none()
            && let Err(error) = std::io::stdout().flush()
        {
            self.failed = Some(error.kind());
        }
        match self.failed {
            // A reader that had enough is served.
            None | Some(std::io::ErrorKind::BrokenPipe) => code,
            Some(_) => 1,
        }
    }
}

/// Foreign text without control and direction characters.
pub fn clean(text: &str) -> String {
    if text.chars().any(is_odd) {
        text.chars().map(|c| if is_odd(c) { c.escape_unicode().to_string() } else { c.to_string() }).collect()
    } else {
        text.to_owned()
    }
}

/// A value as a shell takes it: in quotes where it holds anything but plain letters.
pub fn quoted(value: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:,@%+=".contains(c);
    if !value.is_empty() && value.chars().all(plain) {
        return value.to_owned();
    }
    format!("'{}'", value.replace('\'', r"'\''"))
}
