//! What is wrong with a program, as plain data with spans; rendering belongs to the caller.

use std::sync::Arc;

use serde::Serialize;

/// A half-open byte range of the text that was read.
///
/// Offsets are global: a program and its includes are laid end to end, and
/// [`Sources`] finds the file, line and column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Span {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Span {
    /// The range from `start` to `end`.
    pub fn new(start: u32, end: u32) -> Self {
        Self { start, end }
    }

    /// The smallest range that covers both.
    #[must_use]
    pub fn to(self, other: Self) -> Self {
        Self { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Worth knowing; nothing is refused.
    Note,
    /// Probably not what was meant; nothing is refused.
    Warning,
    /// Refused.
    Error,
}

/// A replacement that mends the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    /// The text to replace.
    pub span: Span,
    /// What to put there.
    pub replacement: String,
    /// Whether `check --fix` may apply it unasked: the meaning stays.
    pub safe: bool,
}

/// A second place that explains the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Where.
    pub span: Span,
    /// What is there, in a few words.
    pub text: String,
}

/// One finding in a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Stable code of a row of the code table, `SB5001`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What happened, in one line without a full stop.
    pub message: String,
    /// Where; the place a caret points at.
    pub span: Span,
    /// A few words under the caret.
    pub label: String,
    /// Other places that explain it.
    pub related: Vec<Label>,
    /// What to write instead.
    pub help: Option<String>,
    /// The same as a replacement of text.
    pub fix: Option<Fix>,
}

impl Diagnostic {
    /// An error with code, place and message; add the rest by the `with_` functions.
    pub fn error(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self {
            code,
            severity: Severity::Error,
            message: message.into(),
            span,
            label: String::new(),
            related: Vec::new(),
            help: None,
            fix: None,
        }
    }

    /// The same as a warning.
    pub fn warning(code: &'static str, span: Span, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, span, message) }
    }

    /// A few words under the caret.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    /// What to write instead.
    #[must_use]
    pub fn with_help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// A second place.
    #[must_use]
    pub fn with_related(mut self, span: Span, text: impl Into<String>) -> Self {
        self.related.push(Label { span, text: text.into() });
        self
    }

    /// A replacement that mends it.
    #[must_use]
    pub fn with_fix(mut self, span: Span, replacement: impl Into<String>, safe: bool) -> Self {
        self.fix = Some(Fix { span, replacement: replacement.into(), safe });
        self
    }
}

/// One file that was read: its name as the user gave it, and its text.
#[derive(Clone, Debug)]
pub struct Source {
    /// As the user named it; `<stdin>` for standard input.
    pub name: String,
    /// The whole text.
    pub text: Arc<str>,
    /// Global offset of the first byte.
    pub base: u32,
}

/// Where a byte stands: file, line and column, both counted from 1, columns in characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The file.
    pub file: &'a str,
    /// Line from 1.
    pub line: u32,
    /// Column from 1, in characters.
    pub column: u32,
}

/// All texts of one program, laid end to end.
#[derive(Clone, Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
}

impl Sources {
    /// The program itself, before any include.
    pub fn new(name: impl Into<String>, text: impl Into<Arc<str>>) -> Self {
        Self { files: vec![Source { name: name.into(), text: text.into(), base: 0 }] }
    }

    /// Adds an included file and gives the global offset of its first byte.
    pub fn add(&mut self, name: impl Into<String>, text: impl Into<Arc<str>>) -> u32 {
        let base = self.files.last().map_or(0, |f| f.base + f.text.len() as u32 + 1);
        self.files.push(Source { name: name.into(), text: text.into(), base });
        base
    }

    /// The files in the order they were read.
    pub fn files(&self) -> &[Source] {
        &self.files
    }

    /// The file that holds a global offset.
    ///
    /// # Panics
    /// When no file was ever added.
    pub fn file_of(&self, offset: u32) -> &Source {
        let i = self.files.partition_point(|f| f.base <= offset);
        &self.files[i.saturating_sub(1)]
    }

    /// The text of a range, empty where the range is not inside one file.
    pub fn text(&self, span: Span) -> &str {
        let file = self.file_of(span.start);
        let (start, end) = ((span.start - file.base) as usize, (span.end.saturating_sub(file.base)) as usize);
        file.text.get(start..end).unwrap_or("")
    }

    /// File, line and column of a global offset.
    pub fn place(&self, offset: u32) -> Place<'_> {
        let file = self.file_of(offset);
        let mut at = ((offset - file.base) as usize).min(file.text.len());
        while !file.text.is_char_boundary(at) {
            at -= 1;
        }
        let before = &file.text[..at];
        let line_start = before.rfind('\n').map_or(0, |i| i + 1);
        Place {
            file: &file.name,
            line: before.bytes().filter(|&b| b == b'\n').count() as u32 + 1,
            column: before[line_start..].chars().count() as u32 + 1,
        }
    }
}
