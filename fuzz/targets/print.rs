//! A tree that is printed and read again prints the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shotbook_sim::diagnostic::Sources;
use shotbook_sim::qasm::{ParseOptions, Program, parse, print};

fn tree(text: &str) -> Option<Program> {
    let (program, diagnostics) = parse(&mut Sources::new("text", text), &ParseOptions::default());
    diagnostics.is_empty().then_some(program)
}

fuzz_target!(|text: &str| {
    // An envelope is printed as the program that it holds.
    let Some(program) = tree(text) else { return };
    let printed = print(&program);
    let again = tree(&printed).unwrap_or_else(|| panic!("cannot be read again:\n{printed}"));
    assert_eq!(print(&again), printed);
});
