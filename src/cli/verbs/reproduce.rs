//! `reproduce`: published trainings, computed again.

use serde_json::json;
use shotbook_sim::target::Catalogue;

use crate::cli::circuit::read_text;
use crate::cli::output::Out;
use crate::cli::{Context, Failure};
use crate::energy::{Carbon, Coefficients, KWH};
use crate::price::Rate;
use crate::report::{Page, Totals};
use crate::train::plan::{Bill, set_limit};
use crate::train::reproduce::{self, Row};
use crate::train::{TrainError, digits, omalley};

const GRAPHS: &str = include_str!("../../../data/qaoa_cubic_graphs.json");
const ANGLES: &str = include_str!("../../../data/qaoa_fixed_angles.json");
const SPIRALS: [&str; 2] = [
    include_str!("../../../data/spirals_turns_1p52.json"),
    include_str!("../../../data/spirals_turns_2p00.json"),
];

const DIGITS: &str = include_str!("../../../data/digits_8x8.csv");

const MOLECULES: [&str; 3] = [
    include_str!("../../../data/h2_sto3g_2q.json"),
    include_str!("../../../data/hehp_sto3g_2q.json"),
    include_str!("../../../data/lih_sto3g_4q.json"),
];

const OMALLEY: &str = include_str!("../../../data/h2_omalley2016_table1.json");

/// Arguments of `reproduce`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// qaoa: fixed angles on cubic graphs; bond-sweep: molecules, cold and warm; spirals: the dressed
    /// classifier; digits: a frozen backbone and heads for other digits
    #[arg(value_parser = ["qaoa", "bond-sweep", "spirals", "digits"])]
    name: String,
    /// The same protocol on another file of the same format
    #[arg(long, value_name = "FILE")]
    data: Option<String>,
    /// Seeds of digits, and of the shared depths of spirals; intervals need ten
    #[arg(long, value_name = "N", default_value_t = 10)]
    seeds: u64,
    /// Write a page that stands alone
    #[arg(short, value_name = "FILE.html")]
    o: Option<std::path::PathBuf>,
    /// Country whose electricity is counted for CO2e on the page of digits
    #[arg(long, value_name = "COUNTRY")]
    place: Option<String>,
}

/// How a reproduction stops, what stands beside it, and what is its control.
fn rules(name: &str) -> [(&'static str, &'static str); 3] {
    match name {
        "qaoa" => [
            ("stopping rule", "none: the angles are published, nothing is trained"),
            ("control", "the file's own expected cuts, by another simulator"),
            ("baseline", "largest cuts by exhaustive search"),
        ],
        "bond-sweep" => [
            (
                "stopping rule",
                "named in each row: oracle within 1.6 millihartree of the exact energy, or plateau",
            ),
            ("control", "cold starts of two seeds beside warm ones"),
            ("baseline", "exact diagonalisation"),
        ],
        "spirals" => [
            ("stopping rule", "1,000 iterations; of depths 550 that all share and 100 to 250 of each"),
            (
                "control",
                "published initial weights and batch order; other seeds draw theirs; five trainings of as many iterations together",
            ),
            ("baseline", "the classical twin of the same width, and 5 nearest neighbours"),
        ],
        _ => [
            ("stopping rule", "600 iterations of a head, 3,000 of the backbone"),
            ("control", "the same circuit from zero on pixels, and without entangling gates"),
            ("baseline", "logistic regression, and a net of as many weights"),
        ],
    }
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    if args.seeds == 0 || args.seeds > 100 {
        return Err(Failure::new("SB2001", "1 to 100 seeds").with_help("--seeds 10"));
    }
    let given = args.data.as_deref().map(read_text).transpose()?;
    let table = Coefficients::embedded();
    let place = super::report::place(&table, args.place.as_deref())?;
    let mut totals = Vec::new();
    let began = crate::time::monotonic_us();
    let rows = match (args.name.as_str(), given.as_deref()) {
        ("qaoa", given) => reproduce::qaoa(given.unwrap_or(GRAPHS), ANGLES, given.is_none()),
        ("bond-sweep", Some(given)) => match omalley::Table::from_json(given) {
            Some(table) => table.rows(MOLECULES[0], false),
            None => reproduce::bond_sweep(&[given], false),
        },
        ("bond-sweep", None) => reproduce::bond_sweep(&MOLECULES, true).and_then(|mut rows| {
            let table = omalley::Table::from_json(OMALLEY);
            rows.extend(table.map(|t| t.rows(MOLECULES[0], true)).transpose()?.into_iter().flatten());
            Ok(rows)
        }),
        ("digits", given) => {
            let tariff = cheapest(context)?;
            digits::digits(given.unwrap_or(DIGITS), args.seeds, tariff.as_ref()).map(|heads| {
                totals = tariff.map_or_else(Vec::new, |t| of_heads(&heads, &t, &table, place));
                heads.rows
            })
        }
        (_, Some(given)) => reproduce::spirals(&[given], args.seeds, cheapest(context)?.as_ref()),
        (_, None) => reproduce::spirals(&SPIRALS, args.seeds, cheapest(context)?.as_ref()),
    };
    let rows = rows.map_err(|error| match error {
        TrainError::Data(_) | TrainError::Cell { .. } => Failure::new("SB2006", error.to_string())
            .with_help("give a file of the format that data/README.md describes"),
        TrainError::Circuit(_) => Failure::new("SB1001", error.to_string()),
        TrainError::Simulation(_) => Failure::new("SB5100", error.to_string()),
    })?;
    let seconds = (crate::time::monotonic_us() - began) as f64 / 1e6;
    let energy = table.host(1, seconds);
    if let Some(path) = &args.o {
        let mut page = page(&args.name, &rows, seconds, &energy.joules());
        for (totals, words) in totals {
            page.figure(totals.chart(), words);
        }
        out.save(path, page.html().as_bytes())?;
    }
    if out.is_json() {
        let words: serde_json::Map<String, serde_json::Value> =
            rules(&args.name).iter().map(|(k, v)| (k.replace(' ', "_"), json!(v))).collect();
        out.json(
            &json!({"schema": "shotbook.reproduction/1", "name": args.name, "rows": rows, "seconds": seconds,
            "cost": "0", "energy": {"low": energy.low, "mid": energy.mid, "high": energy.high, "unit": "J",
            "grade": energy.grade.to_string(), "basis": "one core x average watts"}, "rules": words}),
        );
    } else {
        let cells = |row: &Row| {
            let published = row.published.map_or_else(|| "-".to_owned(), |p| format!("{p:.6}"));
            let verdict = match row.pass {
                Some(true) => "yes",
                Some(false) => "NO",
                None => "-",
            };
            let difference =
                row.published.map_or_else(|| "-".to_owned(), |p| format!("{:+.6}", row.ours - p));
            vec![row.quantity.clone(), format!("{:.6}", row.ours), published, difference, verdict.to_owned()]
        };
        out.table(
            &["QUANTITY", "OURS", "PUBLISHED", "DIFFERENCE", "PASS"],
            &[1, 2, 3],
            rows.iter().map(cells).collect(),
        );
        if rows.iter().any(|row| row.pass.is_none()) {
            out.say("PASS -: a figure beside, nothing is published to compare it with");
        }
        for (what, words) in rules(&args.name) {
            out.say(&format!("{what}: {words}"));
        }
        out.say(&format!("computed in {seconds:.1} s from data and seeds; $0.00; {}", energy.joules()));
    }
    Ok(if rows.iter().all(|row| row.pass != Some(false)) { 0 } else { 6 })
}

/// Predictions that each new task is used for.
const USES: u64 = 1000;

/// Money, energy and CO2e of backbone, heads and their use, against the number of new tasks.
fn of_heads(
    heads: &digits::Heads,
    tariff: &digits::Tariff,
    table: &Coefficients,
    place: Option<&Carbon>,
) -> Vec<(Totals, String)> {
    let of = |steps: f64| digits::forecast(tariff, steps.round() as u64, USES);
    let (Some((reused, used)), Some((cold, _))) = (of(heads.reused), of(heads.cold)) else {
        return Vec::new();
    };
    let dollars = |bill: &Bill| bill.total().map_or(f64::NAN, |m| m.nanos() as f64 / 1e9);
    let money = Totals {
        what: format!("USD on {}", tariff.0),
        source: 0.0,
        reused: dollars(&reused) + dollars(&used),
        cold: dollars(&cold) + dollars(&used),
    };
    let mut out = vec![(
        money,
        format!(
            "Forecast: the backbone is trained here for nothing; a head takes {:.0} steps on its features and {:.0} \
             from zero, each by parameter shift with 1,000 shots a circuit, and is used for {USES} predictions.",
            heads.reused, heads.cold
        ),
    )];
    let device = Catalogue::embedded().devices().iter().find(|d| d.name == tariff.0);
    if let Some(shot) = device.and_then(|d| table.allocated(&d.technology)) {
        let joules = |bill: &Bill| shot.mid * (bill.shots + used.shots) as f64 / KWH;
        let energy = Totals {
            what: format!("kWh on {}", tariff.0),
            source: 0.0,
            reused: joules(&reused),
            cold: joules(&cold),
        };
        let grade = format!(
            "Modelled, {} for a shot; the ratio of the two lines is known far better.",
            shot.joules()
        );
        if let Some(c) = place {
            let grams = energy.scaled(c.value, format!("g CO2e, {}, {}, {}", c.place, c.year, c.basis));
            out.push((grams, format!("Electricity alone, {}, {}, {}.", c.place, c.year, c.basis)));
        }
        out.insert(1, (energy, grade));
    }
    out
}

/// The gate device whose shots cost least, with its fees and sets.
pub fn cheapest(context: &Context) -> Result<Option<digits::Tariff>, Failure> {
    let list = context.prices()?;
    let devices = Catalogue::embedded().devices().iter().filter(|d| !d.analog);
    let rates = devices.filter_map(|d| match list.rate(&d.name) {
        Some(Rate::PerShot { task_fee, shot_fee }) => {
            Some((d.name.clone(), task_fee, shot_fee, set_limit(d)))
        }
        _ => None,
    });
    Ok(rates.min_by_key(|r| r.2))
}

fn page(name: &str, rows: &[Row], seconds: f64, energy: &str) -> Page {
    let mut page = Page::new(format!("Reproduction: {name}"));
    page.text(format!("Computed in {seconds:.1} s from data and seeds. Cost: $0.00. Energy: {energy}, one core x average watts."));
    for (what, words) in rules(name) {
        page.text(format!("{what}: {words}."));
    }
    let cells = |row: &Row| {
        let verdict = row.pass.map_or("-", |pass| if pass { "yes" } else { "NO" });
        let number = |x: Option<f64>| x.map_or_else(|| "-".to_owned(), |x| format!("{x:.6}"));
        let difference = row.published.map(|p| row.ours - p);
        vec![
            row.quantity.clone(),
            number(Some(row.ours)),
            number(row.published),
            number(difference),
            format!("{}", row.tolerance),
            verdict.to_owned(),
        ]
    };
    page.table(
        &["quantity", "ours", "published", "difference", "tolerance", "pass"],
        &[1, 2, 3, 4],
        rows.iter().map(cells).collect(),
    );
    page
}
