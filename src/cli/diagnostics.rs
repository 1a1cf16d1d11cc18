//! Diagnostics as a person reads them, in the compiler's manner, and as JSON.

use annotate_snippets::{Annotation, AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json};
use shotbook_sim::diagnostic::{Diagnostic, Severity, Sources, Span};
use shotbook_sim::target::Refusal;

use super::output::{Out, clean, is_odd};

/// Bytes that a snippet may show around what it points at; a longer way gets a snippet of its own.
const NEAR: usize = 4096;
/// Bytes shown behind a place on the same line.
const BEHIND: usize = 200;
/// Bytes of one place that are pointed at.
const LONGEST: u32 = 400;

/// The lines of one file that some places stand on.
struct Excerpt {
    file: String,
    /// Number of the first line, from 1.
    line: usize,
    text: String,
    /// Offset of `text` among all sources.
    base: u32,
}

impl Excerpt {
    /// From the line where the first span begins to where the last one ends.
    fn of(sources: &Sources, spans: &[Span]) -> Self {
        let from = spans.iter().map(|s| s.start).min().unwrap_or(0);
        // Of what is very long, its beginning tells enough.
        let to = spans.iter().map(|s| s.end.min(s.start.saturating_add(LONGEST))).max().unwrap_or(0);
        let file = sources.file_of(from);
        let bound = |offset: u32| {
            let mut at = (offset.saturating_sub(file.base) as usize).min(file.text.len());
            while !file.text.is_char_boundary(at) {
                at -= 1;
            }
            at
        };
        let (from_at, to_at) = (bound(from), bound(to));
        let start = file.text[..from_at].rfind('\n').map_or(0, |i| i + 1);
        let rest = &file.text[to_at..];
        let end = to_at + rest.find('\n').unwrap_or(rest.len()).min(BEHIND);
        let text = &file.text[start..bound(file.base + end as u32).max(to_at)];
        Self {
            file: file.name.clone(),
            line: sources.place(from).line as usize,
            text: clean_keeping_bytes(text),
            base: file.base + start as u32,
        }
    }

    fn range(&self, span: Span) -> std::ops::Range<usize> {
        let at = |offset: u32| (offset.saturating_sub(self.base) as usize).min(self.text.len());
        // Whole characters alone can be pointed at.
        let (start, end) =
            (self.text.floor_char_boundary(at(span.start)), self.text.ceil_char_boundary(at(span.end)));
        start..end.max(start)
    }

    fn snippet(self, notes: Vec<Annotation<'static>>) -> Snippet<'static, Annotation<'static>> {
        let snippet = Snippet::source(self.text).path(clean(&self.file)).line_start(self.line);
        snippet.annotations(notes)
    }
}

/// Control and direction characters as spaces of the same length, so that spans stay true.
fn clean_keeping_bytes(text: &str) -> String {
    if !text.chars().any(is_odd) {
        return text.to_owned();
    }
    text.chars().map(|c| if is_odd(c) { " ".repeat(c.len_utf8()) } else { c.to_string() }).collect()
}

/// Shows diagnostics on stderr.
pub fn show(out: &mut Out, sources: &Sources, diagnostics: &[Diagnostic]) {
    show_each(out, sources, diagnostics.iter().map(|d| (d, None)));
}

/// Shows refusals on stderr, with the words of who refuses where they are known.
pub fn show_refusals(out: &mut Out, sources: &Sources, refusals: &[Refusal]) {
    show_each(out, sources, refusals.iter().map(|r| (&r.diagnostic, r.service.as_deref())));
}

fn show_each<'a>(
    out: &mut Out,
    sources: &Sources,
    diagnostics: impl Iterator<Item = (&'a Diagnostic, Option<&'a str>)>,
) {
    let renderer = Renderer::styled();
    for (diagnostic, said) in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let primary = diagnostic.span;
        let near = |span: Span| {
            let same = sources.file_of(span.start).base == sources.file_of(primary.start).base;
            same && span.start.abs_diff(primary.start) as usize <= NEAR
        };
        let (together, apart): (Vec<_>, Vec<_>) = diagnostic.related.iter().partition(|r| near(r.span));
        let spans: Vec<Span> = std::iter::once(primary).chain(together.iter().map(|r| r.span)).collect();
        let excerpt = Excerpt::of(sources, &spans);
        let mut notes =
            vec![AnnotationKind::Primary.span(excerpt.range(primary)).label(clean(&diagnostic.label))];
        for related in together {
            notes.push(AnnotationKind::Context.span(excerpt.range(related.span)).label(clean(&related.text)));
        }
        let group = level.primary_title(clean(&diagnostic.message)).id(diagnostic.code);
        let mut group = group.element(excerpt.snippet(notes));
        for related in apart {
            let excerpt = Excerpt::of(sources, &[related.span]);
            let note = AnnotationKind::Context.span(excerpt.range(related.span)).label(clean(&related.text));
            group = group.element(excerpt.snippet(vec![note]));
        }
        if let Some(said) = said {
            group = group.element(Level::NOTE.message(format!("refused there with: {}", clean(said))));
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(clean(help)));
        }
        out.complain(&renderer.render(&[group]));
    }
}

/// A refusal as `check --json` writes it: the diagnostic, and the words of who refuses.
pub fn refusal_to_json(sources: &Sources, refusal: &Refusal) -> Value {
    let mut out = to_json(sources, &refusal.diagnostic);
    out["service"] = json!(refusal.service);
    out
}

/// A diagnostic as JSON.
pub fn to_json(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let place = sources.place(diagnostic.span.start);
    let base = sources.file_of(diagnostic.span.start).base;
    let fix = diagnostic.fix.as_ref().map(|f| {
        json!({"start": f.span.start.saturating_sub(base), "end": f.span.end.saturating_sub(base),
            "replacement": f.replacement, "safe": f.safe})
    });
    let related: Vec<Value> = diagnostic
        .related
        .iter()
        .map(|r| {
            let at = sources.place(r.span.start);
            json!({"file": at.file, "line": at.line, "column": at.column, "label": r.text})
        })
        .collect();
    json!({"code": diagnostic.code, "severity": diagnostic.severity, "message": diagnostic.message,
        "file": place.file, "line": place.line, "column": place.column,
        "start": diagnostic.span.start.saturating_sub(base), "end": diagnostic.span.end.saturating_sub(base),
        "label": diagnostic.label, "related": related, "help": diagnostic.help, "fix": fix})
}
