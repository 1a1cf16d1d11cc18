//! What an analog device can do. Source: Wurtz et al. 2023, arXiv:2306.11727, and the schema's limits.

use serde_json::{Value, json};

use super::headed;

/// Lattice, drive and errors of a machine of neutral atoms. Units: metres, seconds, radians.
pub(super) fn paradigm(n_qubits: u32) -> Value {
    json!({
        "braketSchemaHeader": headed("quera.quera_ahs_paradigm_properties", "1"),
        "qubitCount": n_qubits,
        "lattice": {
            "area": {"width": 7.5e-5, "height": 7.6e-5},
            "geometry": {"spacingRadialMin": 4e-6, "spacingVerticalMin": 4e-6, "positionResolution": 1e-7,
                "numberSitesMax": n_qubits},
        },
        "rydberg": {
            "c6Coefficient": 5.42e-24,
            "rydbergGlobal": {
                "rabiFrequencyRange": [0.0, 15_800_000.0], "rabiFrequencyResolution": 400.0,
                "rabiFrequencySlewRateMax": 2.5e14, "detuningRange": [-125_000_000.0, 125_000_000.0],
                "detuningResolution": 0.2, "detuningSlewRateMax": 2.5e15, "phaseRange": [-99.0, 99.0],
                "phaseResolution": 5e-7, "timeResolution": 1e-9, "timeDeltaMin": 5e-8, "timeMin": 0.0,
                "timeMax": 4e-6,
            },
        },
        "performance": {"lattice": lattice_errors(), "rydberg": {"rydbergGlobal": drive_errors()}},
    })
}

fn lattice_errors() -> Value {
    let mut out = json!({"positionErrorAbs": 2e-7, "sitePositionError": 1e-7, "atomPositionError": 2e-7});
    for (name, typical, worst) in [
        ("fillingError", 0.008, 0.015),
        ("vacancyError", 0.001, 0.005),
        ("atomLossProbability", 0.005, 0.01),
        ("atomCaptureProbability", 0.001, 0.002),
        ("atomDetectionErrorFalsePositive", 0.001, 0.005),
        ("atomDetectionErrorFalseNegative", 0.001, 0.005),
    ] {
        out[format!("{name}Typical")] = json!(typical);
        out[format!("{name}Worst")] = json!(worst);
    }
    out
}

fn drive_errors() -> Value {
    json!({
        "rabiFrequencyErrorRel": 0.03, "rabiFrequencyGlobalErrorRel": 0.02,
        "rabiFrequencyInhomogeneityRel": 0.02, "groundDetectionError": 0.01, "rydbergDetectionError": 0.08,
        "groundPrepError": 0.01, "rydbergPrepErrorBest": 0.05, "rydbergPrepErrorWorst": 0.07,
        "T1Single": 7.5e-5, "T1Ensemble": 7.5e-5, "T2StarSingle": 5e-6, "T2StarEnsemble": 4.75e-6,
        "T2EchoSingle": 8e-6, "T2EchoEnsemble": 7e-6, "T2RabiSingle": 8e-6, "T2RabiEnsemble": 7e-6,
        "T2BlockadedRabiSingle": 8e-6, "T2BlockadedRabiEnsemble": 7e-6, "detuningError": 1e6,
        "detuningInhomogeneity": 1e6,
        "rabiAmplitudeRampCorrection": [
            {"rampTime": 5e-8, "rabiCorrection": 0.92}, {"rampTime": 7.5e-8, "rabiCorrection": 0.97},
            {"rampTime": 1e-7, "rabiCorrection": 1.0},
        ],
    })
}
