//! `quote`: what a circuit costs on each device, before spending.

use shotbook_sim::target::{Catalogue, Device};

use crate::app::inputs_json;
use crate::cli::circuit::CircuitArgs;
use crate::cli::output::Out;
use crate::cli::views::{self, fee};
use crate::cli::{Context, Failure};
use crate::price::quote::{DeviceQuote, Quote, Subject};
use crate::price::{PriceList, Tariff};

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
    /// Order of the rows: total
    #[arg(long, value_name = "BY")]
    sort: Option<String>,
    #[command(flatten)]
    circuit: CircuitArgs,
}

pub fn run(args: Args, _context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let devices: Vec<&Device> = if args.on.is_empty() {
        Catalogue::embedded().devices().iter().collect()
    } else {
        args.on.iter().map(|name| super::devices::find(name)).collect::<Result<_, _>>()?
    };
    let by_total = match args.sort.as_deref() {
        None => false,
        Some("total") => true,
        Some(other) => {
            return Err(Failure::new("SB2001", format!("cannot sort by {other:?}")).with_help("--sort total"));
        }
    };
    let list = PriceList::embedded();
    for file in &args.files {
        let loaded = args.circuit.load_right(file, out)?;
        let inputs = inputs_json(&loaded.inputs);
        let subject = Subject {
            circuit: loaded.circuit()?,
            sha256: &loaded.sha256,
            inputs: &inputs,
            shots: args.shots,
        };
        let mut quote = Quote::make(&subject, list, &devices);
        if by_total {
            quote.devices.sort_by_key(|d| (d.price.is_none(), d.price.as_ref().map(|p| p.total)));
        }
        if out.is_json() {
            out.json(&views::quote(&quote));
        } else {
            show(file, &quote, out);
        }
    }
    if list.age_days(crate::time::now().civil_date().unwrap_or_default()).is_some_and(|days| days > 30) {
        out.say(&format!("prices are of {}; see `shotbook prices show`", list.date));
    }
    Ok(0)
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
    let cheapest = quote.devices.iter().filter_map(|d| Some((d.price.as_ref()?.total, &d.device))).min();
    out.line(&format!("prices {} · quote {}", quote.price_list_date, quote.id));
    if let Some((_, device)) = cheapest {
        let (id, shots) = (&quote.id, quote.shots);
        out.say(&format!("next: shotbook submit {file} --shots {shots} --quote {id} --on {device}"));
    }
}
