//! `devices`: the catalogue.

use serde_json::{Value, json};
use shotbook_sim::target::{Catalogue, Connectivity, Device, FindError};

use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::price::{PriceList, Rate};

/// Arguments of `devices`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// All devices
    List,
    /// One device
    Show {
        /// Short name or ARN
        device: String,
    },
}

/// The device of a name.
pub fn find(name: &str) -> Result<&'static Device, Failure> {
    Catalogue::embedded().find(name).map_err(|error| {
        let failure = Failure::new("SB4901", error.to_string());
        match &error {
            FindError::Unknown { suggestion: Some(near), .. } => failure.with_help(format!("--on {near}")),
            _ => failure,
        }
    })
}

fn rates(device: &Device, prices: &PriceList) -> (String, Value) {
    match prices.rate(&device.name) {
        Some(Rate::PerShot { task_fee, shot_fee }) => (
            format!("${} + ${shot_fee}/shot", crate::cli::views::fee(task_fee)),
            json!({"per_task": task_fee.to_string(), "per_shot": shot_fee.to_string()}),
        ),
        Some(Rate::PerMinute { minute, minimum_ms }) => {
            (format!("${minute}/min"), json!({"per_minute": minute.to_string(), "minimum_ms": minimum_ms}))
        }
        None if device.is_local() => ("$0".to_owned(), json!({"per_task": "0", "per_shot": "0"})),
        None => ("unknown".to_owned(), Value::Null),
    }
}

fn view(device: &Device, prices: &PriceList) -> Value {
    let gates: Vec<&str> = device.gates.iter().map(|g| g.row().name).collect();
    let native: Vec<&str> = device.native_gates.iter().map(|g| g.row().name).collect();
    let connectivity = match &device.connectivity {
        Connectivity::Full => json!("full"),
        other => json!(pairs(device, other)),
    };
    json!({"device": device.name, "arn": device.arn, "name": device.device_name, "provider": device.provider,
        "kind": device.kind.word(), "technology": device.technology, "location": device.location,
        "regions": device.regions, "status": device.status.state.word(), "status_observed": device.status.observed,
        "qubits": device.n_qubits, "qubit_labels": device.qubit_labels, "connectivity": connectivity, "gates": gates,
        "native_gates": native, "shots": device.shots.map(|(a, b)| json!([a, b])),
        "program_set": device.program_set.map(|p| json!({"max_executables": p.max_executables,
            "max_total_shots": p.max_total_shots})),
        "price": rates(device, prices).1, "notes": device.notes, "sources": device.sources})
}

fn pairs(device: &Device, connectivity: &Connectivity) -> Vec<[u32; 2]> {
    let labels = &device.qubit_labels;
    let all = labels.iter().flat_map(|&a| labels.iter().filter(move |&&b| a < b).map(move |&b| [a, b]));
    all.filter(|[a, b]| connectivity.joins(*a, *b)).collect()
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    match args.what.unwrap_or(What::List) {
        What::List => list(&context.prices()?, out),
        What::Show { device } => show(find(&device)?, &context.prices()?, out),
    }
    Ok(0)
}

fn list(prices: &PriceList, out: &mut Out) {
    let catalogue = Catalogue::embedded();
    let all = std::iter::once(catalogue.local()).chain(catalogue.devices());
    if out.is_json() {
        let devices: Vec<Value> = all.map(|d| view(d, prices)).collect();
        out.json(&json!({"schema": "shotbook.devices/1", "date": catalogue.date(), "devices": devices}));
        return;
    }
    let rows = all
        .map(|d| {
            let any = || "any".to_owned();
            let shots = d.shots.filter(|_| !d.is_local()).map_or_else(any, |(a, b)| format!("{a}-{b}"));
            let qubits = if d.is_local() { "memory".to_owned() } else { d.n_qubits.to_string() };
            let place = d.regions.join(" ");
            vec![
                d.name.clone(),
                d.provider.clone(),
                qubits,
                d.status.state.word().to_owned(),
                shots,
                rates(d, prices).0,
                place,
            ]
        })
        .collect();
    out.table(&["DEVICE", "PROVIDER", "QUBITS", "STATUS", "SHOTS", "PRICE", "REGIONS"], &[2], rows);
    out.say(&format!("facts of {}; status is the newest that was seen", catalogue.date()));
}

fn show(device: &Device, prices: &PriceList, out: &mut Out) {
    if out.is_json() {
        let mut value = view(device, prices);
        let mut document = serde_json::Map::new();
        document.insert("schema".into(), json!("shotbook.device/1"));
        if let Value::Object(fields) = &mut value {
            document.append(fields);
        }
        out.json(&Value::Object(document));
        return;
    }
    let names = |gates: &[shotbook_sim::circuit::Gate]| {
        gates.iter().map(|g| g.row().name).collect::<Vec<_>>().join(" ")
    };
    out.line(&format!("{} · {} · {}", device.name, device.provider, device.technology));
    let mut rows = vec![
        ("arn", device.arn.clone()),
        ("status", format!("{}, seen {}", device.status.state.word(), device.status.observed)),
        ("qubits", device.n_qubits.to_string()),
        ("regions", device.regions.join(" ")),
        ("price", rates(device, prices).0),
        ("gates", names(&device.gates)),
        ("native gates", names(&device.native_gates)),
    ];
    if let Some((low, high)) = device.shots {
        rows.push(("shots", format!("{low} to {high}")));
    }
    if let Connectivity::Edges(_) = &device.connectivity {
        rows.push(("connections", pairs(device, &device.connectivity).len().to_string()));
    }
    if let Some(set) = &device.program_set {
        rows.push((
            "program set",
            format!("{} executables, {} shots", set.max_executables, set.max_total_shots),
        ));
    }
    rows.extend(device.notes.iter().map(|n| ("note", n.clone())));
    for (name, value) in rows.into_iter().filter(|(_, v)| !v.is_empty()) {
        out.line(&format!("  {name:<13} {value}"));
    }
}
