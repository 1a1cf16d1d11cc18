//! What a caller may choose, and what a caller is told.

use crate::circuit::BitString;
use crate::engine::Speeds;
use crate::result::ResultValue;

/// Which engine runs a circuit; each but `Auto` is one row of the engine table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// The cheapest that gives exact answers.
    #[default]
    Auto,
    /// All amplitudes of a pure state.
    StateVector,
    /// All entries of a mixed state: exact noise.
    DensityMatrix,
    /// Pure states drawn at random: noise by shots.
    Trajectories,
    /// What each Pauli became: Clifford gates with Pauli noise, on very many qubits.
    Stabilizer,
    /// A chain of tensors: many qubits with little entanglement.
    Mps,
}

/// How exact amplitudes are. Sums over them are made in double precision either way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Precision {
    /// 53 bits: 16 bytes an amplitude.
    #[default]
    Double,
    /// 24 bits: 8 bytes an amplitude, answers good to about 1e-6. For the state vector, also of
    /// trajectories and gradients; other engines compute as always and say so.
    Single,
}

/// Which qubits make the columns of counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Columns {
    /// The bits that measurements write, in declaration order; every qubit where nothing is measured.
    #[default]
    Auto,
    /// These qubits, read at the end.
    Qubits(Vec<u32>),
}

/// The caller's clock, stop flag and progress display; simulation itself reads no clock.
pub trait Watch: Sync {
    /// Time since any fixed moment. Units: microseconds.
    fn now_us(&self) -> u64;
    /// Whether to stop; asked at least every few million amplitudes.
    fn stopped(&self) -> bool;
    /// Told now and then how much is done. Units: 0 to 1.
    fn progress(&self, done: f64);
}

/// How to simulate.
#[derive(Clone)]
pub struct Options<'a> {
    /// Which engine.
    pub engine: EngineChoice,
    /// How exact the amplitudes of a state vector are.
    pub precision: Precision,
    /// The most memory that states may take. Units: bytes.
    pub max_memory: u64,
    /// The widest bond of a chain of tensors; giving one allows an approximation.
    pub max_bond: Option<usize>,
    /// The weight that one cut of a chain may drop, relative to the whole; giving one allows an
    /// approximation.
    pub cutoff: Option<f64>,
    /// Most threads to use; the answer does not depend on it.
    pub threads: usize,
    /// Shots of the runs to come, where known; 0 for exact answers. It guides the choice of engine, and
    /// lets qubits share places where a program chooses on the way: such a circuit gives counts only.
    pub shots: Option<u64>,
    /// Whether [`TaskResult::shot_list`] is wanted.
    pub keep_shots: bool,
    /// The columns of counts.
    pub columns: Columns,
    /// How this machine compares with the one that the forecasts were made on.
    pub speeds: Speeds,
    /// Clock, stop flag and progress.
    pub watch: Option<&'a dyn Watch>,
}

impl Default for Options<'_> {
    fn default() -> Self {
        Self {
            engine: EngineChoice::Auto,
            precision: Precision::Double,
            max_memory: 8 << 30,
            max_bond: None,
            cutoff: None,
            threads: 1,
            shots: None,
            keep_shots: false,
            columns: Columns::Auto,
            speeds: Speeds::default(),
            watch: None,
        }
    }
}

impl Options<'_> {
    pub(crate) fn now_us(&self) -> u64 {
        self.watch.map_or(0, Watch::now_us)
    }

    pub(crate) fn stopped(&self) -> bool {
        self.watch.is_some_and(Watch::stopped)
    }
}

/// Outcomes with how often each came, sorted by outcome.
pub type Counts = Vec<(BitString, u64)>;

/// Column of a bit that the program computed rather than measured.
pub const COMPUTED: u32 = u32::MAX;

/// What one run gave.
#[derive(Clone, Debug, PartialEq)]
pub struct TaskResult {
    /// Shots that were taken.
    pub shots: u64,
    /// The measured qubit of each column of an outcome, [`COMPUTED`] for bits that none gave.
    pub columns: Vec<u32>,
    /// Outcomes, sorted; empty without shots.
    pub counts: Counts,
    /// For each shot in the order taken, its index in `counts`; only when asked for.
    pub shot_list: Option<Vec<u32>>,
    /// Answers to the circuit's result types, in their order.
    pub values: Vec<ResultValue>,
    /// Where the time went.
    pub timing: Timing,
}

/// Where the time went; zero without a [`Watch`]. Units: microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timing {
    /// Choosing the engine and planning, once for all runs.
    pub plan_us: u64,
    /// Evolving states.
    pub simulate_us: u64,
    /// Drawing shots and computing result types.
    pub sample_us: u64,
}
