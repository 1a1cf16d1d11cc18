//! Documents of withdrawn devices, which the service still hands out.
//!
//! Source of names, sizes and shots: the service's guide and its clients, as of each withdrawal.

use serde_json::{Map, Value, json};
use shotbook_sim::target::Retired;

use super::{JAQCD, PROGRAM, headed, pulse, window};
use crate::meter::{Rate, retired_rate};

/// Last part of the ARN, home when the ARN names none, qubits, most shots.
const ROWS: [(&str, &str, u32, u64); 20] = [
    ("tn1", "us-east-1", 50, 1_000),
    ("Harmony", "", 11, 10_000),
    ("Aria-1", "", 25, 5_000),
    ("Aria-2", "", 25, 5_000),
    ("Lucy", "", 8, 10_000),
    ("Borealis", "", 216, 1_000_000),
    ("Ankaa-3", "", 82, 50_000),
    ("Ankaa-2", "", 84, 50_000),
    ("Aspen-M-3", "", 79, 100_000),
    ("Aspen-M-2", "", 80, 100_000),
    ("Aspen-M-1", "", 80, 100_000),
    ("Aspen-11", "us-west-1", 40, 100_000),
    ("Aspen-10", "us-west-1", 32, 100_000),
    ("Aspen-9", "us-west-1", 32, 100_000),
    ("Aspen-8", "us-west-1", 31, 100_000),
    ("DW_2000Q_6", "us-west-2", 2_048, 10_000),
    ("Advantage_system1", "us-west-2", 5_760, 10_000),
    ("Advantage_system3", "us-west-2", 5_760, 10_000),
    ("Advantage_system4", "us-west-2", 5_760, 10_000),
    ("Advantage_system6", "us-west-2", 5_616, 10_000),
];

fn row(device: &Retired) -> (&'static str, u32, u64) {
    let tail = device.arn.rsplit('/').next().unwrap_or("");
    let found = ROWS.iter().find(|(name, ..)| *name == tail);
    found.map_or(("us-east-1", 1, 1), |(_, home, n, most)| (*home, *n, *most))
}

/// The region that lists a withdrawn device.
pub(in crate::braket) fn home(device: &Retired) -> &str {
    match device.arn.split(':').nth(3) {
        Some("") | None => row(device).0,
        Some(region) => region,
    }
}

fn service(device: &Retired, most: u64) -> Value {
    let (price, unit) = match retired_rate(&device.arn) {
        Some(Rate::Qpu(_, shot)) => (shot, "shot"),
        Some(Rate::Minute(minute)) => (minute, "minute"),
        None => (0, "shot"),
    };
    json!({
        "braketSchemaHeader": headed("device_service_properties", "1"),
        "executionWindows": [window("Everyday", 0, 86_399)], "shotsRange": [1, most],
        "deviceCost": {"price": price as f64 / 1e9, "unit": unit},
        "deviceDocumentation": {"imageUrl": "", "summary": "withdrawn", "externalDocumentationUrl": ""},
        "deviceLocation": null, "updatedAt": "2024-01-01T00:00:00Z",
    })
}

/// The qubits of a withdrawn device.
pub(in crate::braket) fn labels(device: &Retired) -> Vec<u32> {
    (0..row(device).1).collect()
}

/// What is left to say of a withdrawn device.
pub(in crate::braket) fn document(device: &Retired, openqasm: bool, host: &str) -> Value {
    let (_, n, most) = row(device);
    let service = service(device, most);
    match device.arn.rsplit('/').nth(1).unwrap_or("") {
        "amazon" => json!({
            "braketSchemaHeader": headed("simulators.gate_model_simulator_device_capabilities", "1"),
            "service": service, "action": gates(openqasm), "deviceParameters": {},
            "paradigm": {
                "braketSchemaHeader": headed("simulators.gate_model_simulator_paradigm_properties", "1"),
                "qubitCount": n,
            },
        }),
        "d-wave" => json!({
            "braketSchemaHeader": headed("dwave.dwave_device_capabilities", "1"),
            "service": service, "deviceParameters": {}, "provider": annealer(n),
            "action": {"braket.ir.annealing.problem": {"actionType": "braket.ir.annealing.problem",
                "version": ["1"]}},
        }),
        "xanadu" => json!({
            "braketSchemaHeader": headed("xanadu.xanadu_device_capabilities", "1"),
            "service": service, "deviceParameters": {}, "paradigm": modes(n),
            "action": {"braket.ir.blackbird.program": {"actionType": "braket.ir.blackbird.program",
                "version": ["1"], "supportedOperations": [], "supportedResultTypes": []}},
        }),
        vendor => {
            let mut out = json!({
                "braketSchemaHeader": headed(&format!("{vendor}.{vendor}_device_capabilities"), "1"),
                "service": service, "action": gates(openqasm), "deviceParameters": {},
                "paradigm": {
                    "braketSchemaHeader": headed("gate_model_qpu_paradigm_properties", "1"),
                    "connectivity": {"fullyConnected": vendor == "ionq", "connectivityGraph": {}},
                    "qubitCount": n, "nativeGateSet": native(vendor),
                },
            });
            if device.arn.contains("Ankaa") {
                let address = super::calibrations_address(host, &device.arn);
                out["pulse"] = pulse::properties(&labels(device), &address);
            }
            out
        }
    }
}

fn native(vendor: &str) -> &'static [&'static str] {
    match vendor {
        "ionq" => &["GPI", "GPI2", "MS"],
        "oqc" => &["ecr", "rz", "v", "x"],
        _ => &["rx", "rz", "iswap"],
    }
}

fn gates(openqasm: bool) -> Value {
    let known = ["x", "y", "z", "h", "s", "si", "t", "ti", "rx", "ry", "rz", "cnot", "cz", "swap"];
    let results = [json!({"name": "Probability", "observables": null, "minShots": 1, "maxShots": 100_000})];
    let mut out = Map::new();
    out.insert(
        JAQCD.into(),
        json!({"actionType": JAQCD, "version": ["1"], "supportedOperations": known,
            "supportedResultTypes": results}),
    );
    if openqasm {
        out.insert(
            PROGRAM.into(),
            json!({"actionType": PROGRAM, "version": ["1"], "supportedOperations": known,
                "supportedResultTypes": results}),
        );
    }
    Value::Object(out)
}

fn annealer(n: u32) -> Value {
    json!({
        "braketSchemaHeader": headed("dwave.dwave_provider_properties", "1"),
        "annealingOffsetStep": 0.0, "annealingOffsetStepPhi0": 0.0, "annealingOffsetRanges": [],
        "annealingDurationRange": [1.0, 2000.0], "couplers": [], "defaultAnnealingDuration": 20,
        "defaultProgrammingThermalizationDuration": 1000, "defaultReadoutThermalizationDuration": 0,
        "extendedJRange": [-2.0, 1.0], "hGainScheduleRange": [-4.0, 4.0], "hRange": [-4.0, 4.0],
        "jRange": [-1.0, 1.0], "maximumAnnealingSchedulePoints": 12, "maximumHGainSchedulePoints": 20,
        "perQubitCouplingRange": [-18.0, 15.0], "programmingThermalizationDurationRange": [0, 10_000],
        "qubits": [], "qubitCount": n, "quotaConversionRate": 1.0,
        "readoutThermalizationDurationRange": [0, 10_000], "taskRunDurationRange": [0, 1_000_000],
        "topology": {},
    })
}

fn modes(n: u32) -> Value {
    json!({
        "braketSchemaHeader": headed("continuous_variable_qpu_paradigm_properties", "1"),
        "modes": {"concurrent": 1.0, "spatial": 1.0, "temporal_max": n}, "layout": "", "compiler": ["borealis"],
        "supportedLanguages": ["blackbird:1.0"], "compilerDefault": "borealis", "nativeGateSet": [],
        "gateParameters": {}, "target": "borealis",
    })
}
