//! Any text is parsed without a panic, and every place of a diagnostic lies in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shotbook_sim::diagnostic::Sources;
use shotbook_sim::qasm::{ParseOptions, parse};

fuzz_target!(|text: &str| {
    let mut sources = Sources::new("text", text);
    let (_, diagnostics) = parse(&mut sources, &ParseOptions::default());
    let end = sources.files().last().map_or(0, |f| f.base + f.text.len() as u32);
    for diagnostic in &diagnostics {
        assert!(diagnostic.span.start <= diagnostic.span.end && diagnostic.span.end <= end, "{diagnostic:?}");
    }
});
