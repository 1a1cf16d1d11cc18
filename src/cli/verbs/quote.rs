//! `quote`: what a circuit costs on each device, before spending.

mod compare;
mod live;

use shotbook_sim::circuit::Circuit;
use shotbook_sim::noise_model::of_device;
use shotbook_sim::target::{Catalogue, Device, DeviceKind};

use self::live::Live;
use crate::app::inputs_json;
use crate::cli::circuit::{CircuitArgs, Loaded};
use crate::cli::output::{Out, quoted};
use crate::cli::views;
use crate::cli::{Context, Failure};
use crate::money::Money;
use crate::price::Tariff;
use crate::price::quote::{DeviceQuote, Quote, Subject};

/// Arguments of `quote`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Circuits
    #[arg(required_unless_present = "compare")]
    files: Vec<String>,
    /// Shots
    #[arg(long, required_unless_present = "compare", default_value_t = 0, hide_default_value = true)]
    shots: u64,
    /// What a change does to the sweeps of a shotbook.toml
    #[arg(long, num_args = 2, value_names = ["BASE", "HEAD"], conflicts_with_all = ["files", "shots"])]
    compare: Vec<String>,
    /// Devices, by comma; all unless told
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    on: Vec<String>,
    /// Ask each device for its state, queue and window
    #[arg(long)]
    live: bool,
    /// Order of the rows: total, queue (asks the devices), or error by published fidelities
    #[arg(long, value_name = "BY", value_parser = ["total", "queue", "error"])]
    sort: Option<String>,
    /// Only what fits into so much at worst
    #[arg(long, value_name = "USD")]
    within: Option<String>,
    /// Exit 3 when the worst cases of the cheapest fit of every file cost more together
    #[arg(long, value_name = "USD")]
    fail_over: Option<String>,
    /// Tasks run in this reservation and add nothing to its hours
    #[arg(long, value_name = "ARN")]
    reservation: Option<String>,
    #[command(flatten)]
    circuit: CircuitArgs,
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let fail_over = args.fail_over.as_deref().map(super::submit::amount).transpose()?;
    if let [base, head] = args.compare.as_slice() {
        return compare::run(base, head, fail_over, context, out);
    }
    let devices: Vec<&Device> = if args.on.is_empty() {
        Catalogue::embedded().devices().iter().collect()
    } else {
        args.on.iter().map(|name| super::devices::find(name)).collect::<Result<_, _>>()?
    };
    let within = args.within.as_deref().map(super::submit::amount).transpose()?;
    if let Some(arn) = &args.reservation {
        check_reservation(arn, &devices)?;
    }
    let (list, own) = (context.prices()?, context.price_lists()?.own()?);
    let (mut loaded, mut quotes) = (Vec::new(), Vec::new());
    for file in &args.files {
        let read = args.circuit.load_right(file, out)?;
        let inputs = inputs_json(&read.inputs);
        let subject =
            Subject { circuit: read.circuit()?, sha256: &read.sha256, inputs: &inputs, shots: args.shots };
        let quote = Quote::make(&subject, &list, &devices);
        quotes.push(match &args.reservation {
            Some(arn) => quote.in_reservation(arn, &own),
            None => quote,
        });
        loaded.push(read);
    }
    let ask = args.live || args.sort.as_deref() == Some("queue");
    let live = if ask { live::ask(context, &mut quotes, &devices, &list)? } else { Vec::new() };
    let (mut sum, mut homeless) = (Money::ZERO, None);
    for ((file, read), mut quote) in args.files.iter().zip(&loaded).zip(quotes) {
        sort(&args, &mut quote, read, &live)?;
        if let Some(most) = within {
            leave_out(&mut quote, most, out);
        }
        // The bound of a build is one that nothing can pass, so worst cases are what counts.
        let worst = quote.devices.iter().filter(|d| d.fits);
        match worst.filter_map(|d| Some(d.price.as_ref()?.worst_case)).min() {
            Some(least) => sum = sum.plus(least).map_err(|e| Failure::new("SB2001", e.to_string()))?,
            None => homeless = homeless.or(Some(file)),
        }
        if out.is_json() {
            let mut document = views::quote(&quote);
            for row in document["devices"].as_array_mut().into_iter().flatten() {
                if let Some((_, live)) = live.iter().find(|(name, _)| row["device"] == **name) {
                    row["live"] = live.json();
                }
            }
            out.json(&document);
        } else {
            show(file, &flags_of(&args), &quote, &live, out);
        }
    }
    if list.age_days(crate::time::now().civil_date().unwrap_or_default()).is_some_and(|days| days > 30) {
        out.say(&format!("prices are of {}; shotbook prices refresh", list.date));
    }
    let Some(most) = fail_over else { return Ok(0) };
    if let Some(file) = homeless {
        out.say(&format!("no device takes {file} within these bounds"));
        return Ok(3);
    }
    if sum > most {
        out.say(&format!("the cheapest fits can cost {sum:#} together, above {most:#}"));
        return Ok(3);
    }
    Ok(0)
}

/// A reservation is of one QPU, in its region.
fn check_reservation(arn: &str, devices: &[&Device]) -> Result<(), Failure> {
    let wrong = |why: String| Failure::new("SB2001", why).with_help("--on DEV --reservation ARN");
    let [device] = devices else {
        return Err(wrong("a reservation is of one device; name it".to_owned()));
    };
    let parts: Vec<&str> = arn.split(':').collect();
    let is_one = parts.len() == 6 && parts[2] == "braket" && parts[5].starts_with("reservation/");
    if !is_one {
        return Err(wrong(format!("{arn:?} is no ARN of a reservation")));
    }
    match device.region() {
        Some(region) if region == parts[3] => Ok(()),
        Some(region) => {
            Err(wrong(format!("{} is in {region}, the reservation in {}", device.name, parts[3])))
        }
        None => Err(wrong(format!("{} cannot be reserved", device.name))),
    }
}

fn sort(args: &Args, quote: &mut Quote, read: &Loaded, live: &[(String, Live)]) -> Result<(), Failure> {
    match args.sort.as_deref() {
        Some("total") => quote.devices.sort_by_key(|d| (!d.fits, d.price.is_none(), d.total())),
        Some("queue") => {
            let queue = |d: &DeviceQuote| {
                live.iter().find(|(name, _)| *name == d.device).map_or(u64::MAX, |(_, l)| l.queue_length())
            };
            quote.devices.sort_by_key(|d| (!d.fits, queue(d), d.total()));
        }
        Some(_) => by_error(quote, read.circuit()?),
        None => {}
    }
    Ok(())
}

/// Leaves out what can cost more, and says how to cap what a simulator can.
fn leave_out(quote: &mut Quote, most: Money, out: &mut Out) {
    let (mut kept, mut capped) = (Vec::new(), Vec::new());
    for row in std::mem::take(&mut quote.devices) {
        match &row.price {
            Some(p) if p.worst_case <= most => kept.push(row),
            Some(p) if p.total <= most => capped.push(format!("{} ({:#})", row.device, p.worst_case)),
            _ => {}
        }
    }
    quote.devices = kept;
    if !capped.is_empty() {
        let names = capped.join(", ");
        out.say(&format!("left out by its worst case: {names}; submit --max-duration caps a simulator"));
    }
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

/// Fee, shots and total of a row as a table shows them.
fn amounts(row: &DeviceQuote, shots: u64) -> [String; 3] {
    let none = || "-".to_owned();
    let Some(price) = &row.price else { return [none(), none(), none()] };
    match &price.tariff {
        Tariff::PerShot { task_fee, shot_fee } => {
            let text = |m: Result<Money, crate::money::OutOfRange>| {
                m.map_or_else(|e| e.to_string(), |m| format!("{m:#}"))
            };
            [text(task_fee.times(price.tasks)), text(shot_fee.times(shots)), format!("{:#}", price.total)]
        }
        tariff @ Tariff::PerMinute { .. } => {
            let (low, high) = row.forecast_ms.unwrap_or_default();
            let ends = [low, high]
                .map(|ms| tariff.for_duration(ms).and_then(|m| m.times(price.tasks)).unwrap_or(price.total));
            // A range never passes what can be billed.
            let [low, high] = ends.map(|m| m.min(price.worst_case));
            let total = if low == high { format!("{low:#}") } else { format!("{low:#}–{high:#}") };
            [none(), none(), total]
        }
        Tariff::Free => [none(), none(), "$0.00".to_owned()],
    }
}

/// The flags without which the quoted submission is another one.
fn flags_of(args: &Args) -> String {
    let circuit = &args.circuit;
    let mut out: Vec<String> = circuit.input.iter().map(|i| format!("--input {}", quoted(i))).collect();
    out.extend(circuit.inputs.iter().map(|p| format!("--inputs {}", quoted(&p.display().to_string()))));
    out.extend(circuit.from.iter().map(|d| format!("--from {}", quoted(d))));
    out.extend(args.reservation.iter().map(|arn| format!("--reservation {}", quoted(arn))));
    out.iter().map(|flag| format!(" {flag}")).collect()
}

fn show(file: &str, flags: &str, quote: &Quote, live: &[(String, Live)], out: &mut Out) {
    let mut head = vec!["DEVICE", "FITS", "FEE", "SHOTS", "TOTAL"];
    if !live.is_empty() {
        head.extend(["QUEUE", "WINDOW"]);
    }
    head.push("NOTE");
    let row = |d: &DeviceQuote| {
        let mut cells = vec![d.device.clone(), if d.fits { "yes" } else { "no" }.to_owned()];
        cells.extend(amounts(d, quote.shots));
        if !live.is_empty() {
            let told = live.iter().find(|(name, _)| *name == d.device).map(|(_, l)| l);
            cells.push(told.and_then(|l| l.queue.clone()).unwrap_or_else(|| "-".to_owned()));
            cells.push(told.filter(|l| l.status.is_some()).map_or_else(|| "-".to_owned(), Live::window));
        }
        cells.push(d.notes.join("; "));
        cells
    };
    out.table(&head, &[2, 3, 4], quote.devices.iter().map(row).collect());
    // Of equals the first row: the catalogue's order puts the plainer device first.
    let priced = quote.devices.iter().filter(|d| d.fits).filter_map(|d| Some((d.total()?, &d.device)));
    let cheapest = priced.min_by_key(|(total, _)| *total);
    out.line(&format!("prices {} · quote {}", quote.price_list_date, quote.id));
    if let Some((_, device)) = cheapest {
        let (id, shots) = (&quote.id, quote.shots);
        let file = quoted(file);
        out.say(&format!("next: shotbook submit {file}{flags} --shots {shots} --quote {id} --on {device}"));
    }
}
