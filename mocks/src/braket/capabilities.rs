//! Capability documents of the published schemas' shape.

use serde_json::{Value, json};
use shotbook_sim::target::{Device, DeviceKind};

use crate::meter::{Rate, rate};

fn header(name: &str) -> Value {
    json!({"name": name, "version": "1"})
}

pub(super) fn document(device: &Device, openqasm: bool) -> Value {
    let (low, high) = device.shots.unwrap_or((0, 100_000));
    let cost = match rate(&device.arn) {
        Some(Rate::Qpu(_, shot)) => json!({"price": shot as f64 / 1e9, "unit": "shot"}),
        Some(Rate::Minute(minute)) => json!({"price": minute as f64 / 1e9, "unit": "minute"}),
        None => Value::Null,
    };
    let mut action = json!({});
    if openqasm && !device.analog {
        let results: Vec<Value> = device
            .results
            .iter()
            .map(|r| {
                json!({"name": r.kind.capability(), "observables": r.observables, "minShots": r.min_shots,
                    "maxShots": r.max_shots})
            })
            .collect();
        action["braket.ir.openqasm.program"] = json!({
            "actionType": "braket.ir.openqasm.program", "version": ["1"],
            "supportedOperations": device.operations, "supportedModifiers": [], "supportedPragmas": [],
            "forbiddenPragmas": [], "maximumQubitArrays": 1, "maximumClassicalArrays": 1,
            "forbiddenArrayOperations": [], "requireAllQubitsMeasurement": false,
            "supportPhysicalQubits": device.physical_qubits, "requireContiguousQubitIndices": false,
            "supportsPartialVerbatimBox": device.partial_verbatim,
            "supportsUnassignedMeasurements": device.unassigned_measurement,
            "disabledQubitRewiringSupported": false, "supportedResultTypes": results,
        });
    }
    let service = json!({
        "braketSchemaHeader": header("braket.device_schema.device_service_properties"),
        "executionWindows": [{"executionDay": "Everyday", "windowStartHour": "00:00:00", "windowEndHour": "23:59:59"}],
        "shotsRange": [low, high], "deviceCost": cost,
        "deviceDocumentation": {"imageUrl": "", "summary": device.technology, "externalDocumentationUrl": ""},
        "deviceLocation": device.location, "updatedAt": "2026-01-01T00:00:00Z",
    });
    if device.kind == DeviceKind::Simulator {
        return json!({
            "braketSchemaHeader": header("braket.device_schema.simulators.gate_model_simulator_device_capabilities"),
            "service": service, "action": action, "deviceParameters": {},
            "paradigm": {
                "braketSchemaHeader":
                    header("braket.device_schema.simulators.gate_model_simulator_paradigm_properties"),
                "qubitCount": device.n_qubits,
            },
        });
    }
    let vendor = device.arn.rsplit('/').nth(1).unwrap_or("");
    let native: Vec<&str> = device.native_gates.iter().map(|g| g.row().name).collect();
    let full = matches!(device.connectivity, shotbook_sim::target::Connectivity::Full);
    let graph: Value = device
        .qubit_labels
        .iter()
        .map(|&a| {
            let near: Vec<String> = device
                .qubit_labels
                .iter()
                .filter(|&&b| !full && a != b && device.connectivity.joins(a, b))
                .map(ToString::to_string)
                .collect();
            (a.to_string(), json!(near))
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    json!({
        "braketSchemaHeader": header(&format!("braket.device_schema.{vendor}.{vendor}_device_capabilities")),
        "service": service, "action": action, "deviceParameters": {},
        "paradigm": {
            "braketSchemaHeader": header("braket.device_schema.gate_model_qpu_paradigm_properties"),
            "connectivity": {"fullyConnected": full, "connectivityGraph": if full { json!({}) } else { graph }},
            "qubitCount": device.n_qubits, "nativeGateSet": native,
        },
    })
}
