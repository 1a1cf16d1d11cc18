//! Any text gives a circuit or says what is wrong.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shotbook_sim::diagnostic::Severity;
use shotbook_sim::qasm::{Inputs, ParseOptions, read};

fuzz_target!(|text: &str| {
    let reading = read("text", text, &ParseOptions::default(), &Inputs::new());
    let wrong = reading.diagnostics.iter().any(|d| d.severity == Severity::Error);
    assert_eq!(reading.circuit.is_none(), wrong, "{:?}", reading.diagnostics);
});
