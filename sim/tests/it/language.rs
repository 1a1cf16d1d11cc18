//! The table of statements in the documentation, walked: each example does what its row says.

use shotbook_sim::diagnostic::Severity;
use shotbook_sim::engine::{Options, prepare};
use shotbook_sim::qasm::{self, Inputs, ParseOptions};

const PAGE: &str = include_str!("../../../docs/openqasm.md");

/// Statement, example and verdict of each row of the first table.
fn rows() -> Vec<(&'static str, String, &'static str)> {
    let table = PAGE.lines().skip_while(|l| !l.starts_with("| statement")).skip(2);
    let cells = table.take_while(|l| l.starts_with('|')).map(|line| {
        let (first, last) = (line.find('`').expect(line), line.rfind('`').expect(line));
        let example = line[first + 1..last].replace('⏎', "\n");
        (line[..first].trim_matches(['|', ' ']), example, line[last + 1..].trim_matches(['|', ' ']))
    });
    cells.collect()
}

#[test]
fn every_row_of_the_page_is_true() {
    let rows = rows();
    assert!(rows.len() > 45, "{} rows", rows.len());
    for (statement, example, verdict) in rows {
        let reading = qasm::read("row", example.as_str(), &ParseOptions::default(), &Inputs::new());
        let errors: Vec<_> = reading.diagnostics.iter().filter(|d| d.severity == Severity::Error).collect();
        if let Some(code) = verdict.strip_prefix("refused: ") {
            let codes: Vec<_> = errors.iter().map(|d| d.code).collect();
            assert_eq!(codes, [code], "{statement}: {example}");
            continue;
        }
        let circuit = reading.circuit.as_ref().unwrap_or_else(|| panic!("{statement}: {errors:#?}"));
        match verdict {
            "runs" => {
                let values = vec![0.5; circuit.inputs.len()];
                let shots = if circuit.results.is_empty() { 5 } else { 0 };
                let mut prepared = prepare(circuit, &Options::default()).unwrap();
                prepared.run(&values, shots, 1).unwrap_or_else(|e| panic!("{statement}: {e}"));
            }
            "kept" => {
                let printed = qasm::print(&reading.program);
                let kept =
                    ["stretch", "opaque magic", "extern parity", "@reversible", "defcal x", "vendor tuning"];
                let word = kept.iter().find(|w| example.contains(**w));
                let word = word.unwrap_or_else(|| panic!("{statement}: which word is kept?"));
                assert!(printed.contains(word), "{statement}\n{printed}");
            }
            other => panic!("{statement}: what is {other:?}?"),
        }
    }
}
