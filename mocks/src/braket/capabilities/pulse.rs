//! What devices with pulse control say of their ports and frames.

use serde_json::{Map, Value, json};

use super::headed;

/// Frequencies are invented: nobody publishes them qubit by qubit. Units: hertz.
const DRIVE: f64 = 4.0e9;
const READOUT: f64 = 7.0e9;

/// Ports and frames for these qubits, with the address of their calibrations.
pub(super) fn properties(qubits: &[u32], calibrations: &str) -> Value {
    let (mut ports, mut frames) = (Map::new(), Map::new());
    for &q in qubits {
        let lines = [
            ("charge_tx", "tx", "charge_tx", DRIVE),
            ("readout_tx", "tx", "readout_tx", READOUT),
            ("readout_rx", "rx", "readout_rx", READOUT),
        ];
        for (name, direction, kind, base) in lines {
            let id = format!("Transmon_{q}_{name}");
            let frequency = base + f64::from(q) * 1e6;
            ports.insert(
                id.clone(),
                json!({"portId": id, "direction": direction, "portType": kind, "dt": 1e-9,
                    "qubitMappings": null, "centerFrequencies": null, "qhpSpecificProperties": null}),
            );
            frames.insert(
                id.clone(),
                json!({"frameId": id, "portId": id, "frequency": frequency, "centerFrequency": base,
                    "phase": 0.0, "associatedGate": null, "qubitMappings": [q],
                    "qhpSpecificProperties": null}),
            );
        }
    }
    let argument = |name: &str, kind: &str| json!({"name": name, "type": kind, "optional": false});
    let function = |name: &str, arguments: Value| json!({"functionName": name, "arguments": arguments});
    let frame = || argument("frame", "frame");
    let one = |name: &str, value: &str| {
        (name.to_owned(), function(name, json!([frame(), argument(value, "float")])))
    };
    let mut functions: Map<String, Value> = [
        one("shift_phase", "phase"),
        one("set_phase", "phase"),
        one("shift_frequency", "frequency"),
        one("set_frequency", "frequency"),
    ]
    .into_iter()
    .collect();
    functions.insert("play".into(), function("play", json!([frame(), argument("waveform", "waveform")])));
    functions.insert("capture_v0".into(), function("capture_v0", json!([frame()])));
    functions.insert("delay".into(), function("delay", json!([frame(), argument("duration", "float")])));
    functions.insert("barrier".into(), function("barrier", json!([frame()])));
    json!({
        "braketSchemaHeader": headed("pulse.pulse_device_action_properties", "1"),
        "supportedQhpTemplateWaveforms": waveforms(), "ports": ports, "supportedFunctions": functions,
        "frames": frames, "supportsLocalPulseElements": false, "supportsDynamicFrames": false,
        "supportsNonNativeGatesWithPulses": false, "validationParameters": {"MAX_SCALE": 4.0,
            "MAX_AMPLITUDE": 1.0, "PERMITTED_FREQUENCY_DIFFERENCE": 400_000_000.0},
        "nativeGateCalibrationsRef": calibrations,
    })
}

/// The pulses of all native gates, as the address of the calibrations gives them: turns about X by
/// quarters and halves, about Z by any angle, and the coupling of each pair.
pub(in crate::braket) fn calibrations(qubits: &[u32], pairs: &[(u32, u32)]) -> Value {
    use std::f64::consts::{FRAC_PI_2, PI};
    let argument = |name: &str, value: Value, kind: &str| json!({"name": name, "value": value, "type": kind});
    let frame = |q: u32| argument("frame", json!(format!("Transmon_{q}_charge_tx")), "frame");
    let play = |q: u32, waveform: &str| json!({"name": "play", "arguments": [frame(q), argument("waveform", json!(waveform), "waveform")]});
    let mut gates = Map::new();
    for &q in qubits {
        let turn = |angle: f64| {
            let waveform = if angle.abs() > 2.0 { "half_turn" } else { "quarter_turn" };
            json!({"name": "rx", "qubits": [q.to_string()], "arguments": [angle.to_string()],
                "calibrations": [play(q, waveform)]})
        };
        let shift = json!({"name": "shift_phase",
            "arguments": [frame(q), argument("phase", json!("-1.0*theta"), "expr")]});
        let phase = json!({"name": "rz", "qubits": [q.to_string()], "arguments": ["theta"],
            "calibrations": [shift]});
        let turns: Vec<Value> = [FRAC_PI_2, -FRAC_PI_2, PI, -PI].into_iter().map(turn).collect();
        gates.insert(q.to_string(), json!({"rx": turns, "rz": [phase]}));
    }
    for (a, b) in pairs {
        let both = json!([a.to_string(), b.to_string()]);
        let coupling = json!({"name": "cz", "qubits": both, "arguments": [],
            "calibrations": [play(*a, "half_turn"), play(*b, "half_turn")]});
        gates.insert(format!("{a}-{b}"), json!({"cz": [coupling]}));
    }
    let waveform = |name: &str, amplitude: f64| {
        json!({"waveformId": name, "name": "drag_gaussian", "arguments": [
            argument("length", json!(4e-8), "float"), argument("sigma", json!(1e-8), "float"),
            argument("beta", json!(-1e-9), "float"), argument("amplitude", json!(amplitude), "float")]})
    };
    json!({"gates": gates, "waveforms": {"quarter_turn": waveform("quarter_turn", 0.2),
        "half_turn": waveform("half_turn", 0.4)}})
}

fn waveforms() -> Value {
    let shape = |name: &str, arguments: &[&str]| {
        let arguments: Vec<Value> =
            arguments.iter().map(|a| json!({"name": a, "type": "float", "optional": false})).collect();
        json!({"functionName": name, "arguments": arguments, "returnType": "waveform"})
    };
    json!({
        "constant": shape("constant", &["length", "iq"]),
        "gaussian": shape("gaussian", &["length", "sigma", "amplitude"]),
        "drag_gaussian": shape("drag_gaussian", &["length", "sigma", "beta", "amplitude"]),
        "erf_square": shape("erf_square", &["length", "width", "sigma", "off_center", "amplitude"]),
    })
}
