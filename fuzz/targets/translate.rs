//! What a circuit is translated to can be read, on as many qubits; drawing it and asking a device's
//! rules about it does no harm.
#![no_main]

use libfuzzer_sys::fuzz_target;
use shotbook_sim::qasm::{Emit, Inputs, ParseOptions, emit, read, rewrite};
use shotbook_sim::target::Profile;

/// Longer circuits only take longer.
const MOST: usize = 5_000;

fuzz_target!(|text: &str| {
    let options = ParseOptions::default();
    let reading = read("text", text, &options, &Inputs::new());
    let Some(circuit) = &reading.circuit else { return };
    let size = circuit.ops.ops.len() + circuit.blocks.iter().map(|b| b.ops.len()).sum::<usize>();
    if size + circuit.n_qubits as usize > MOST {
        return;
    }
    for form in [Emit::Braket, Emit::OpenQasm3, Emit::OpenQasm2] {
        let written = emit(circuit, form).ok().into_iter().chain(rewrite(&reading, form, &Inputs::new()));
        for translated in written {
            let again = read("translation", translated.as_str(), &options, &Inputs::new());
            let n = again.circuit.map(|c| c.n_qubits);
            assert_eq!(n, Some(circuit.n_qubits), "{form:?}\n{translated}\n{:?}", again.diagnostics);
        }
    }
    for profile in [Profile::Service, Profile::LocalSimulator, Profile::Sdk] {
        let _refusals = profile.check(&reading);
    }
});
