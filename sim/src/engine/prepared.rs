//! A circuit made ready once, to be run often.

use crate::circuit::Circuit;
use crate::engine::model::Engine;
use crate::engine::runner::{Runner, Share};
use crate::engine::shots::Reader;
use crate::engine::table::{self, Forecast, Needs};
use crate::engine::{Columns, Options, SimError, TaskResult, Timing, exact};
use crate::pauli::PauliSum;
use crate::plan::code::{self, Code, Inst};
use crate::plan::columns::{self, Layout};
use crate::plan::{Segment, check, reuse};
use crate::result::{ResultType, ResultValue};
use crate::sample::Rng;

/// Chooses an engine for a circuit and plans it, once for all runs.
///
/// # Errors
/// Memory before anything is allocated; Unfit where the chosen engine, or every engine, lacks
/// something; Invalid for matrices, channels, observables and qubits that mean nothing.
pub fn prepare<'a>(circuit: &Circuit, options: &Options<'a>) -> Result<Prepared<'a>, SimError> {
    let began = options.now_us();
    check::circuit(circuit)?;
    if let Columns::Qubits(qubits) = &options.columns
        && let Some(q) = qubits.iter().find(|&&q| q >= circuit.n_qubits)
    {
        return Err(SimError::Invalid { reason: format!("qubit {q} does not exist"), span: None });
    }
    let mut code = code::flatten(circuit);
    let mut layout = columns::layout(circuit, &code, &options.columns);
    let narrow = narrowed(circuit, &code, options);
    let circuit = narrow.as_ref().unwrap_or(circuit);
    if narrow.is_some() {
        code = code::flatten(circuit);
        // Each column still names the qubit that the program measured.
        layout.sources = columns::layout(circuit, &code, &options.columns).sources;
    }
    let needs = Needs::of(circuit, &code, options);
    let (row, forecast, reason) = table::choose(&needs, options)?;
    let needed = check::answers_bytes(circuit);
    if needed > options.max_memory {
        let (qubits, allowed) = (circuit.n_qubits, options.max_memory);
        return Err(SimError::Memory { engine: "the answers asked for", qubits, needed, allowed });
    }
    let run = (row.make)(circuit, code, options);
    let plan_us = options.now_us() - began;
    let chosen = reason.clone();
    let max_memory = options.max_memory;
    Ok(Prepared { run, layout, engine: row.name, forecast, chosen, reason, plan_us, max_memory })
}

/// The circuit on fewer qubits, where only counts are wanted and every column is a bit that a
/// program writes which chooses on the way anyway.
pub(crate) fn narrowed(circuit: &Circuit, code: &Code, options: &Options<'_>) -> Option<Circuit> {
    let counts = options.shots.is_some_and(|shots| shots > 0) && options.columns == Columns::Auto;
    let chooses = |inst: &Inst| !matches!(inst, Inst::Unitary { .. } | Inst::Measure { terminal: true, .. });
    let shown =
        |bit: u32| circuit.registers.iter().any(|r| r.visible && (r.first..r.first + r.size).contains(&bit));
    let measures = |inst: &Inst| matches!(inst, Inst::Measure { bit: Some(bit), .. } if shown(*bit));
    let fits = counts && code.insts.iter().any(chooses) && code.insts.iter().any(measures);
    fits.then(|| reuse::narrowed(circuit)).flatten()
}

/// A circuit on its engine.
pub struct Prepared<'a> {
    run: Box<dyn Run + Send + 'a>,
    layout: Layout,
    engine: &'static str,
    forecast: Forecast,
    /// The reason without what the last run adds.
    chosen: String,
    reason: String,
    plan_us: u64,
    max_memory: u64,
}

impl Prepared<'_> {
    /// Name of the engine.
    pub fn engine(&self) -> &'static str {
        self.engine
    }

    /// What one run was expected to spend.
    pub fn forecast(&self) -> Forecast {
        self.forecast
    }

    /// Why this engine; after a run also what it cut off, if it approximates.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    /// Takes shots, or with none answers the result types exactly.
    ///
    /// # Errors
    /// Length for inputs; Shots, Conflict and Invalid for what result types and inputs ask; Limit
    /// for loops without end and exact answers over too many branches; Stopped by the watch.
    pub fn run(&mut self, inputs: &[f64], shots: u64, seed: u64) -> Result<TaskResult, SimError> {
        let mut result = self.run.run(inputs, shots, seed, &self.layout)?;
        result.timing.plan_us += self.plan_us;
        if let Some(note) = self.run.note() {
            self.reason = format!("{}; {note}", self.chosen);
        }
        Ok(result)
    }

    /// Exact means of some sums for many rows of inputs. `out` holds one row of means a row.
    ///
    /// # Errors
    /// Length when the slices do not match; else as [`Prepared::run`].
    pub fn values(&mut self, rows: &[f64], of: &[PauliSum], out: &mut [f64]) -> Result<(), SimError> {
        self.run.values(rows, of, out)
    }

    /// Exact mean of a sum and its derivative by each input, which goes to `out`.
    ///
    /// # Errors
    /// Length when the slices do not match; Unfit for circuits with measurements or noise and for
    /// engines other than the state vector.
    pub fn gradient(&mut self, inputs: &[f64], of: &PauliSum, out: &mut [f64]) -> Result<f64, SimError> {
        self.run.gradient(inputs, of, out, self.max_memory)
    }
}

/// A runner with its engine's type put aside.
pub(crate) trait Run {
    fn run(&mut self, inputs: &[f64], shots: u64, seed: u64, layout: &Layout)
    -> Result<TaskResult, SimError>;
    fn values(&mut self, rows: &[f64], of: &[PauliSum], out: &mut [f64]) -> Result<(), SimError>;
    fn gradient(
        &mut self,
        inputs: &[f64],
        of: &PauliSum,
        out: &mut [f64],
        max_memory: u64,
    ) -> Result<f64, SimError>;
    /// What the last run adds to the reason.
    fn note(&self) -> Option<String> {
        None
    }
}

/// A runner with the options of its runs.
pub(crate) struct Machine<'a, E: Engine> {
    pub(crate) runner: Runner<E>,
    pub(crate) options: Options<'a>,
}

impl<E: Engine> Run for Machine<'_, E> {
    fn run(
        &mut self,
        inputs: &[f64],
        shots: u64,
        seed: u64,
        layout: &Layout,
    ) -> Result<TaskResult, SimError> {
        let began = self.options.now_us();
        self.runner.bind(inputs)?;
        let bound = self.options.now_us();
        let mut sample_us = 0;
        let mut result = TaskResult {
            shots,
            columns: layout.qubits.clone(),
            counts: Vec::new(),
            shot_list: None,
            values: Vec::new(),
            timing: Timing::default(),
        };
        if shots == 0 {
            self.exact(inputs, &mut result, &mut |us| sample_us += us)?;
        } else {
            let circuit = &self.runner.circuit;
            let reader = Reader::new(&circuit.results, layout, circuit.n_qubits)?;
            let mut rng = Rng::new(seed);
            let reading =
                reader.read(&self.runner, shots, &mut rng, &self.options, &mut |us| sample_us += us)?;
            result.counts = reading.counts;
            result.shot_list = reading.shot_list;
            result.values = reading.values;
        }
        let total = self.options.now_us() - bound;
        let simulate_us = total.saturating_sub(sample_us);
        result.timing = Timing { plan_us: bound - began, simulate_us, sample_us };
        Ok(result)
    }

    fn values(&mut self, rows: &[f64], of: &[PauliSum], out: &mut [f64]) -> Result<(), SimError> {
        let n_inputs = self.runner.circuit.inputs.len();
        check_sums(of, self.runner.circuit.n_qubits)?;
        let n_rows = if of.is_empty() { 0 } else { out.len() / of.len() };
        same("inputs", n_rows * n_inputs, rows.len())?;
        same("places for means", n_rows * of.len(), out.len())?;
        let sums: Vec<&PauliSum> = of.iter().collect();
        for (row, out) in out.chunks_exact_mut(of.len().max(1)).enumerate() {
            self.runner.bind(&rows[row * n_inputs..(row + 1) * n_inputs])?;
            out.fill(0.0);
            let runner = &self.runner;
            runner.walk(Share::Weight(1.0), &mut Rng::new(0), &self.options, &mut |leaf, _| {
                if let Share::Weight(weight) = leaf.share {
                    for (sum, mean) in out.iter_mut().zip(runner.engine.means(leaf.state, &sums)) {
                        *sum += weight * mean;
                    }
                }
                Ok(())
            })?;
        }
        Ok(())
    }

    fn gradient(
        &mut self,
        inputs: &[f64],
        of: &PauliSum,
        out: &mut [f64],
        max_memory: u64,
    ) -> Result<f64, SimError> {
        check_sums(std::slice::from_ref(of), self.runner.circuit.n_qubits)?;
        same("places for derivatives", self.runner.circuit.inputs.len(), out.len())?;
        let needed = self.runner.engine.state_bytes().saturating_mul(2);
        if needed > max_memory {
            return Err(SimError::Memory {
                engine: E::NAME,
                qubits: self.runner.circuit.n_qubits,
                needed,
                allowed: max_memory,
            });
        }
        self.runner.bind(inputs)?;
        let segments = self.unitary_segments()?;
        let (mean, by_angle) = self.runner.engine.gradient(&segments, of, &self.options)?;
        out.fill(0.0);
        let circuit = &self.runner.circuit;
        for (angle, derivative) in circuit.angles.iter().zip(by_angle) {
            self.runner.blank.add_slopes(circuit, angle, derivative, out).map_err(|why| {
                SimError::Invalid { reason: format!("an angle has no derivative here: {why}"), span: None }
            })?;
        }
        Ok(mean)
    }
}

impl<E: Engine> Machine<'_, E> {
    /// Answers all result types of the circuit without shots.
    fn exact(
        &mut self,
        inputs: &[f64],
        result: &mut TaskResult,
        sampling: &mut dyn FnMut(u64),
    ) -> Result<(), SimError> {
        let requests = self.runner.circuit.results.clone();
        if requests.is_empty() {
            return Err(SimError::Shots { reason: "zero shots need at least one result type", span: None });
        }
        if let Some(r) = requests.iter().find(|r| matches!(r.kind, ResultType::Sample(_))) {
            return Err(SimError::Shots { reason: "samples need shots", span: Some(r.span) });
        }
        let answers = exact::answers(&self.runner, &self.options, sampling)?;
        for (request, answer) in requests.iter().zip(answers) {
            let value = match (&request.kind, answer) {
                (_, Some(value)) => value,
                (ResultType::AdjointGradient { terms, inputs: wanted }, None) => {
                    let sum = PauliSum {
                        terms: terms
                            .iter()
                            .flat_map(|(w, o)| PauliSum::from_observable(o, *w).terms)
                            .collect(),
                    };
                    let mut all = vec![0.0; inputs.len()];
                    let expectation = self.gradient(inputs, &sum, &mut all, self.options.max_memory)?;
                    let every: Vec<u32> = (0..inputs.len() as u32).collect();
                    let wanted = if wanted.is_empty() { &every } else { wanted };
                    let gradient = wanted.iter().map(|&i| (i, all[i as usize])).collect();
                    ResultValue::AdjointGradient { expectation, gradient }
                }
                // Without a leaf there is no answer, and a walk has at least one.
                (_, None) => continue,
            };
            result.values.push(value);
        }
        Ok(())
    }

    /// The circuit as unitary operations.
    fn unitary_segments(&self) -> Result<Vec<Segment<'_>>, SimError> {
        let r = &self.runner;
        let mut out = Vec::new();
        for (inst, &span) in r.code.insts.iter().zip(&r.code.spans) {
            match inst {
                Inst::Unitary { block, start, end } => {
                    let block = code::block(&r.circuit, *block);
                    out.push(Segment {
                        circuit: &r.circuit,
                        ops: &block.ops[*start..*end],
                        spans: &block.spans[*start..*end],
                        angles: r.angles(),
                    });
                }
                Inst::Measure { terminal: true, .. } => {}
                _ => {
                    return Err(SimError::Unfit {
                        engine: E::NAME,
                        reason: "gradients need a circuit without measurement, noise or branches".into(),
                        span: Some(span),
                    });
                }
            }
        }
        Ok(out)
    }
}

fn same(what: &'static str, expected: usize, given: usize) -> Result<(), SimError> {
    if expected == given { Ok(()) } else { Err(SimError::Length { what, expected, given }) }
}

/// Refuses sums on qubits that do not exist.
fn check_sums(sums: &[PauliSum], n: u32) -> Result<(), SimError> {
    match sums.iter().map(PauliSum::n_qubits).find(|&m| m > n) {
        Some(m) => Err(SimError::Invalid { reason: format!("qubit {} does not exist", m - 1), span: None }),
        None => Ok(()),
    }
}
