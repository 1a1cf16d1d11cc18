//! `run`: simulate here and now.

use std::time::Duration;

use serde_json::{Map, Value, json};
use shotbook_sim::engine::{self, EngineChoice, Options, Precision, Watch};
use shotbook_sim::expect::Expect;
use shotbook_sim::target::Catalogue;

use crate::app::Here;
use crate::cli::circuit::{CircuitArgs, Loaded, read_text, size_of};
use crate::cli::output::Out;
use crate::cli::progress::{Progress, Share};
use crate::cli::simulate::{self, NoiseArgs};
use crate::cli::{Context, Failure, diagnostics, views};
use crate::outcome::compare::wilson;
use crate::outcome::{self, Engine, TaskOutcome};
use crate::time;

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Circuit, or - for standard input
    file: String,
    /// Shots; 0 gives exact result types
    #[arg(long, default_value_t = 1000)]
    shots: u64,
    /// Seed of the sampling; drawn unless given
    #[arg(long)]
    seed: Option<u64>,
    #[command(flatten)]
    circuit: CircuitArgs,
    /// Engine: auto, state-vector, density-matrix, trajectories, stabilizer, mps
    #[arg(long, default_value = "auto")]
    engine: String,
    /// Precision of the state vector: double, or single for half the memory and about half the time
    #[arg(long, default_value = "double")]
    precision: String,
    /// Widest bond of mps; allows an approximation
    #[arg(long, value_name = "N")]
    max_bond: Option<std::num::NonZeroUsize>,
    /// Weight that one cut of mps may drop, such as 1e-10; allows an approximation
    #[arg(long, value_name = "W")]
    cutoff: Option<f64>,
    #[command(flatten)]
    noise: NoiseArgs,
    /// Most memory for states, such as 8GiB
    #[arg(long, value_name = "SIZE")]
    max_memory: Option<String>,
    /// Longest time, such as 30s
    #[arg(long, value_name = "TIME")]
    max_time: Option<String>,
    /// Threads
    #[arg(long)]
    threads: Option<std::num::NonZeroUsize>,
    /// Say what each engine would take
    #[arg(long)]
    explain: bool,
    /// Side of qubit 0: q0-left, q0-right
    #[arg(long, default_value = "q0-left")]
    order: String,
    /// Show only the most frequent outcomes
    #[arg(long, value_name = "K")]
    top: Option<usize>,
    /// Compare with an *.expect.json; exit 6 when it differs
    #[arg(long, value_name = "FILE")]
    expect: Option<String>,
    /// A device: run is free and local, so only `local` will do
    #[arg(long, value_name = "DEV", hide = true)]
    on: Option<String>,
}

/// Stops when time is up, and tells of what is done.
struct Stop {
    until_us: Option<u64>,
    share: Share,
}

impl Watch for Stop {
    fn now_us(&self) -> u64 {
        time::monotonic_us()
    }

    fn stopped(&self) -> bool {
        self.until_us.is_some_and(|at| time::monotonic_us() >= at)
    }

    fn progress(&self, done: f64) {
        self.share.tell(done);
    }
}

/// `30`, `30s`, `5m`, `2h`, `250ms`.
pub fn duration(text: &str) -> Result<Duration, Failure> {
    let cut = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let scale = match &text[cut..] {
        "" | "s" => 1.0,
        "ms" => 1e-3,
        "m" | "min" => 60.0,
        "h" => 3600.0,
        "d" => 86_400.0,
        _ => f64::NAN,
    };
    let seconds = text[..cut].parse::<f64>().map_or(f64::NAN, |x| x * scale);
    Duration::try_from_secs_f64(seconds)
        .map_err(|_| Failure::new("SB2001", format!("{text:?} is no time")).with_help("30s, 5m or 2h"))
}

fn size(text: &str) -> Result<u64, Failure> {
    let cut = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let scale: u64 = match text[cut..].to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "k" | "kb" | "kib" => 1 << 10,
        "m" | "mb" | "mib" => 1 << 20,
        "g" | "gb" | "gib" => 1 << 30,
        _ => 0,
    };
    let bytes = text[..cut].parse::<u64>().ok().and_then(|n| n.checked_mul(scale)).filter(|&n| n > 0);
    bytes.ok_or_else(|| Failure::new("SB2001", format!("{text:?} is no size")).with_help("512MiB or 8GiB"))
}

/// Whether qubit 0 stands on the right.
pub fn is_right(order: &str) -> Result<bool, Failure> {
    match order {
        "q0-left" => Ok(false),
        "q0-right" => Ok(true),
        other => {
            Err(Failure::new("SB2001", format!("{other:?} is no order")).with_help("q0-left or q0-right"))
        }
    }
}

/// The engine of a word.
fn engine_named(word: &str) -> Result<EngineChoice, Failure> {
    Ok(match word {
        "auto" => EngineChoice::Auto,
        "state-vector" => EngineChoice::StateVector,
        "density-matrix" => EngineChoice::DensityMatrix,
        "trajectories" => EngineChoice::Trajectories,
        "stabilizer" => EngineChoice::Stabilizer,
        "mps" => EngineChoice::Mps,
        other => {
            let help = "auto, state-vector, density-matrix, trajectories, stabilizer or mps";
            return Err(Failure::new("SB2001", format!("there is no engine {other:?}")).with_help(help));
        }
    })
}

/// The precision of a word.
fn precision_named(word: &str) -> Result<Precision, Failure> {
    match word {
        "double" => Ok(Precision::Double),
        "single" => Ok(Precision::Single),
        other => {
            Err(Failure::new("SB2001", format!("there is no precision {other:?}"))
                .with_help("double or single"))
        }
    }
}

pub fn run(args: Args, context: &Context, out: &mut Out) -> Result<u8, Failure> {
    let started = time::monotonic_us();
    if let Some(device) = args.on.as_deref().filter(|d| *d != "local") {
        let message = format!("{device} costs money or is elsewhere; run is free and local");
        let help = format!("shotbook submit {} --on {device} --shots {}", args.file, args.shots);
        return Err(Failure::new("SB2007", message).with_help(help));
    }
    let right = is_right(&args.order)?;
    let expect = args.expect.as_deref().map(expectations).transpose()?;
    let mut circuit_args = args.circuit.clone();
    if let Some(expect) = &expect {
        let given = expect.inputs.iter().map(|(name, value)| format!("{name}={value}"));
        circuit_args.input.splice(0..0, given);
    }
    let loaded = circuit_args.load_right(&args.file, out)?;
    let circuit = loaded.circuit()?;
    let values = loaded.bound(out)?;
    let noisy = args.noise.apply(circuit, out)?;
    let simulated = noisy.as_ref().unwrap_or(circuit);
    let parsed = time::monotonic_us();
    let share = Share::default();
    let watch = Stop {
        share: share.clone(),
        until_us: args.max_time.as_deref().map(duration).transpose()?.map(|d| started + d.as_micros() as u64),
    };
    let threads = args.threads.or_else(|| std::thread::available_parallelism().ok()).map_or(1, usize::from);
    let max_memory =
        args.max_memory.as_deref().map(size).transpose()?.unwrap_or_else(crate::config::memory_bytes);
    let engine = engine_named(&args.engine)?;
    let precision = precision_named(&args.precision)?;
    let max_bond = args.max_bond.map(usize::from);
    let cutoff = args.cutoff;
    if let Some(weight) = cutoff.filter(|c| !(0.0..1.0).contains(c)) {
        let message = format!("--cutoff is a weight from 0 to below 1, found {weight}");
        return Err(Failure::new("SB2001", message).with_help("--cutoff 1e-10"));
    }
    let watch = Some(&watch as &dyn Watch);
    let shots = expect.as_ref().and_then(|e| e.shots).unwrap_or(args.shots);
    let options = Options {
        engine,
        precision,
        max_memory,
        max_bond,
        cutoff,
        threads,
        watch,
        shots: Some(shots),
        speeds: crate::app::speeds::known(),
        ..Options::default()
    };
    if args.explain {
        simulate::explain(simulated, &options, out);
    }
    let seed = args.seed.or(expect.as_ref().and_then(|e| e.seed)).unwrap_or_else(|| Here.seed());
    let mut prepared = engine::prepare(simulated, &options).map_err(|e| refused(&e, &loaded, out))?;
    let forecast = Duration::try_from_secs_f64(prepared.forecast().time_us / 1e6).ok();
    let progress = Progress::start(!context.global.quiet, share, forecast);
    let result = prepared.run(&values, shots, seed);
    drop(progress);
    let result = result.map_err(|e| refused(&e, &loaded, out))?;
    let engine = Engine { name: prepared.engine().to_owned(), reason: prepared.reason().to_owned(), seed };
    let outcome = outcome::from_run(circuit, &result, engine);
    let timing = json!({"parse": parsed - started, "plan": result.timing.plan_us,
        "simulate": result.timing.simulate_us, "sample": result.timing.sample_us,
        "total": time::monotonic_us() - started});
    if out.is_json() {
        out.json(&document(&loaded, &outcome, timing, right)?);
    } else {
        table(&args, &loaded, &outcome, time::monotonic_us() - started, right, out);
    }
    let Some(expect) = expect else { return Ok(0) };
    let differences = expect.differences(&result.counts, &result.values, shots);
    differences.iter().for_each(|d| out.say(&format!("differs: {d}")));
    Ok(if differences.is_empty() { 0 } else { 6 })
}

fn expectations(file: &str) -> Result<Expect, Failure> {
    let text = read_text(file)?;
    Expect::from_json(&text).map_err(|e| {
        Failure::new("SB2006", format!("{file}: {e}")).with_help("the form of circuits/bell.expect.json")
    })
}

fn refused(error: &engine::SimError, loaded: &Loaded, out: &mut Out) -> Failure {
    if let Some(span) = error.span() {
        let diagnostic = shotbook_sim::diagnostic::Diagnostic::error("SB5100", span, error.to_string());
        diagnostics::show(out, &loaded.reading.sources, &[diagnostic]);
    }
    let failure = Failure::new("SB5100", error.to_string());
    match error {
        engine::SimError::Memory { qubits, .. } => {
            let sv1 = Catalogue::embedded().find("sv1").map_or(0, |d| d.n_qubits);
            if *qubits <= sv1 {
                failure.with_help(format!("shotbook quote {} --on sv1 --shots 1000", loaded.name))
            } else {
                failure.with_help("no simulator holds that many qubits as amplitudes")
            }
        }
        engine::SimError::Conflict { .. } => {
            failure.with_help("--shots 0 answers exactly; with shots, one circuit for each basis")
        }
        engine::SimError::Shots { .. } => failure.with_help("--shots N, or result pragmas for --shots 0"),
        engine::SimError::Stopped => failure.with_help("a longer --max-time"),
        _ => failure,
    }
}

fn document(loaded: &Loaded, outcome: &TaskOutcome, timing: Value, right: bool) -> Result<Value, Failure> {
    let circuit = loaded.circuit()?;
    let (gates, depth) = size_of(circuit);
    let engine = outcome.engine.as_ref();
    let mut out = Map::new();
    out.insert("schema".into(), json!("shotbook.result/1"));
    out.insert(
        "circuit".into(),
        json!({"name": loaded.name, "sha256": loaded.sha256, "qubits": circuit.n_qubits, "gates": gates, "depth": depth}),
    );
    out.insert("backend".into(), json!("local"));
    out.insert("engine".into(), json!(engine.map(|e| &e.name)));
    out.insert("engine_reason".into(), json!(engine.map(|e| &e.reason)));
    out.insert("seed".into(), json!(engine.map(|e| e.seed)));
    out.extend(views::result(outcome, right));
    out.insert("cost".into(), json!({"currency": "USD", "total": "0"}));
    out.insert("timing_us".into(), timing);
    Ok(Value::Object(out))
}

fn table(args: &Args, loaded: &Loaded, outcome: &TaskOutcome, total_us: u64, right: bool, out: &mut Out) {
    let engine = outcome.engine.as_ref();
    let qubits = loaded.reading.circuit.as_ref().map_or(0, |c| c.n_qubits);
    out.line(&format!(
        "local {} · {qubits} qubit{} · seed {} · {:.1} ms · $0.00    bit order: {}",
        engine.map_or("", |e| e.name.as_str()),
        if qubits == 1 { "" } else { "s" },
        engine.map_or(0, |e| e.seed),
        total_us as f64 / 1000.0,
        if right { "q0 right" } else { "q0 left" }
    ));
    histogram(outcome, args.top, right, out);
    if outcome.shots > 0 && !args.circuit.input.iter().any(|i| i.contains(' ')) {
        out.say(&format!("next: shotbook quote {} --shots {}", args.file, outcome.shots));
    }
}

/// Outcomes with bars and 95 % intervals, then result types.
pub fn histogram(outcome: &TaskOutcome, top: Option<usize>, right: bool, out: &mut Out) {
    const MOST: usize = 32;
    const WIDTH: f64 = 40.0;
    let mut rows: Vec<_> = outcome.counts.iter().collect();
    if top.is_some() || rows.len() > MOST {
        rows.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    }
    let shown = top.unwrap_or(MOST).min(rows.len());
    let n = outcome.shots.max(1) as f64;
    let largest = rows.iter().map(|r| *r.1).max().unwrap_or(1).max(1) as f64;
    for (bits, count) in &rows[..shown] {
        let count = **count;
        let name = if right { bits.reversed().to_string() } else { bits.to_string() };
        let p = count as f64 / n;
        let (_, half) = wilson(p, n);
        let bar = "▇".repeat(((count as f64 / largest) * WIDTH).round().max(1.0) as usize);
        out.line(&format!("{name} {bar} {count}  {:.1} % ±{:.1}", p * 100.0, half * 100.0));
    }
    if shown < rows.len() {
        out.line(&format!("… {} more outcomes; --top N or --json shows them", rows.len() - shown));
    }
    for entry in &outcome.result_types {
        let value =
            entry.get("value").map_or_else(|| "computed from the counts by the reader".to_owned(), short);
        let what = entry.get("type").and_then(Value::as_str).unwrap_or("result");
        let observable = entry.get("observable").map(|o| format!(" {o}")).unwrap_or_default();
        let targets =
            entry.get("targets").filter(|t| !t.is_null()).map(|t| format!(" on {t}")).unwrap_or_default();
        out.line(&format!("{what}{observable}{targets}: {value}"));
    }
}

fn short(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() > 200 {
        format!("{}… (--json shows all)", text.chars().take(200).collect::<String>())
    } else {
        text
    }
}
