//! From flags and `shotbook.toml` to what is trained.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use sha2::{Digest, Sha256};
use shotbook_sim::pauli::PauliSum;
use shotbook_sim::qasm::{Emit, InputValue, emit};

use crate::cli::Failure;
use crate::cli::circuit::{CircuitArgs, read_text};
use crate::cli::output::Out;
use crate::cli::verbs::sweep::named;
use crate::ids::hex;
use crate::train::ansatz;
use crate::train::graph::Graph;
use crate::train::machine::{Definition, Stop};
use crate::train::optimizer::{Kind, Settings};
use crate::train::problem::{Objective, Problem, text_of};

/// What is trained; `[model.NAME]` of a `shotbook.toml` has the same words with `_` for `-`.
#[derive(Clone, Debug, Default, clap::Args, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Wish {
    /// Circuit with `input float` angles
    pub file: Option<String>,
    /// A circuit that is made: hardware-efficient[:LAYERS], real-amplitudes[:LAYERS], qaoa[:LAYERS],
    /// coupled-cluster, dressed[:QUBITS[:LAYERS]]
    #[arg(long, value_name = "NAME", conflicts_with = "file")]
    pub ansatz: Option<String>,
    /// Least mean of an observable: "0.18*ZIII - 0.22*ZZII", or a file with it or with JSON terms
    #[arg(long, alias = "observable", value_name = "FILE|TEXT")]
    pub hamiltonian: Option<String>,
    /// Which point of a file with several, by its length r
    #[arg(long, value_name = "R")]
    pub at: Option<f64>,
    /// Largest cut of a graph: JSON, or lines of A B [WEIGHT]
    #[arg(long, value_name = "GRAPH")]
    pub maxcut: Option<String>,
    /// Least energy of spins on a graph
    #[arg(long, value_name = "GRAPH")]
    pub ising: Option<String>,
    /// Classes of points: a table with a header
    #[arg(long, value_name = "FILE.csv")]
    pub data: Option<String>,
    /// Column of the classes; the last unless told
    #[arg(long, value_name = "COLUMN")]
    pub label: Option<String>,
    /// Points of a step
    #[arg(long, value_name = "N")]
    pub batch: Option<usize>,
    /// Inputs that take features; x0, x1, .. unless told
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub features: Vec<String>,
    /// Shots of a circuit; exact values here unless told
    #[arg(long, value_name = "N")]
    pub shots: Option<u64>,
    /// adam, sgd, spsa, rotosolve, cobyla, lbfgs, adaptive or exec:COMMAND
    #[arg(long, value_name = "NAME")]
    pub optimizer: Option<String>,
    /// Step size; first step of spsa, first radius of cobyla
    #[arg(long, value_name = "X")]
    pub rate: Option<f64>,
    /// Momentum of sgd
    #[arg(long, value_name = "X")]
    pub momentum: Option<f64>,
    /// Forgetting of Adam: 0.9,0.999
    #[arg(long, value_name = "A,B", value_delimiter = ',')]
    pub betas: Vec<f64>,
    /// Adam's first step as before 2019
    #[arg(long)]
    pub legacy: bool,
    /// Most iterations
    #[arg(long, value_name = "N")]
    pub iterations: Option<u32>,
    /// plateau[:GAIN[:ITERATIONS]], target:VALUE, or last
    #[arg(long, value_name = "RULE")]
    pub stop: Option<String>,
    /// Seed of start, batches, directions and shots
    #[arg(long)]
    pub seed: Option<u64>,
    /// random, zero, or a JSON list of numbers
    #[arg(long, value_name = "FILE|WORD")]
    pub start: Option<String>,
    /// Noise of a device, here
    #[arg(long, value_name = "DEV")]
    pub noise_from: Option<String>,
    /// What to call it
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
}

fn usage(why: impl Into<String>) -> Failure {
    Failure::new("SB2001", why)
}

/// The words of a model in the nearest `shotbook.toml`, searched upwards.
pub fn model(name: &str) -> Result<(Wish, PathBuf), Failure> {
    let none = || usage("there is no shotbook.toml here or above").with_help("write one with [model.NAME]");
    let path = named::nearest().ok_or_else(none)?;
    #[derive(Deserialize)]
    struct File {
        #[serde(default)]
        model: BTreeMap<String, toml::Value>,
    }
    let shown = path.display().to_string();
    let text = read_text(&shown)?;
    let wrong = |e: toml::de::Error| Failure::new("SB2006", format!("{shown}: {e}"));
    let file: File = toml::from_str(&text).map_err(wrong)?;
    let known: Vec<&str> = file.model.keys().map(String::as_str).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let Some(value) = file.model.get(name) else {
        return Err(usage(format!("{shown} has no [model.{name}]; it has {known}")));
    };
    let mut wish: Wish = value.clone().try_into().map_err(wrong)?;
    wish.name.get_or_insert_with(|| name.to_owned());
    let folder = path.parent().unwrap_or(Path::new(".")).to_path_buf();
    Ok((wish, folder))
}

impl Wish {
    /// Words of the flags before those of the file, whose paths are below its folder.
    pub fn over(self, file: Wish, folder: &Path) -> Self {
        let below = |path: Option<String>| {
            path.map(|p| {
                let there = folder.join(&p);
                if there.exists() { there.display().to_string() } else { p }
            })
        };
        let list = |own: Vec<String>, other: Vec<String>| if own.is_empty() { other } else { own };
        Self {
            file: self.file.or_else(|| below(file.file)),
            ansatz: self.ansatz.or(file.ansatz),
            hamiltonian: self.hamiltonian.or_else(|| below(file.hamiltonian)),
            at: self.at.or(file.at),
            maxcut: self.maxcut.or_else(|| below(file.maxcut)),
            ising: self.ising.or_else(|| below(file.ising)),
            data: self.data.or_else(|| below(file.data)),
            label: self.label.or(file.label),
            batch: self.batch.or(file.batch),
            features: list(self.features, file.features),
            shots: self.shots.or(file.shots),
            optimizer: self.optimizer.or(file.optimizer),
            rate: self.rate.or(file.rate),
            momentum: self.momentum.or(file.momentum),
            betas: if self.betas.is_empty() { file.betas } else { self.betas },
            legacy: self.legacy || file.legacy,
            iterations: self.iterations.or(file.iterations),
            stop: self.stop.or(file.stop),
            seed: self.seed.or(file.seed),
            start: self.start.or_else(|| below(file.start)),
            noise_from: self.noise_from.or(file.noise_from),
            name: self.name.or(file.name),
        }
    }

    /// What is asked.
    ///
    /// # Errors
    /// None or several, and files that are not what they should be.
    pub fn objective(&self, seed: u64) -> Result<Objective, Failure> {
        let given = [&self.hamiltonian, &self.maxcut, &self.ising, &self.data];
        if given.iter().filter(|g| g.is_some()).count() != 1 {
            return Err(usage("one objective is needed")
                .with_help("--hamiltonian FILE|TEXT, --maxcut GRAPH, --ising GRAPH or --data FILE.csv"));
        }
        let graph =
            |file: &String| Graph::read(&read_text(file)?).map_err(|e| wrong_data(file, &e.to_string()));
        if let Some(text) = &self.hamiltonian {
            return Ok(Objective::Energy { observable: hamiltonian(text, self.at)? });
        }
        if let Some(file) = &self.maxcut {
            return Ok(Objective::Cut { graph: graph(file)? });
        }
        if let Some(file) = &self.ising {
            return Ok(Objective::Ising { graph: graph(file)? });
        }
        let file = self.data.as_deref().unwrap_or_default();
        let data = super::data::read(file, self.label.as_deref(), seed)?;
        Ok(Objective::Classifier { data, batch: self.batch.unwrap_or(10), encoded: self.features.clone() })
    }

    /// The circuit's text and what to call it.
    fn circuit(
        &self,
        objective: &Objective,
        given: &CircuitArgs,
        out: &mut Out,
    ) -> Result<(String, String), Failure> {
        let Some(word) = &self.ansatz else {
            let Some(file) = &self.file else {
                return Err(usage("a circuit is needed").with_help("FILE, or --ansatz hardware-efficient:2"));
            };
            let loaded = given.load_right(file, out)?;
            let many = loaded.reading.sources.files().len() > 1;
            let structural = loaded.circuit()?.inputs.len() != loaded.inputs.len();
            if !many && !structural && loaded.inputs.is_empty() {
                return Ok((loaded.text.to_string(), loaded.name.clone()));
            }
            // Includes and values of sizes are resolved, so that the text stands alone.
            let text = emit(loaded.circuit()?, Emit::OpenQasm3).map_err(|errors| {
                Failure::new("SB5000", errors.first().map_or_else(String::new, |e| e.message.clone()))
            })?;
            return Ok((text, loaded.name.clone()));
        };
        let mut parts = word.split(':');
        let kind = parts.next().unwrap_or_default();
        let mut number = |default: u32| match parts.next() {
            None => Ok(default),
            Some(text) => match text.parse::<u32>() {
                Ok(n) if (1..=200).contains(&n) => Ok(n),
                _ => Err(usage(format!("{text:?} in --ansatz {word} is no number from 1 to 200"))),
            },
        };
        let qubits = qubits(objective);
        let classes = matches!(objective, Objective::Classifier { .. });
        let text = match (kind, objective) {
            ("dressed", _) if classes => {
                let (qubits, layers) = (number(qubits)?, number(3)?);
                ansatz::dressed(qubits, layers, true)
            }
            ("product", _) if classes => {
                let (qubits, layers) = (number(qubits)?, number(3)?);
                ansatz::dressed(qubits, layers, false)
            }
            ("hardware-efficient", _) if !classes => ansatz::hardware_efficient(qubits, number(2)?, "cz"),
            ("real-amplitudes", _) if !classes => ansatz::real_amplitudes(qubits, number(2)?),
            ("coupled-cluster" | "ucc", _) if !classes => {
                ansatz::coupled_cluster(qubits, &occupied(objective, qubits))
            }
            ("qaoa", Objective::Cut { graph } | Objective::Ising { graph }) => {
                ansatz::qaoa(graph, number(1)?)
            }
            _ => {
                let fits = if classes {
                    "dressed, product"
                } else {
                    "hardware-efficient, real-amplitudes, coupled-cluster, and qaoa for graphs"
                };
                return Err(usage(format!("{kind:?} makes no circuit for this objective")).with_help(fits));
            }
        };
        Ok((text, word.clone()))
    }

    fn stop(&self, sign: f64) -> Result<Stop, Failure> {
        let wrong = |text: &str| {
            usage(format!("{text:?} is no rule to stop"))
                .with_help("--stop plateau, --stop target:-1.137, --stop last")
        };
        let Some(text) = self.stop.as_deref() else { return Ok(Stop::PLATEAU) };
        let parts: Vec<&str> = text.split(':').collect();
        let number =
            |at: usize| parts[at].parse::<f64>().ok().filter(|x| x.is_finite()).ok_or_else(|| wrong(text));
        match (parts[0], parts.len()) {
            ("last", 1) => Ok(Stop::Last),
            ("plateau", 1) => Ok(Stop::PLATEAU),
            ("plateau", 2) => Ok(Stop::Plateau { gain: number(1)?, iterations: 20 }),
            ("plateau", 3) => {
                let iterations = number(2)?;
                let fits = (1.0..=1e6).contains(&iterations);
                if fits {
                    Ok(Stop::Plateau { gain: number(1)?, iterations: iterations as u32 })
                } else {
                    Err(wrong(text))
                }
            }
            ("target", 2) => Ok(Stop::Target(sign * number(1)?)),
            _ => Err(wrong(text)),
        }
    }

    /// The training that this asks for.
    ///
    /// # Errors
    /// What is missing or does not fit together.
    pub fn definition(
        &self,
        device: &str,
        given: &CircuitArgs,
        out: &mut Out,
    ) -> Result<(Definition, Problem), Failure> {
        let seed = self.seed.unwrap_or(1);
        let mut objective = self.objective(seed)?;
        let (circuit, name) = self.circuit(&objective, given, out)?;
        if let Objective::Classifier { encoded, .. } = &mut objective
            && encoded.is_empty()
        {
            let read = crate::train::circuit(&circuit).map_err(|e| failed(&e))?;
            let is_feature = |n: &str| {
                n.strip_prefix('x').is_some_and(|d| !d.is_empty() && d.bytes().all(|b| b.is_ascii_digit()))
            };
            let names = read.inputs.iter().map(|i| i.name.clone()).filter(|n| is_feature(n));
            *encoded = names.collect();
            encoded.sort_by_key(|n| n[1..].parse::<u64>().unwrap_or(u64::MAX));
            if encoded.is_empty() {
                return Err(usage("no input takes features; they are x0, x1, .. unless told")
                    .with_help("--features a,b"));
            }
        }
        let problem = Problem::new(&circuit, &objective, seed).map_err(|e| failed(&e))?;
        let kind = match (&self.optimizer, self.shots) {
            (Some(word), _) => Kind::named(word).map_err(usage)?,
            (None, None) => Kind::Adam,
            (None, Some(_)) => Kind::Spsa,
        };
        let numbers = [self.rate, self.momentum, self.betas.first().copied(), self.betas.get(1).copied()];
        if numbers.iter().flatten().any(|x| !x.is_finite() || *x < 0.0) || self.rate == Some(0.0) {
            return Err(usage("a rate is above zero, momentum and betas are not below"));
        }
        let betas = match self.betas[..] {
            [] => None,
            [a, b] if a < 1.0 && b < 1.0 => Some((a, b)),
            _ => return Err(usage("--betas takes two numbers below 1").with_help("--betas 0.9,0.999")),
        };
        if self.shots == Some(0) {
            return Err(usage("0 shots measure nothing").with_help("leave --shots out for exact values"));
        }
        if self.iterations == Some(0) {
            return Err(usage("0 iterations train nothing"));
        }
        let start = self.start(&problem, &kind, seed)?;
        let sign = problem.shown(1.0);
        Ok((
            Definition {
                name: self.name.clone().unwrap_or_else(|| stem(&name)),
                circuit_sha256: digest(&circuit),
                circuit,
                objective_sha256: digest(&serde_json::to_string(&objective).unwrap_or_default()),
                objective,
                device: device.to_owned(),
                shots: self.shots,
                noise_from: self.noise_from.clone(),
                optimizer: Settings {
                    kind,
                    rate: self.rate,
                    momentum: self.momentum,
                    betas,
                    legacy: self.legacy,
                },
                iterations: self.iterations.unwrap_or(if self.shots.is_some() { 200 } else { 1000 }),
                stop: self.stop(sign)?,
                seed,
                start,
                from: None,
                fee_in_shots: 0.0,
            },
            problem,
        ))
    }

    fn start(&self, problem: &Problem, kind: &Kind, seed: u64) -> Result<Vec<f64>, Failure> {
        let n = problem.n_parameters();
        let hartree_fock = self.ansatz.as_deref().is_some_and(|a| a == "ucc" || a == "coupled-cluster");
        match self.start.as_deref() {
            Some("zero") => Ok(vec![0.0; n]),
            // Every derivative may vanish at zero; a nudge leaves it.
            None if hartree_fock => Ok(problem.start(seed).iter().map(|x| 0.01 * x).collect()),
            None | Some("random") => Ok(problem.start(seed)),
            Some(file) => {
                let _ = kind;
                let text =
                    if file.trim_start().starts_with('[') { file.to_owned() } else { read_text(file)? };
                let list: Vec<f64> =
                    serde_json::from_str(&text).map_err(|e| wrong_data(file, &e.to_string()))?;
                if list.len() != n || list.iter().any(|x| !x.is_finite()) {
                    return Err(usage(format!("--start has {} numbers; {n} are trained", list.len())));
                }
                Ok(list)
            }
        }
    }
}

/// SHA-256 of a text.
pub fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

/// Qubits that an objective speaks of; of classes as many as features, 8 at most.
pub fn qubits(objective: &Objective) -> u32 {
    match objective {
        Objective::Energy { observable } => PauliSum::parse(observable).map_or(1, |s| s.n_qubits()),
        Objective::Cut { graph } | Objective::Ising { graph } => graph.n,
        Objective::Classifier { data, .. } => data.train_x[0].len().min(8) as u32,
    }
}

/// Qubits in 1 in the best basis state, Hartree and Fock's of a molecule; all where that is not told.
fn occupied(objective: &Objective, qubits: u32) -> Vec<u32> {
    let sum = match objective {
        Objective::Energy { observable } => PauliSum::parse(observable).ok(),
        Objective::Ising { graph } => Some(graph.ising()),
        _ => None,
    };
    let state = sum.and_then(|s| crate::train::twins::basis_state(&s)).map_or(u64::MAX, |found| found.0);
    (0..qubits).filter(|q| q >= &64 || state >> q & 1 == 1).collect()
}

fn stem(name: &str) -> String {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.trim_end_matches(".qasm").replace(':', "-")
}

fn wrong_data(file: &str, why: &str) -> Failure {
    Failure::new("SB2006", format!("{file}: {why}"))
}

/// What stands in the way of a training, by kind.
pub fn failed(error: &crate::train::TrainError) -> Failure {
    use crate::train::TrainError;
    let code = match error {
        TrainError::Data(_) | TrainError::Cell { .. } => "SB2001",
        TrainError::Circuit(_) => "SB5000",
        TrainError::Simulation(_) => "SB5100",
    };
    Failure::new(code, error.to_string())
}

/// The observable of a text, of a file with one, or of JSON: `{"terms": {"ZI": 0.5}}`, or a molecule's
/// points of which one is chosen by its length.
pub fn hamiltonian(given: &str, at: Option<f64>) -> Result<String, Failure> {
    let is_file = Path::new(given).is_file();
    let text = if is_file { read_text(given)? } else { given.to_owned() };
    if !text.trim_start().starts_with('{') {
        let sum = PauliSum::parse(text.trim()).map_err(|e| {
            let help = "--hamiltonian \"0.18*ZI - 0.22*ZZ\", or a file";
            usage(format!("{given:?} is no file and no observable: {e}")).with_help(help)
        })?;
        return Ok(text_of(&sum));
    }
    let wrong = |why: String| wrong_data(given, &why);
    let value: serde_json::Value = serde_json::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    let terms = match value["points"].as_array() {
        None => &value["terms"],
        Some(points) => {
            let lengths: Vec<f64> = points.iter().filter_map(|p| p["r"].as_f64()).collect();
            let known = lengths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
            let Some(at) = at else {
                return Err(wrong(format!("it has several points; lengths {known}")).with_help("--at R"));
            };
            let Some(point) = lengths.iter().position(|r| (r - at).abs() < 1e-9) else {
                return Err(wrong(format!("it has no point {at}; lengths {known}")).with_help("--at R"));
            };
            &points[point]["terms"]
        }
    };
    let Some(terms) = terms.as_object() else {
        let operators = value["operators"].is_array();
        let help = if operators {
            "a table of coefficients is no Hamiltonian: write its operators out, and judge a run by the \
             ground energy of that operator alone"
        } else {
            "{\"terms\": {\"ZI\": 0.18, \"ZZ\": -0.22}}"
        };
        return Err(wrong("it has no `terms`".to_owned()).with_help(help));
    };
    let pairs: Option<Vec<(&str, f64)>> =
        terms.iter().map(|(k, v)| Some((k.as_str(), v.as_f64()?))).collect();
    let pairs = pairs.ok_or_else(|| wrong("a weight is no number".to_owned()))?;
    let sum = PauliSum::from_strings(pairs).map_err(|e| wrong(e.to_string()))?;
    Ok(text_of(&sum))
}

/// Values by name, of a training's parameters.
pub fn named(problem: &Problem, parameters: &[f64]) -> serde_json::Map<String, serde_json::Value> {
    let names: Vec<String> = match problem.layers() {
        None => problem.circuit().inputs.iter().map(|i| i.name.clone()).collect(),
        Some(_) => (0..parameters.len()).map(|i| format!("w{i}")).collect(),
    };
    names.into_iter().zip(parameters).map(|(n, x)| (n, serde_json::json!(x))).collect()
}

/// An input with its value, for callers that fill a circuit.
pub fn as_inputs(names: &[String], row: &[f64]) -> shotbook_sim::qasm::Inputs {
    names.iter().cloned().zip(row.iter().map(|x| InputValue::Number(*x))).collect()
}
