//! Diagnostics as a person reads them, in the compiler's manner, and as JSON.

use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use serde_json::{Value, json};
use shotbook_sim::diagnostic::{Diagnostic, Severity, Sources, Span};

use super::output::{Out, clean, is_odd};

fn local(sources: &Sources, span: Span) -> (String, String, std::ops::Range<usize>) {
    let file = sources.file_of(span.start);
    let text = clean_keeping_bytes(&file.text);
    let bound = |offset: u32| {
        let mut at = (offset.saturating_sub(file.base) as usize).min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (start, end) = (bound(span.start), bound(span.end));
    (file.name.clone(), text.clone(), start..end.max(start))
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
    let renderer = Renderer::styled();
    for diagnostic in diagnostics {
        let level = match diagnostic.severity {
            Severity::Error => Level::ERROR,
            Severity::Warning => Level::WARNING,
            Severity::Note => Level::NOTE,
        };
        let (name, text, range) = local(sources, diagnostic.span);
        let primary = AnnotationKind::Primary.span(range).label(clean(&diagnostic.label));
        let mut snippet = Snippet::source(text).path(clean(&name)).annotation(primary);
        let mut others = Vec::new();
        for related in &diagnostic.related {
            let (other, text, range) = local(sources, related.span);
            let note = AnnotationKind::Context.span(range).label(clean(&related.text));
            if other == name {
                snippet = snippet.annotation(note);
            } else {
                others.push(Snippet::source(text).path(clean(&other)).annotation(note));
            }
        }
        let mut group = level.primary_title(clean(&diagnostic.message)).id(diagnostic.code).element(snippet);
        for other in others {
            group = group.element(other);
        }
        if let Some(help) = &diagnostic.help {
            group = group.element(Level::HELP.message(clean(help)));
        }
        out.complain(&renderer.render(&[group]));
    }
}

/// A diagnostic as `check --json` writes it.
pub fn to_json(sources: &Sources, diagnostic: &Diagnostic) -> Value {
    let place = sources.place(diagnostic.span.start);
    let base = sources.file_of(diagnostic.span.start).base;
    let fix = diagnostic.fix.as_ref().map(|f| {
        json!({"start": f.span.start.saturating_sub(base), "end": f.span.end.saturating_sub(base),
            "replacement": f.replacement, "safe": f.safe})
    });
    json!({"code": diagnostic.code, "severity": diagnostic.severity, "message": diagnostic.message,
        "file": place.file, "line": place.line, "column": place.column,
        "start": diagnostic.span.start.saturating_sub(base), "end": diagnostic.span.end.saturating_sub(base),
        "help": diagnostic.help, "fix": fix})
}
