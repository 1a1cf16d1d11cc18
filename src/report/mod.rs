//! Pages that stand alone: what a training came to, and the founding proposal read with a calculator.
//!
//! Pure: numbers come in, text goes out. A page is a list of [`Part`]s, written as HTML with SVG
//! figures, as Markdown, or as JSON.

mod bars;
mod chart;
mod page;
pub mod parquet;
pub mod proposal;
mod totals;
pub mod training;

pub use bars::{Bar, Bars};
pub use chart::{Chart, Line};
pub use totals::Totals;

/// Whether a character could move a cursor or turn the text around.
pub fn is_odd(c: char) -> bool {
    (c.is_control() && c != '\n' && c != '\t')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}')
}

/// Foreign text that a browser shows as it is.
pub fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            c if is_odd(c) => out.extend(c.escape_unicode()),
            c => out.push(c),
        }
    }
    out
}

/// One part of a page.
#[derive(Clone, Debug, PartialEq)]
pub enum Part {
    /// A heading.
    Heading(String),
    /// A sentence or several.
    Text(String),
    /// What must not be missed.
    Verdict(String),
    /// A table: head, rows, and which columns are numbers.
    Table(Vec<String>, Vec<Vec<String>>, Vec<usize>),
    /// A figure with what it shows.
    Figure(Chart, String),
    /// A bar chart with what it shows.
    Bars(Bars, String),
}

/// A page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page {
    /// Its title.
    pub title: String,
    /// Its parts in order.
    pub parts: Vec<Part>,
}

impl Page {
    /// An empty page.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), parts: Vec::new() }
    }

    /// Adds a heading.
    pub fn heading(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Heading(text.into()));
    }

    /// Adds a paragraph.
    pub fn text(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Text(text.into()));
    }

    /// Adds what must not be missed.
    pub fn verdict(&mut self, text: impl Into<String>) {
        self.parts.push(Part::Verdict(text.into()));
    }

    /// Adds a table; `right` are the columns of numbers.
    pub fn table(&mut self, head: &[&str], right: &[usize], rows: Vec<Vec<String>>) {
        let head = head.iter().map(|h| (*h).to_owned()).collect();
        self.parts.push(Part::Table(head, rows, right.to_vec()));
    }

    /// Adds a bar chart.
    pub fn bars(&mut self, bars: Bars, caption: impl Into<String>) {
        self.parts.push(Part::Bars(bars, caption.into()));
    }

    /// Adds a figure.
    pub fn figure(&mut self, chart: Chart, caption: impl Into<String>) {
        self.parts.push(Part::Figure(chart, caption.into()));
    }
}
