//! `quote`: what a circuit costs on each device, before spending.

use shotbook_sim::circuit::Circuit;
use shotbook_sim::noise_model::of_device;
use shotbook_sim::target::{Catalogue, Device, DeviceKind};

use crate::app::inputs_json;
use crate::cli::circuit::CircuitArgs;
use crate::cli::output::Out;
use crate::cli::views::{self, fee};
use crate::cli::{Context, Failure};
use crate::money::Money;
use crate::price::Tariff;
use crate::price::quote::{DeviceQuote, Quote, Subject};

/// Arguments of `quote`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Circuits
    #[arg(required = true)]
    files: Vec<String>,
    /// Shots
    #[arg(long)]
    shots: u64,
    /// Devices, by comma; all unless told
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    on: Vec<String>,
    /// Order of the rows: total, or error by published fidelities
    #[arg(long, value_name = "BY", value_parser = ["total", "error"])]
    sort: Option<String>,
    /// Only what fits into so much
    #[arg(long, value_name = "USD")]
    within: Option<String>,
    /// Exit 3 when the cheapest fit of all files together costs more
    #[arg(long, value_name = "USD")]
    fail_over: Option<String>,
    #[command(flatten)]
    circuit: CircuitArgs,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let devices: Vec<&Device> = if args.on.is_empty() {
        Catalogue::embedded().devices().iter().collect()
    } else {
        args.on.iter().map(|name| super::devices::find(name)).collect::<Result<_, _>>()?
    };
    let within = args.within.as_deref().map(super::submit::amount).transpose()?;
    let fail_over = args.fail_over.as_deref().map(super::submit::amount).transpose()?;
    let list = context.prices()?;
    let (mut sum, mut homeless) = (Money::ZERO, None);
    for file in &args.files {
        let loaded = args.circuit.load_right(file, out)?;
        let inputs = inputs_json(&loaded.inputs);
        let circuit = loaded.circuit()?;
        let subject = Subject { circuit, sha256: &loaded.sha256, inputs: &inputs, shots: args.shots };
        let mut quote = Quote::make(&subject, &list, &devices);
        match args.sort.as_deref() {
            Some("total") => quote.devices.sort_by_key(|d| (d.price.is_none(), d.total())),
            Some(_) => by_error(&mut quote, circuit),
            None => {}
        }
        if let Some(most) = within {
            quote
                .devices
                .retain(|d| d.price.as_ref().is_some_and(|p| p.worst_case <= most || p.hold <= most));
        }
        match quote.devices.iter().filter_map(DeviceQuote::total).min() {
            Some(least) => sum = sum.plus(least).map_err(|e| Failure::new("SB2001", e.to_string()))?,
            None => homeless = homeless.or(Some(file)),
        }
        if out.is_json() {
            out.json(&views::quote(&quote));
        } else {
            show(file, &quote, out);
        }
    }
    if list.age_days(crate::time::now().civil_date().unwrap_or_default()).is_some_and(|days| days > 30) {
        out.say(&format!("prices are of {}; shotbook prices refresh --from FILE", list.date));
    }
    let Some(most) = fail_over else { return Ok(0) };
    if let Some(file) = homeless {
        out.say(&format!("no device takes {file} within these bounds"));
        return Ok(3);
    }
    if sum > most {
        out.say(&format!("the cheapest fits cost {sum:#} together, above {most:#}"));
        return Ok(3);
    }
    Ok(0)
}

/// The least error by published fidelities first, then what nothing is published of; each says so.
fn by_error(quote: &mut Quote, circuit: &Circuit) {
    let mut errors = std::collections::HashMap::new();
    for row in quote.devices.iter_mut().filter(|d| d.fits) {
        let device = Catalogue::embedded().devices().iter().find(|d| d.name == row.device);
        let Some(device) = device else { continue };
        let error = if device.kind == DeviceKind::Simulator {
            Some(0.0)
        } else {
            of_device(device).map(|f| f.expected_error(circuit))
        };
        row.notes.push(match error {
            Some(0.0) => "free of noise".to_owned(),
            Some(error) => format!("error about {:.1} %", error * 100.0),
            None => "no published fidelities".to_owned(),
        });
        errors.insert(row.device.clone(), error.unwrap_or(1.0));
    }
    let key = |d: &DeviceQuote| errors.get(&d.device).copied().unwrap_or(2.0);
    quote.devices.sort_by(|a, b| key(a).total_cmp(&key(b)));
}

fn show(file: &str, quote: &Quote, out: &mut Out) {
    let cell = |d: &DeviceQuote| {
        let (mut task, mut shots, mut total) = ("-".to_owned(), "-".to_owned(), "-".to_owned());
        if let Some(price) = &d.price {
            match &price.tariff {
                Tariff::PerShot { task_fee, shot_fee } => {
                    task = format!("${}", fee(*task_fee));
                    shots = shot_fee
                        .times(quote.shots)
                        .map_or_else(|e| e.to_string(), |m| format!("${}", fee(m)));
                    total = format!("${}", fee(price.total));
                }
                Tariff::PerMinute { .. } => total = format!("≥${}", fee(price.total)),
                Tariff::Free => total = "$0.00".to_owned(),
            }
        }
        vec![
            d.device.clone(),
            if d.fits { "yes" } else { "no" }.to_owned(),
            task,
            shots,
            total,
            d.notes.join("; "),
        ]
    };
    let rows = quote.devices.iter().map(cell).collect();
    out.table(&["DEVICE", "FITS", "FEE", "SHOTS", "TOTAL", "NOTE"], &[2, 3, 4], rows);
    // Of equals the first row: the catalogue's order puts the plainer device first.
    let priced = quote.devices.iter().filter_map(|d| Some((d.total()?, &d.device)));
    let cheapest = priced.min_by_key(|(total, _)| *total);
    out.line(&format!("prices {} · quote {}", quote.price_list_date, quote.id));
    if let Some((_, device)) = cheapest {
        let (id, shots) = (&quote.id, quote.shots);
        out.say(&format!("next: shotbook submit {file} --shots {shots} --quote {id} --on {device}"));
    }
}
