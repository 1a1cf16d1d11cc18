//! Every program of `circuits/` gives what the file beside it says; every bad one is refused so.

use std::path::{Path, PathBuf};

use shotbook_sim::diagnostic::{Diagnostic, Severity, Sources};
use shotbook_sim::engine::{Options, prepare};
use shotbook_sim::expect::{Expect, Refused};
use shotbook_sim::qasm::{self, Emit, InputValue, Inputs, ParseOptions, Reading};
use shotbook_sim::target::{self, Catalogue, Profile, Setting};

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../circuits").join(name)
}

/// Programs of a folder with their expectations.
fn programs(name: &str) -> Vec<(String, String, Expect)> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder(name)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|e| e == "qasm") {
            let text = std::fs::read_to_string(&path).unwrap();
            let expect = std::fs::read_to_string(path.with_extension("expect.json"))
                .unwrap_or_else(|e| panic!("{} has no expectations: {e}", path.display()));
            let expect = Expect::from_json(&expect).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
            out.push((path.file_name().unwrap().to_string_lossy().into_owned(), text, expect));
        }
    }
    out.sort_by(|a, b| a.0.cmp(&b.0));
    out
}

fn inputs(expect: &Expect) -> Inputs {
    let value = |v: &serde_json::Value| match v.as_i64() {
        Some(n) => InputValue::Int(n),
        None => InputValue::Number(v.as_f64().expect("inputs of the corpus are numbers")),
    };
    expect.inputs.iter().map(|(name, v)| (name.clone(), value(v))).collect()
}

fn read(name: &str, text: &str, expect: &Expect) -> Reading {
    qasm::read(name, text, &ParseOptions::default(), &inputs(expect))
}

/// What differs between a program's answer and its expectations.
fn differences(name: &str, reading: &Reading, expect: &Expect) -> Vec<String> {
    let circuit = reading.circuit.as_ref().unwrap_or_else(|| panic!("{name}: {:#?}", reading.diagnostics));
    let values = qasm::bind(circuit, &inputs(expect)).unwrap_or_else(|d| panic!("{name}: {d:#?}"));
    let mut prepared = prepare(circuit, &Options::default()).unwrap_or_else(|e| panic!("{name}: {e}"));
    let shots = expect.shots.unwrap_or(1000);
    let result =
        prepared.run(&values, shots, expect.seed.unwrap_or(7)).unwrap_or_else(|e| panic!("{name}: {e}"));
    expect.differences(&result.counts, &result.values, shots)
}

#[test]
fn every_program_gives_what_is_expected() {
    let programs = programs("");
    assert!(programs.len() >= 24, "{} programs", programs.len());
    for (name, text, expect) in programs {
        let found = differences(&name, &read(&name, &text, &expect), &expect);
        assert!(found.is_empty(), "{name}: {found:#?}");
    }
}

#[test]
fn every_program_survives_translation() {
    for (name, text, expect) in programs("") {
        let reading = read(&name, &text, &expect);
        let circuit =
            reading.circuit.as_ref().unwrap_or_else(|| panic!("{name}: {:#?}", reading.diagnostics));
        for form in [Emit::Braket, Emit::OpenQasm3, Emit::OpenQasm2] {
            let Ok(written) = qasm::emit(circuit, form) else { continue };
            let again = read(&name, &written, &expect);
            let found = differences(&name, &again, &expect);
            assert!(found.is_empty(), "{name} as {form:?}: {found:#?}\n{written}");
        }
    }
}

/// What is different about a refusal.
fn misses(first: Option<&Diagnostic>, sources: &Sources, refused: &Refused) -> Option<String> {
    let Some(first) = first else { return Some("it is accepted".to_owned()) };
    let place = sources.place(first.span.start);
    let expected = format!("{} at {}:{}", refused.code, refused.line, refused.column);
    let found = format!("{} at {}:{}", first.code, place.line, place.column);
    if expected != found {
        return Some(format!("expected {expected}, found {found}: {}", first.message));
    }
    let Some(help) = &first.help else { return Some("it says no help".to_owned()) };
    let word = refused.names.as_ref().filter(|word| !help.contains(word.as_str()))?;
    Some(format!("the help {help:?} does not name {word}"))
}

#[test]
fn every_bad_program_is_refused_as_it_says() {
    let programs = programs("bad");
    assert!(programs.len() >= 20, "{} bad programs", programs.len());
    let mut wrong = Vec::new();
    for (name, text, expect) in programs {
        let reading = read(&name, &text, &expect);
        let refused = expect.refused.as_ref().unwrap_or_else(|| panic!("{name} says no refusal"));
        wrong.extend(
            misses(reading.diagnostics.first(), &reading.sources, refused).map(|m| format!("{name}: {m}")),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_program_that_a_device_refuses_is_fine_without_it() {
    let mut wrong = Vec::new();
    for (name, text, expect) in programs("bad/target") {
        let reading = read(&name, &text, &expect);
        let circuit =
            reading.circuit.as_ref().unwrap_or_else(|| panic!("{name}: {:#?}", reading.diagnostics));
        let device = expect.device.as_deref().unwrap_or_else(|| panic!("{name} names no device"));
        let device = Catalogue::embedded().find(device).unwrap_or_else(|e| panic!("{name}: {e}"));
        let refused = expect.refused.as_ref().unwrap_or_else(|| panic!("{name} says no refusal"));
        let found = target::check(circuit, device, expect.shots);
        wrong.extend(misses(found.first(), &reading.sources, refused).map(|m| format!("{name}: {m}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_program_that_a_reader_refuses_is_fine_without_it() {
    let mut wrong = Vec::new();
    for (name, text, expect) in programs("bad/reader") {
        let reading = read(&name, &text, &expect);
        assert!(reading.circuit.is_some(), "{name}: {:#?}", reading.diagnostics);
        let reader = expect.reader.as_deref().unwrap_or_else(|| panic!("{name} names no reader"));
        let reader = Profile::named(reader).unwrap_or_else(|| panic!("{name}: there is no {reader}"));
        let refused = expect.refused.as_ref().unwrap_or_else(|| panic!("{name} says no refusal"));
        let device = expect.device.as_deref().map(|d| Catalogue::embedded().find(d).unwrap());
        let values = inputs(&expect);
        let setting = Setting { device, shots: expect.shots, inputs: Some(&values) };
        let found = reader.refusals(&reading, &setting);
        let first = found.first().map(|r| &r.diagnostic);
        wrong.extend(misses(first, &reading.sources, refused).map(|m| format!("{name}: {m}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_rule_has_its_program() {
    let all = programs("bad/reader").into_iter().chain(programs("bad/target"));
    let codes: Vec<String> = all.filter_map(|(_, _, e)| e.refused.map(|r| r.code)).collect();
    // An action of 5 MB is made by the test of `refusals`, not kept here.
    for rule in target::RULES.iter().filter(|r| r.code != "SB4024") {
        assert!(codes.iter().any(|c| c == rule.code), "{} has no program in circuits/bad", rule.code);
    }
}

#[test]
fn the_strict_form_of_every_program_is_what_the_service_reads() {
    for (name, text, expect) in programs("") {
        let reading = read(&name, &text, &expect);
        let Some(circuit) = &reading.circuit else { continue };
        let Ok(written) = qasm::emit(circuit, Emit::Braket) else { continue };
        let again = read(&name, &written, &expect);
        let refused = Profile::Service.check(&again);
        let only_asked = refused.iter().all(|d| d.severity != Severity::Error || d.code < "SB4030");
        assert!(only_asked, "{name}: {refused:#?}\n{written}");
    }
}
