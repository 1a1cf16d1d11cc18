//! The written shape of the catalogue, turned into [`Device`] rows by hand.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::catalogue::{BadCatalogue, Retired};
use super::device::{
    Connectivity, DebiasMinimum, Device, DeviceKind, DeviceState, Pragma, ProgramSetLimits, ResultKind,
    ResultSupport, Status, Window,
};
use crate::circuit::Gate;

/// Name of the shape that this version reads.
pub const SCHEMA: &str = "shotbook.catalogue/1";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    pub schema: String,
    pub date: String,
    pub sources: BTreeMap<String, String>,
    pub devices: Vec<Row>,
    pub retired: Vec<RetiredRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetiredRow {
    arn: String,
    device_name: String,
    provider: String,
    withdrawn: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    name: String,
    arn: String,
    device_name: String,
    provider: String,
    kind: String,
    #[serde(default)]
    technology: String,
    location: Option<String>,
    regions: Vec<String>,
    status: StatusRow,
    n_qubits: u32,
    #[serde(default)]
    labels: String,
    connectivity: Option<String>,
    #[serde(default)]
    native: String,
    #[serde(default)]
    experimental: String,
    #[serde(default)]
    gates: String,
    #[serde(default)]
    pragmas: String,
    #[serde(default)]
    results: Vec<(String, Option<String>, u64, u64)>,
    shots: Option<(u64, u64)>,
    #[serde(default)]
    windows: Vec<(String, String, String)>,
    program_set: Option<ProgramSetRow>,
    #[serde(default)]
    physical_qubits: bool,
    #[serde(default)]
    partial_verbatim: bool,
    #[serde(default)]
    unassigned_measurement: bool,
    #[serde(default)]
    contiguous_qubits: bool,
    #[serde(default)]
    native_rx_quarter_turns: bool,
    #[serde(default)]
    analog: bool,
    max_gates: Option<u64>,
    #[serde(default)]
    max_hours: Vec<(u32, u32)>,
    #[serde(default)]
    concurrent_tasks: BTreeMap<String, u32>,
    debias_min_shots: Option<(u64, u64)>,
    poll_ms: Option<u64>,
    #[serde(default)]
    notes: Vec<String>,
    sources: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StatusRow {
    state: String,
    observed: String,
    confidence: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ProgramSetRow {
    max_executables: u64,
    max_total_shots: u64,
}

impl From<RetiredRow> for Retired {
    fn from(row: RetiredRow) -> Self {
        Self { arn: row.arn, device_name: row.device_name, provider: row.provider, withdrawn: row.withdrawn }
    }
}

impl TryFrom<Row> for Device {
    type Error = BadCatalogue;

    fn try_from(row: Row) -> Result<Self, BadCatalogue> {
        let (name, bad) = (row.name.clone(), |what: &str, text: &str| BadCatalogue::Value {
            device: row.name.clone(),
            what: what.to_owned(),
            found: text.to_owned(),
        });
        let operations = words(&row.gates);
        let connectivity = match row.connectivity.as_deref() {
            None => Connectivity::None,
            Some("full") => Connectivity::Full,
            Some(text) => Connectivity::Edges(edges(text).ok_or_else(|| bad("connectivity", text))?),
        };
        Ok(Self {
            kind: kind(&row.kind).ok_or_else(|| bad("kind", &row.kind))?,
            status: Status {
                state: state(&row.status.state).ok_or_else(|| bad("status", &row.status.state))?,
                observed: row.status.observed,
                confidence: row.status.confidence,
            },
            qubit_labels: labels(&row.labels).ok_or_else(|| bad("labels", &row.labels))?,
            connectivity,
            native_gates: words(&row.native)
                .iter()
                .map(|w| Gate::named(w).ok_or_else(|| bad("native", w)))
                .collect::<Result<_, _>>()?,
            gates: operations.iter().filter_map(|w| Gate::named(w)).collect(),
            operations,
            pragmas: words(&row.pragmas)
                .iter()
                .map(|w| pragma(w).ok_or_else(|| bad("pragmas", w)))
                .collect::<Result<_, _>>()?,
            results: row
                .results
                .iter()
                .map(|r| result(r).ok_or_else(|| bad("results", &r.0)))
                .collect::<Result<_, _>>()?,
            windows: row
                .windows
                .iter()
                .map(|w| window(w).ok_or_else(|| bad("windows", &w.0)))
                .collect::<Result<_, _>>()?,
            experimental: words(&row.experimental),
            name,
            arn: row.arn,
            device_name: row.device_name,
            provider: row.provider,
            technology: row.technology,
            location: row.location,
            regions: row.regions,
            n_qubits: row.n_qubits,
            shots: row.shots,
            program_set: row.program_set.map(|p| ProgramSetLimits {
                max_executables: p.max_executables,
                max_total_shots: p.max_total_shots,
            }),
            physical_qubits: row.physical_qubits,
            partial_verbatim: row.partial_verbatim,
            unassigned_measurement: row.unassigned_measurement,
            contiguous_qubits: row.contiguous_qubits,
            native_rx_quarter_turns: row.native_rx_quarter_turns,
            analog: row.analog,
            max_gates: row.max_gates,
            max_hours: row.max_hours,
            concurrent_tasks: row.concurrent_tasks.into_iter().collect(),
            debias_min_shots: row
                .debias_min_shots
                .map(|(on_demand, reserved)| DebiasMinimum { on_demand, reserved }),
            poll_ms: row.poll_ms,
            notes: row.notes,
            sources: row.sources,
        })
    }
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn kind(word: &str) -> Option<DeviceKind> {
    match word {
        "qpu" => Some(DeviceKind::Qpu),
        "simulator" => Some(DeviceKind::Simulator),
        _ => None,
    }
}

fn state(word: &str) -> Option<DeviceState> {
    match word {
        "online" => Some(DeviceState::Online),
        "offline" => Some(DeviceState::Offline),
        "retired" => Some(DeviceState::Retired),
        _ => None,
    }
}

fn pragma(word: &str) -> Option<Pragma> {
    match word {
        "unitary" => Some(Pragma::Unitary),
        "noise" => Some(Pragma::Noise),
        "verbatim" => Some(Pragma::Verbatim),
        _ => None,
    }
}

fn result(row: &(String, Option<String>, u64, u64)) -> Option<ResultSupport> {
    let (word, observables, min_shots, max_shots) = row;
    Some(ResultSupport {
        kind: ResultKind::ALL.into_iter().find(|k| k.pragma() == word)?,
        observables: words(observables.as_deref().unwrap_or("")),
        min_shots: *min_shots,
        max_shots: *max_shots,
    })
}

/// Most qubits that a label range may spell, so that a damaged file cannot ask for gigabytes.
const MOST_LABELS: usize = 1 << 16;

/// `0-7 9-107` as numbers.
fn labels(text: &str) -> Option<Vec<u32>> {
    let mut out = Vec::new();
    for range in text.split_whitespace() {
        let (first, last) = pair(range)?;
        if last < first || (last - first) as usize >= MOST_LABELS {
            return None;
        }
        out.extend(first..=last);
    }
    (out.len() <= MOST_LABELS && out.is_sorted()).then_some(out)
}

/// `1-2 1-4` as pairs.
fn edges(text: &str) -> Option<Vec<(u32, u32)>> {
    let edges: Vec<_> = text.split_whitespace().map(pair).collect::<Option<_>>()?;
    (edges.is_sorted() && edges.iter().all(|(a, b)| a < b)).then_some(edges)
}

fn pair(text: &str) -> Option<(u32, u32)> {
    let (a, b) = text.split_once('-')?;
    Some((a.parse().ok()?, b.parse().ok()?))
}

const DAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn window(row: &(String, String, String)) -> Option<Window> {
    let days = match row.0.as_str() {
        "Everyday" => 0b111_1111,
        "Weekdays" => 0b001_1111,
        "Weekend" => 0b110_0000,
        day => 1 << DAYS.iter().position(|d| *d == day)?,
    };
    let (start_s, end_s) = (seconds(&row.1)?, seconds(&row.2)?);
    (start_s <= end_s).then_some(Window { days, start_s, end_s })
}

fn seconds(text: &str) -> Option<u32> {
    let mut parts = text.split(':').map(|p| p.parse::<u32>().ok());
    let (h, m, s) = (parts.next()??, parts.next()??, parts.next()??);
    (h < 24 && m < 60 && s < 60 && parts.next().is_none()).then_some(h * 3600 + m * 60 + s)
}
