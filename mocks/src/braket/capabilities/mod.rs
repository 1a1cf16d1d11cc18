//! Capability documents of the published schemas' shape.

mod analog;
mod calibration;
pub(super) mod pulse;
pub(super) mod retired;

use serde_json::{Map, Value, json};
use shotbook_sim::target::{Connectivity, Device, DeviceKind, Pragma, ResultKind, Window};

use crate::meter::{Rate, rate};
use crate::run::{ANALOG, JAQCD, PROGRAM, SET};

/// Channels by the names of their pragmas, as a simulator of noise lists them.
const CHANNELS: [&str; 10] = [
    "bit_flip",
    "phase_flip",
    "pauli_channel",
    "depolarizing",
    "two_qubit_depolarizing",
    "two_qubit_dephasing",
    "amplitude_damping",
    "generalized_amplitude_damping",
    "phase_damping",
    "kraus",
];
const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn headed(name: &str, version: &str) -> Value {
    json!({"name": format!("braket.device_schema.{name}"), "version": version})
}

/// Below which the calibrations of pulses are.
pub(crate) const CALIBRATIONS: &str = "/_shotbook/calibrations/";

fn calibrations_address(host: &str, arn: &str) -> String {
    format!("http://{host}{CALIBRATIONS}{}.json", arn.rsplit('/').next().unwrap_or(""))
}

/// What the service says of a device, for clients that know OpenQASM and for those that do not.
pub(super) fn document(device: &Device, openqasm: bool, host: &str) -> Value {
    let service = service(device);
    let action = action(device, openqasm);
    if device.kind == DeviceKind::Simulator {
        return json!({
            "braketSchemaHeader": headed("simulators.gate_model_simulator_device_capabilities", "1"),
            "service": service, "action": action, "deviceParameters": {},
            "paradigm": {
                "braketSchemaHeader": headed("simulators.gate_model_simulator_paradigm_properties", "1"),
                "qubitCount": device.n_qubits,
            },
        });
    }
    let vendor = vendor(device);
    // The second version of this one vendor's document names its instruction set another way.
    let version = if vendor == "rigetti" { "2" } else { "1" };
    let mut out = json!({
        "braketSchemaHeader": headed(&format!("{vendor}.{vendor}_device_capabilities"), version),
        "service": service, "action": action, "deviceParameters": {},
        "paradigm": if device.analog { analog::paradigm(device.n_qubits) } else { paradigm(device) },
    });
    if !device.analog {
        out["provider"] = calibration::provider(device);
        out["standardized"] = calibration::standardized(device);
        if vendor == "rigetti" {
            let address = calibrations_address(host, &device.arn);
            out["pulse"] = pulse::properties(&device.qubit_labels, &address);
        }
    }
    out
}

/// The vendor's part of the ARN.
fn vendor(device: &Device) -> &str {
    device.arn.rsplit('/').nth(1).unwrap_or("")
}

fn service(device: &Device) -> Value {
    let (low, high) = device.shots.unwrap_or((0, 100_000));
    let cost = match rate(&device.arn) {
        Some(Rate::Qpu(_, shot)) => json!({"price": shot as f64 / 1e9, "unit": "shot"}),
        Some(Rate::Minute(minute)) => json!({"price": minute as f64 / 1e9, "unit": "minute"}),
        None => Value::Null,
    };
    let windows: Vec<Value> = match device.windows.as_slice() {
        [] => vec![window("Everyday", 0, 86_399)],
        some => some.iter().flat_map(spans).collect(),
    };
    let mut out = json!({
        "braketSchemaHeader": headed("device_service_properties", "1"),
        "executionWindows": windows, "shotsRange": [low, high], "deviceCost": cost,
        "deviceDocumentation": {"imageUrl": "", "summary": device.technology, "externalDocumentationUrl": ""},
        "deviceLocation": device.location, "updatedAt": "2026-05-05T00:00:00Z",
    });
    if let Some(ms) = device.poll_ms {
        out["getTaskPollIntervalMillis"] = json!(ms);
    }
    out
}

fn window(day: &str, start_s: u32, end_s: u32) -> Value {
    let clock = |s: u32| format!("{:02}:{:02}:{:02}", s / 3600, s / 60 % 60, s % 60);
    json!({"executionDay": day, "windowStartHour": clock(start_s), "windowEndHour": clock(end_s)})
}

/// A window by the one word that means its days, or one row a day.
fn spans(span: &Window) -> Vec<Value> {
    let days: Vec<&str> = match span.days {
        0b111_1111 => vec!["Everyday"],
        0b001_1111 => vec!["Weekdays"],
        0b110_0000 => vec!["Weekend"],
        some => (0..7).filter(|d| some >> d & 1 == 1).map(|d| DAYS[d]).collect(),
    };
    days.into_iter().map(|day| window(day, span.start_s, span.end_s)).collect()
}

fn results(device: &Device) -> Vec<Value> {
    let row = |r: &shotbook_sim::target::ResultSupport| {
        let observables = (!r.observables.is_empty()).then_some(&r.observables);
        json!({"name": r.kind.capability(), "observables": observables, "minShots": r.min_shots,
            "maxShots": r.max_shots})
    };
    device.results.iter().map(row).collect()
}

fn action(device: &Device, openqasm: bool) -> Value {
    let mut out = Map::new();
    if device.analog {
        out.insert(ANALOG.into(), json!({"actionType": ANALOG, "version": ["1"]}));
        return Value::Object(out);
    }
    if device.kind == DeviceKind::Simulator {
        // What the older payload has no word for stays out.
        let newer = ["gpi", "gpi2", "ms", "gphase"];
        let known = device.operations.iter().filter(|o| !newer.contains(&o.as_str()));
        let known: Vec<&String> = known.collect();
        let old: Vec<Value> =
            results(device).into_iter().filter(|r| r["name"] != "AdjointGradient").collect();
        out.insert(
            JAQCD.into(),
            json!({"actionType": JAQCD, "version": ["1.0", "1.1"], "supportedOperations": known,
                "supportedResultTypes": old, "disabledQubitRewiringSupported": false}),
        );
    }
    if !openqasm {
        return Value::Object(out);
    }
    out.insert(PROGRAM.into(), program(device));
    if let Some(limits) = device.program_set {
        out.insert(
            SET.into(),
            json!({"actionType": SET, "version": ["1"], "maximumExecutables": limits.max_executables,
                "maximumTotalShots": limits.max_total_shots}),
        );
    }
    Value::Object(out)
}

fn program(device: &Device) -> Value {
    let simulator = device.kind == DeviceKind::Simulator;
    let (mut takes, mut refuses) = (Vec::new(), Vec::new());
    let mut sort = |name: String, taken: bool| if taken { takes.push(name) } else { refuses.push(name) };
    if device.pragmas.contains(&Pragma::Verbatim) {
        sort("verbatim".into(), true);
    }
    sort("braket_unitary_matrix".into(), device.pragmas.contains(&Pragma::Unitary));
    if simulator {
        sort("braket_basis_rotation".into(), true);
        let noise = device.pragmas.contains(&Pragma::Noise);
        CHANNELS.iter().for_each(|c| sort(format!("braket_noise_{c}"), noise));
    }
    for kind in ResultKind::ALL {
        sort(format!("braket_result_type_{}", kind.pragma()), device.result(kind).is_some());
    }
    let arrays = ["concatenation", "negativeIndex", "range", "rangeWithStep", "slicing", "selection"];
    json!({
        "actionType": PROGRAM, "version": ["1"],
        "supportedOperations": device.operations, "supportedModifiers": [],
        "supportedPragmas": takes, "forbiddenPragmas": refuses,
        "maximumQubitArrays": 1, "maximumClassicalArrays": 1, "forbiddenArrayOperations": arrays,
        "requiresAllQubitsMeasurement": simulator, "supportPhysicalQubits": device.physical_qubits,
        "requiresContiguousQubitIndices": false, "supportsPartialVerbatimBox": device.partial_verbatim,
        "supportsUnassignedMeasurements": device.unassigned_measurement,
        "disabledQubitRewiringSupported": false, "supportedResultTypes": results(device),
    })
}

/// Names of the native gates as the vendor writes them.
fn native(device: &Device) -> Vec<String> {
    let mut out: Vec<String> = device.native_gates.iter().map(|g| g.row().name.to_owned()).collect();
    out.extend(device.experimental.iter().cloned());
    if device.takes_operation("barrier") {
        out.push("barrier".to_owned());
    }
    if vendor(device) == "ionq" {
        out.iter_mut().for_each(|name| *name = name.to_uppercase());
    }
    out
}

fn paradigm(device: &Device) -> Value {
    let full = matches!(device.connectivity, Connectivity::Full);
    let near = |a: u32| -> Vec<String> {
        let joined = device.qubit_labels.iter().filter(|&&b| !full && device.connectivity.joins(a, b));
        joined.map(ToString::to_string).collect()
    };
    let graph: Map<String, Value> = match full {
        true => Map::new(),
        false => device.qubit_labels.iter().map(|&a| (a.to_string(), json!(near(a)))).collect(),
    };
    json!({
        "braketSchemaHeader": headed("gate_model_qpu_paradigm_properties", "1"),
        "connectivity": {"fullyConnected": full, "connectivityGraph": graph},
        "qubitCount": device.n_qubits, "nativeGateSet": native(device),
    })
}

#[cfg(test)]
mod tests {
    use shotbook_sim::target::Catalogue;

    use super::*;

    fn device(name: &str) -> &'static Device {
        Catalogue::embedded().devices().iter().find(|d| d.name == name).expect("in the catalogue")
    }

    #[test]
    fn windows_have_the_word_that_means_their_days() {
        let days = |name: &str| -> Vec<String> {
            let windows = service(device(name))["executionWindows"].clone();
            let rows = windows.as_array().expect("a list").iter();
            rows.map(|w| w["executionDay"].as_str().unwrap_or("").to_owned()).collect()
        };
        assert_eq!(days("sv1"), ["Everyday"]);
        assert_eq!(days("garnet"), ["Weekdays"; 3]);
        assert_eq!(days("emerald")[..2], ["Monday", "Tuesday"]);
        let first = &service(device("garnet"))["executionWindows"][1];
        assert_eq!(
            (&first["windowStartHour"], &first["windowEndHour"]),
            (&json!("03:15:00"), &json!("15:29:59"))
        );
    }

    #[test]
    fn a_device_offers_what_it_takes_and_no_more() {
        let offers = |name: &str, openqasm: bool| -> Vec<String> {
            let action = action(device(name), openqasm);
            action.as_object().expect("a map").keys().cloned().collect()
        };
        assert_eq!(offers("sv1", true), [JAQCD, PROGRAM]);
        assert_eq!(offers("sv1", false), [JAQCD]);
        assert_eq!(offers("garnet", true), [PROGRAM, SET]);
        assert_eq!(offers("garnet", false), Vec::<String>::new());
        assert_eq!(offers("aquila", true), [ANALOG]);
        let sv1 = program(device("sv1"));
        let refused = sv1["forbiddenPragmas"].as_array().expect("a list");
        assert!(refused.contains(&json!("braket_noise_bit_flip")));
        assert!(!refused.contains(&json!("braket_unitary_matrix")));
    }
}
