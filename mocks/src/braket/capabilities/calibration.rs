//! Calibration: published fidelities where there are any, the same for every qubit.

use serde_json::{Map, Value, json};
use shotbook_sim::target::{Connectivity, Device};

use super::{headed, vendor};

/// Times of one kind of hardware. Units: seconds.
struct Times {
    t1: f64,
    t2: f64,
    one: f64,
    two: f64,
    readout: f64,
    reset: f64,
}

/// Orders of magnitude of the technologies: no device publishes them all.
const SUPERCONDUCTING: Times =
    Times { t1: 40e-6, t2: 20e-6, one: 40e-9, two: 60e-9, readout: 1.5e-6, reset: 300e-6 };
const IONS: Times = Times { t1: 100.0, t2: 1.0, one: 130e-6, two: 970e-6, readout: 150e-6, reset: 50e-6 };

fn times(device: &Device) -> Times {
    if device.technology == "trapped ion" { IONS } else { SUPERCONDUCTING }
}

/// Of one-qubit gates, of two-qubit gates, of reading.
fn fidelities(device: &Device) -> (f64, f64, f64) {
    let all = crate::run::fidelities(device);
    (all.one, all.two, all.readout)
}

/// The document that all vendors share, in the version that the vendor's schema takes.
pub(super) fn standardized(device: &Device) -> Value {
    match vendor(device) {
        "iqm" | "rigetti" => each_qubit(device),
        _ => whole_device(device),
    }
}

fn each_qubit(device: &Device) -> Value {
    let (one, two, readout) = fidelities(device);
    let times = times(device);
    let fidelity = |name: &str, value: f64| json!({"fidelityType": {"name": name}, "fidelity": value, "standardError": null});
    let span = |s: f64| json!({"value": s, "standardError": null, "unit": "S"});
    let single = json!({"T1": span(times.t1), "T2": span(times.t2), "oneQubitFidelity": [
        fidelity("RANDOMIZED_BENCHMARKING", one),
        fidelity("SIMULTANEOUS_RANDOMIZED_BENCHMARKING", one),
        fidelity("READOUT", readout)]});
    let pairs: Vec<(u32, u32)> = match &device.connectivity {
        Connectivity::Edges(edges) => edges.clone(),
        _ => Vec::new(),
    };
    let gate = |name: &str| {
        json!({"direction": null, "gateName": name, "fidelity": two, "standardError": null,
            "fidelityType": {"name": "INTERLEAVED_RANDOMIZED_BENCHMARKING"}})
    };
    let gates: Vec<Value> = two_qubit(device).map(|n| gate(&n.to_uppercase())).collect();
    let double = json!({"twoQubitGateFidelity": gates});
    let qubits: Map<String, Value> =
        device.qubit_labels.iter().map(|q| (q.to_string(), single.clone())).collect();
    let pairs: Map<String, Value> = pairs.iter().map(|(a, b)| (format!("{a}-{b}"), double.clone())).collect();
    json!({
        "braketSchemaHeader": headed("standardized_gate_model_qpu_device_properties", "1"),
        "oneQubitProperties": qubits, "twoQubitProperties": pairs,
    })
}

fn two_qubit(device: &Device) -> impl Iterator<Item = &'static str> {
    device.native_gates.iter().map(|g| g.row()).filter(|row| row.n_qubits == 2).map(|row| row.name)
}

fn whole_device(device: &Device) -> Value {
    let (one, two, readout) = fidelities(device);
    let times = times(device);
    let fidelity = |value: f64| {
        json!({"fidelityType": {"name": "RANDOMIZED_BENCHMARKING"}, "fidelity": value,
            "standardError": null, "unit": "fraction"})
    };
    let span = |s: f64| json!({"value": s, "standardError": null, "unit": "s"});
    let single = json!({"oneQubitFidelity": [fidelity(one)]});
    let qubits: Map<String, Value> =
        device.qubit_labels.iter().map(|q| (q.to_string(), single.clone())).collect();
    json!({
        "braketSchemaHeader": headed("standardized_gate_model_qpu_device_properties", "3"),
        "oneQubitProperties": qubits, "T1": span(times.t1), "T2": span(times.t2),
        "readoutFidelity": [{"fidelity": readout, "standardError": null, "unit": "fraction"}],
        "readoutDuration": span(times.readout), "singleQubitGateDuration": span(times.one),
        "singleQubitFidelity": [fidelity(one)], "twoQubitGateFidelity": [fidelity(two)],
        "twoQubitGateDuration": span(times.two), "activeResetDuration": span(times.reset),
        "updatedAt": "2026-05-05T00:00:00Z",
    })
}

/// What the vendor's own schema asks for.
pub(super) fn provider(device: &Device) -> Value {
    let (one, two, readout) = fidelities(device);
    let times = times(device);
    match vendor(device) {
        "ionq" => {
            let mut out = json!({
                "braketSchemaHeader": headed("ionq.ionq_provider_properties", "1"),
                "fidelity": {"1Q": {"mean": one}, "2Q": {"mean": two}, "spam": {"mean": readout}},
                "timing": {"T1": times.t1, "T2": times.t2, "1Q": times.one, "2Q": times.two,
                    "readout": times.readout, "reset": times.reset},
            });
            if let Some(least) = device.debias_min_shots {
                out["errorMitigation"] = json!({"braket.device_schema.error_mitigation.debias.Debias":
                    {"minimumShots": least.on_demand}});
            }
            out
        }
        "rigetti" => json!({"braketSchemaHeader": headed("rigetti.rigetti_provider_properties", "2"),
            "specs": {}}),
        "aqt" => {
            let percent = |f: f64| json!({"value": f * 100.0, "uncertainty": 0.01});
            let singles: Map<String, Value> =
                device.qubit_labels.iter().map(|q| (q.to_string(), percent(one))).collect();
            json!({
                "braketSchemaHeader": headed("aqt.aqt_provider_properties", "1"),
                "properties": {
                    "single_qubit_gate_fidelity": singles, "mean_two_qubit_gate_fidelity": percent(two),
                    "spam_fidelity_lower_bound": readout * 100.0,
                    "t2_coherence_time_s": {"value": times.t2, "uncertainty": 0.01},
                    "t1_s": {"value": times.t1, "uncertainty": 0.01},
                    "readout_time_micros": times.readout * 1e6,
                    "single_qubit_gate_duration_micros": times.one * 1e6,
                    "two_qubit_gate_duration_micros": times.two * 1e6,
                    "updated_at": "2026-05-05T00:00:00Z",
                },
            })
        }
        _ => {
            let qubits: Map<String, Value> = device
                .qubit_labels
                .iter()
                .map(|q| {
                    let own = json!({"T1": times.t1, "T2": times.t2, "fRB": one, "fRO": readout});
                    (q.to_string(), own)
                })
                .collect();
            let pairs: Map<String, Value> = match &device.connectivity {
                Connectivity::Edges(edges) => {
                    edges.iter().map(|(a, b)| (format!("{a}-{b}"), json!({"fCZ": two}))).collect()
                }
                _ => Map::new(),
            };
            json!({"braketSchemaHeader": headed("iqm.iqm_provider_properties", "1"),
                "properties": {"one_qubit": qubits, "two_qubit": pairs}})
        }
    }
}
