//! Every refusal that Braket publishes is predicted in its own words.
//!
//! Source of the words: Braket Developer Guide, "Troubleshooting OpenQASM", and the SDK's own tests; the
//! last two are those of amazon-braket-default-simulator 1.41.2.

use shotbook_sim::diagnostic::{Severity, Sources};
use shotbook_sim::qasm::{self, Inputs, ParseOptions, Reading};
use shotbook_sim::target::{self, Catalogue, Device, Profile, Refusal, Setting};

/// Who reads the program below.
enum By {
    Service,
    Local,
    On(&'static str),
}

/// Who, how many shots, the words, the program.
const PUBLISHED: &[(By, u64, &str, &str)] = &[
    (
        By::Service,
        10,
        "No terminal matches '\"' in the current parser context, at line 2 col 17.",
        "OPENQASM 3.0;\n        include \"stdgates.inc\";\nqubit[1] q;\nh q[0];",
    ),
    (
        By::Service,
        10,
        "Device requires contiguous qubits. Qubit register q has unused qubits q[1], q[4].",
        "OPENQASM 3.0;\nqubit[5] q;\ncnot q[0], q[2];\nh q[3];",
    ),
    (
        By::Service,
        10,
        "[line 4] mixes physical qubits and qubits registers.",
        "OPENQASM 3.0;\nqubit[2] q;\nh q[0];\ncnot q[0], $1;",
    ),
    (
        By::Service,
        10,
        "Qubits should not be explicitly measured when result types are requested.",
        "OPENQASM 3.0;\nqubit[1] q;\nbit[1] b;\nb[0] = measure q[0];\n#pragma braket result probability",
    ),
    (
        By::On("sv1"),
        10,
        "Qubits should not be explicitly measured when result types are requested.",
        "OPENQASM 3.0;\nqubit[1] q;\nbit[1] b;\nb[0] = measure q[0];\n#pragma braket result probability",
    ),
    (
        By::On("sv1"),
        10,
        "Device requires all qubits in the program to be measured. This may be caused by declaring non-contiguous qubits or measuring partial qubits",
        "OPENQASM 3.0;\nqubit[2] q;\nbit[1] b;\nh q[0];\ncnot q[0], q[1];\nb[0] = measure q[0];",
    ),
    (
        By::Service,
        10,
        "[line 4] cannot declare a qubit register. Only 1 qubit register is supported.",
        "OPENQASM 3.0;\nqubit[1] q;\nh q[0];\nqubit[1] r;\nh r[0];",
    ),
    (
        By::On("cepheus"),
        10,
        "In verbatim boxes, native gates are required. x is not a device native gate.",
        "OPENQASM 3.0;\n#pragma braket verbatim\nbox {\nx $0;\n}",
    ),
    (
        By::On("cepheus"),
        10,
        "Physical qubits are required in verbatim box.",
        "OPENQASM 3.0;\nqubit[1] q;\n#pragma braket verbatim\nbox {\nrz(1.0) q[0];\n}",
    ),
    (
        By::Service,
        10,
        "Physical qubits are required in verbatim box.",
        "OPENQASM 3.0;\nqubit[1] q;\n#pragma braket verbatim\nbox {\nrz(1.0) q[0];\n}",
    ),
    (By::Service, 10, "[line 4] single qubit cannot be indexed.", "OPENQASM 3.0;\n\nqubit q;\nh q[0];"),
    (
        By::On("cepheus"),
        10,
        "[line 3] has disconnected qubits 0 and 14",
        "OPENQASM 3.0;\nbit[1] b;\ncnot $0, $14;\nb[0] = measure $0;",
    ),
    (
        By::Service,
        10,
        "You must include “braket” in the verbatim pragma",
        "OPENQASM 3.0;\n#pragma verbatim\nbox {\nrz(1.0) $0;\n}",
    ),
    (
        By::On("garnet"),
        10,
        "Conflicting result types applied to a single qubit",
        "OPENQASM 3.0;\nqubit[1] q;\nh q[0];\n#pragma braket result sample x(q[0])\n#pragma braket result probability q[0]",
    ),
    (
        By::Local,
        10,
        "Missing input variable 'a'.",
        "OPENQASM 3.0;\ninput float a;\nqubit[1] q;\nbit[1] b;\nrx(a) q[0];\nb = measure q;",
    ),
];

fn read(text: &str) -> Reading {
    qasm::read("program", text, &ParseOptions::default(), &Inputs::new())
}

fn device(name: &str) -> &'static Device {
    Catalogue::embedded().find(name).unwrap()
}

fn words(reading: &Reading, sources: &Sources, found: Vec<Refusal>) -> Vec<String> {
    let own = reading.diagnostics.iter().filter_map(|d| target::published(d, sources));
    own.chain(found.into_iter().filter_map(|r| r.service)).collect()
}

#[test]
fn every_published_refusal_is_predicted_word_for_word() {
    for (by, shots, said, text) in PUBLISHED {
        let reading = read(text);
        let setting = Setting { shots: Some(*shots), ..Setting::default() };
        let found = match (by, &reading.circuit) {
            (By::Service, _) => Profile::Service.refusals(&reading, &setting),
            (By::Local, _) => Profile::LocalSimulator.refusals(&reading, &setting),
            (By::On(name), Some(circuit)) => {
                target::refusals(circuit, device(name), Some(*shots), Some(&reading.sources))
            }
            (By::On(_), None) => Vec::new(),
        };
        let words = words(&reading, &reading.sources, found);
        assert!(words.iter().any(|w| w == said), "{said:?} is not among {words:#?}\n{text}");
    }
}

#[test]
fn every_text_of_the_rules_is_in_the_list() {
    let texts = target::RULES.iter().filter_map(|r| r.service).chain(target::READING.iter().map(|r| r.1));
    for text in texts {
        let begin = text.split("{}").max_by_key(|part| part.len()).unwrap();
        assert!(PUBLISHED.iter().any(|(_, _, said, _)| said.contains(begin)), "{text}");
    }
}

#[test]
fn a_device_that_wants_contiguous_qubits_refuses_unused_ones() {
    let reading = read("OPENQASM 3.0;\nqubit[3] q;\ncnot q[0], q[2];");
    let circuit = reading.circuit.as_ref().unwrap();
    let strict = Device { contiguous_qubits: true, ..device("garnet").clone() };
    let found = target::refusals(circuit, &strict, Some(10), Some(&reading.sources));
    let said = "Device requires contiguous qubits. Qubit register q has unused qubits q[1].";
    assert!(found.iter().any(|r| r.service.as_deref() == Some(said)), "{found:#?}");
    assert_eq!(target::check(circuit, device("garnet"), Some(10)), []);
    let setting = Setting { device: Some(&strict), ..Setting::default() };
    let refused = Profile::Service.refusals(&reading, &setting);
    assert!(
        refused.iter().any(|r| r.diagnostic.code == "SB4028" && r.diagnostic.severity == Severity::Error)
    );
    let setting = Setting { device: Some(device("garnet")), ..Setting::default() };
    assert_eq!(Profile::Service.refusals(&reading, &setting), []);
}

#[test]
fn an_action_of_more_than_the_service_takes_is_not_sent() {
    let mut text = "OPENQASM 3.0;\nqubit[1] q;\n".to_owned();
    text.push_str(&"rx(0.123456789012345) q[0];\n".repeat(180_000));
    let reading = read(&text);
    let circuit = reading.circuit.as_ref().unwrap();
    let wrong = target::submission(circuit, device("sv1"), &Inputs::new()).unwrap_err();
    assert_eq!((wrong.len(), wrong[0].code), (1, "SB4024"), "{wrong:#?}");
}
