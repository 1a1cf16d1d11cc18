//! What is known about one device, prices apart.

use crate::circuit::Gate;

/// The only date of a fact that has no clock: `YYYY-MM-DD`.
pub type Date = String;

/// One device that takes circuits, or, when analog, programs of another kind.
#[derive(Clone, Debug, PartialEq)]
pub struct Device {
    /// Short name, unique in the catalogue: `garnet`.
    pub name: String,
    /// Full device ARN; `local` for the built-in simulator.
    pub arn: String,
    /// The provider's spelling: `Cepheus-1-108Q`.
    pub device_name: String,
    /// Who runs it.
    pub provider: String,
    /// Hardware or simulator.
    pub kind: DeviceKind,
    /// Superconducting, trapped ion and so on; empty for simulators.
    pub technology: String,
    /// Town and country, where published.
    pub location: Option<String>,
    /// Regions that take its tasks; a QPU has exactly one.
    pub regions: Vec<String>,
    /// The newest observation of its state.
    pub status: Status,
    /// Qubits.
    pub n_qubits: u32,
    /// Hardware numbers of the qubits, ascending.
    pub qubit_labels: Vec<u32>,
    /// Which pairs a two-qubit native gate may take.
    pub connectivity: Connectivity,
    /// Gates that a verbatim box may hold.
    pub native_gates: Vec<Gate>,
    /// Statements of the experimental feed-forward capability: `measure_ff`, `cc_prx`.
    pub experimental: Vec<String>,
    /// Gates that it takes outside verbatim boxes.
    pub gates: Vec<Gate>,
    /// Every name of its own list of operations, in its order, `barrier` and the like included.
    pub operations: Vec<String>,
    /// Pragmas other than results that it takes.
    pub pragmas: Vec<Pragma>,
    /// Results that it computes.
    pub results: Vec<ResultSupport>,
    /// Fewest and most shots of a task; `None` where not published.
    pub shots: Option<(u64, u64)>,
    /// When it works. Empty means always, or not published.
    pub windows: Vec<Window>,
    /// Limits of program sets; `None` where it takes none.
    pub program_set: Option<ProgramSetLimits>,
    /// Whether `$n` is accepted.
    pub physical_qubits: bool,
    /// Whether gates may stand outside the verbatim box of the same program.
    pub partial_verbatim: bool,
    /// Whether a measurement may drop its outcome.
    pub unassigned_measurement: bool,
    /// Whether every qubit of a register must be used.
    pub contiguous_qubits: bool,
    /// Whether `rx` in a verbatim box is held to multiples of a quarter turn.
    pub native_rx_quarter_turns: bool,
    /// Whether it takes analog programs only, no circuit.
    pub analog: bool,
    /// Most gates of one circuit on demand.
    pub max_gates: Option<u64>,
    /// Longest task by number of qubits: (up to this many qubits, hours), ascending.
    pub max_hours: Vec<(u32, u32)>,
    /// Tasks at once by region, for simulators.
    pub concurrent_tasks: Vec<(String, u32)>,
    /// Fewest shots with the vendor's debiasing on.
    pub debias_min_shots: Option<DebiasMinimum>,
    /// How often it asks to be polled. Units: milliseconds.
    pub poll_ms: Option<u64>,
    /// What a reader should know about the facts above.
    pub notes: Vec<String>,
    /// Keys into [`super::Catalogue::sources`].
    pub sources: Vec<String>,
}

/// Hardware or simulator.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceKind {
    /// Quantum hardware.
    Qpu,
    /// A managed simulator that is billed by time.
    Simulator,
    /// The simulator of this program; free.
    BuiltIn,
}

impl DeviceKind {
    /// The word that tables print: `QPU`, `simulator`, `built-in`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Qpu => "QPU",
            Self::Simulator => "simulator",
            Self::BuiltIn => "built-in",
        }
    }
}

/// A state that was observed once; only the service knows it now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: DeviceState,
    /// When it was observed.
    pub observed: Date,
    /// How far to trust it: `high`, `medium`, `low`.
    pub confidence: String,
}

/// Whether tasks are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeviceState {
    /// Takes tasks; outside its window they queue.
    Online,
    /// Refuses tasks for now.
    Offline,
    /// Refuses tasks for good.
    Retired,
}

impl DeviceState {
    /// The service's word: `ONLINE`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Online => "ONLINE",
            Self::Offline => "OFFLINE",
            Self::Retired => "RETIRED",
        }
    }
}

/// Which pairs of qubits interact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Connectivity {
    /// All pairs.
    Full,
    /// These pairs of hardware numbers, smaller first, ascending.
    Edges(Vec<(u32, u32)>),
    /// No gates at all.
    None,
}

impl Connectivity {
    /// Whether a two-qubit gate may act on this pair.
    pub fn joins(&self, a: u32, b: u32) -> bool {
        match self {
            Self::Full => a != b,
            Self::Edges(edges) => edges.binary_search(&(a.min(b), a.max(b))).is_ok(),
            Self::None => false,
        }
    }
}

/// A pragma that a device takes or not, results apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pragma {
    /// An explicit matrix.
    Unitary,
    /// Noise channels.
    Noise,
    /// A box that is run as written.
    Verbatim,
}

/// A result type by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResultKind {
    /// One eigenvalue a shot.
    Sample,
    /// Mean of an observable.
    Expectation,
    /// Variance of an observable.
    Variance,
    /// Probabilities of outcomes.
    Probability,
    /// All amplitudes.
    StateVector,
    /// The density matrix.
    DensityMatrix,
    /// Chosen amplitudes.
    Amplitude,
    /// Mean and derivatives.
    AdjointGradient,
}

impl ResultKind {
    /// All, in the order of the pragma's reference.
    pub const ALL: [Self; 8] = [
        Self::Sample,
        Self::Expectation,
        Self::Variance,
        Self::Probability,
        Self::StateVector,
        Self::DensityMatrix,
        Self::Amplitude,
        Self::AdjointGradient,
    ];

    /// The word after `#pragma braket result`.
    pub fn pragma(self) -> &'static str {
        match self {
            Self::Sample => "sample",
            Self::Expectation => "expectation",
            Self::Variance => "variance",
            Self::Probability => "probability",
            Self::StateVector => "state_vector",
            Self::DensityMatrix => "density_matrix",
            Self::Amplitude => "amplitude",
            Self::AdjointGradient => "adjoint_gradient",
        }
    }

    /// The word of the device capabilities: `StateVector`.
    pub fn capability(self) -> &'static str {
        match self {
            Self::Sample => "Sample",
            Self::Expectation => "Expectation",
            Self::Variance => "Variance",
            Self::Probability => "Probability",
            Self::StateVector => "StateVector",
            Self::DensityMatrix => "DensityMatrix",
            Self::Amplitude => "Amplitude",
            Self::AdjointGradient => "AdjointGradient",
        }
    }
}

/// A result type that a device computes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResultSupport {
    /// Which.
    pub kind: ResultKind,
    /// Observables it takes: `x y z h i hermitian`; empty where the type has none.
    pub observables: Vec<String>,
    /// Fewest shots; 0 means exact values are computed.
    pub min_shots: u64,
    /// Most shots.
    pub max_shots: u64,
}

/// Limits of one program set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProgramSetLimits {
    /// Most executables.
    pub max_executables: u64,
    /// Most shots over all executables.
    pub max_total_shots: u64,
}

/// Fewest shots with the vendor's debiasing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DebiasMinimum {
    /// On demand.
    pub on_demand: u64,
    /// With a reservation.
    pub reserved: u64,
}

/// A span of a day, on given days, when a device works. Units: seconds after midnight UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Bit 0 Monday to bit 6 Sunday.
    pub days: u8,
    /// First second.
    pub start_s: u32,
    /// Last second.
    pub end_s: u32,
}

const DAY_S: u32 = 86_400;

impl Device {
    /// Whether it is the simulator of this program.
    pub fn is_local(&self) -> bool {
        self.kind == DeviceKind::BuiltIn
    }

    /// The region that a QPU's tasks must go to; `None` where the caller chooses.
    pub fn region(&self) -> Option<&str> {
        match (self.kind, self.regions.as_slice()) {
            (DeviceKind::Qpu, [only]) => Some(only),
            _ => None,
        }
    }

    /// The row of a result type, if the device computes it.
    pub fn result(&self, kind: ResultKind) -> Option<&ResultSupport> {
        self.results.iter().find(|r| r.kind == kind)
    }

    /// Whether its operations list a name that is no gate of the table, such as `barrier`.
    pub fn takes_operation(&self, name: &str) -> bool {
        self.operations.iter().any(|o| o == name)
    }

    /// Longest task on this many qubits, where published. Units: hours.
    pub fn max_hours_for(&self, n_qubits: u32) -> Option<u32> {
        self.max_hours.iter().find(|(up_to, _)| n_qubits <= *up_to).map(|(_, hours)| *hours)
    }

    /// Seconds until a window opens: 0 inside one, `None` when none is published.
    ///
    /// `weekday` is 0 for Monday, `second` counts from midnight UTC.
    pub fn opens_in_s(&self, weekday: u8, second: u32) -> Option<u32> {
        let (weekday, second) = (u32::from(weekday % 7), second.min(DAY_S - 1));
        let starts = self.windows.iter().flat_map(|w| {
            (0..8).filter_map(move |ahead| {
                let day = (weekday + ahead) % 7;
                (w.days >> day & 1 == 1)
                    .then(|| (i64::from(ahead * DAY_S + w.start_s), i64::from(ahead * DAY_S + w.end_s)))
            })
        });
        let now = i64::from(second);
        starts
            .filter(|(_, end)| *end >= now)
            .map(|(start, _)| (start - now).max(0))
            .min()
            .and_then(|s| u32::try_from(s).ok())
    }
}
