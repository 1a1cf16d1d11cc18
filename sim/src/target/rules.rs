//! The rules of the devices: one row a rule, driven by the facts of the device.
//!
//! They judge a circuit as [`super::submission`] sends it: what translation can express is no
//! reason to refuse.

use super::judge as j;
use super::subject::{Site, Subject};
use crate::diagnostic::Span;

/// One reason why a device refuses a circuit.
pub struct Rule {
    /// Its code, `SB4003`.
    pub code: &'static str,
    /// What it says, in a few words.
    pub title: &'static str,
    /// Why it exists.
    pub why: &'static str,
    /// What to do about it.
    pub help: &'static str,
    /// The service's published refusal, with `{}` where names stand.
    pub service: Option<&'static str>,
    pub(super) check: Check,
}

/// How a rule looks at a circuit.
pub(super) enum Check {
    /// At each operation.
    Site(fn(&Subject<'_>, &Site<'_>) -> Option<Fault>),
    /// At the whole.
    Whole(fn(&Subject<'_>) -> Vec<Fault>),
    /// At the text of a program, see [`super::profile`], or at what was rendered.
    Elsewhere,
}

/// Where a rule is broken.
pub(super) struct Fault {
    pub span: Span,
    pub message: String,
    pub label: String,
    /// What stands in the `{}` of the service's text, in order.
    pub names: Vec<String>,
}

impl Fault {
    pub fn new(span: Span, message: impl Into<String>) -> Self {
        Self { span, message: message.into(), label: String::new(), names: Vec::new() }
    }

    pub fn label(mut self, label: impl Into<String>) -> Self {
        self.label = label.into();
        self
    }

    pub fn names(mut self, names: impl IntoIterator<Item = String>) -> Self {
        self.names = names.into_iter().collect();
        self
    }
}

impl Rule {
    /// The service's text with the names of one case filled in.
    pub(super) fn said(&self, names: &[String]) -> Option<String> {
        let template = self.service?;
        let mut parts = template.split("{}");
        let mut out = parts.next().unwrap_or("").to_owned();
        for (part, name) in parts.zip(names.iter().map(String::as_str).chain(std::iter::repeat("?"))) {
            out.push_str(name);
            out.push_str(part);
        }
        Some(out)
    }
}

const fn row(
    code: &'static str,
    title: &'static str,
    why: &'static str,
    help: &'static str,
    service: Option<&'static str>,
    check: Check,
) -> Rule {
    Rule { code, title, why, help, service, check }
}

use Check::{Elsewhere, Site as AtSite, Whole};

/// All rules of devices, by code.
///
/// Source of the quoted texts: Braket Developer Guide, "Troubleshooting OpenQASM".
pub static RULES: &[Rule] = &[
    row(
        "SB4001",
        "takes no circuits",
        "An analog device runs Hamiltonian programs, not gates.",
        "choose a gate device: shotbook devices list",
        None,
        Whole(j::analog),
    ),
    row(
        "SB4002",
        "too many qubits",
        "The device has fewer qubits than the circuit.",
        "choose a larger device, or use fewer qubits",
        None,
        Whole(j::too_many_qubits),
    ),
    row(
        "SB4003",
        "no such hardware qubit",
        "A physical qubit is named by the number the device gives it; numbering may start at 1 or have holes.",
        "use a number of `shotbook devices show`, or a qubit register",
        None,
        Whole(j::missing_label),
    ),
    row(
        "SB4004",
        "disconnected qubits",
        "A gate on physical qubits is not routed, so its qubits must be coupled.",
        "use coupled qubits (`shotbook devices show`), or a qubit register and let the provider route",
        Some("[line {}] has disconnected qubits {} and {}"),
        AtSite(j::disconnected),
    ),
    row(
        "SB4005",
        "no verbatim boxes here",
        "Only hardware runs a box as written; a managed simulator has no native gates.",
        "remove the verbatim pragma, or run it on hardware or on local",
        None,
        AtSite(j::verbatim_refused),
    ),
    row(
        "SB4006",
        "not a native gate",
        "A verbatim box is not compiled, so it may hold native gates only.",
        "write it in native gates, or take it out of the box",
        Some("In verbatim boxes, native gates are required. {} is not a device native gate."),
        AtSite(j::not_native),
    ),
    row(
        "SB4007",
        "register qubits in a verbatim box",
        "A verbatim box is not mapped to hardware, so it must name hardware qubits.",
        "write $n instead of a register",
        Some("Physical qubits are required in verbatim box."),
        AtSite(j::register_in_box),
    ),
    row(
        "SB4008",
        "gates outside the verbatim box",
        "This device takes a program that is wholly verbatim or not at all.",
        "move every gate into the box, or remove the box",
        None,
        Whole(j::partly_verbatim),
    ),
    row(
        "SB4009",
        "angle not native",
        "In a verbatim box this device turns about X by quarter turns only.",
        "use rx of ±pi/2 or ±pi, and rz for the rest",
        None,
        AtSite(j::not_quarter_turn),
    ),
    row(
        "SB4010",
        "no matrices here",
        "The unitary pragma runs on simulators only, and this matrix has no gates to be written in.",
        "write it as gates, or run it on sv1, dm1 or local",
        None,
        AtSite(j::unitary),
    ),
    row(
        "SB4011",
        "no noise here",
        "Noise channels run on dm1 and local only.",
        "remove the noise pragmas, or run on dm1 or local",
        None,
        AtSite(j::noise),
    ),
    row(
        "SB4012",
        "no reset here",
        "Reset in the middle of a circuit is not offered by the service.",
        "start from fresh qubits, or run it on local",
        None,
        AtSite(j::reset),
    ),
    row(
        "SB4013",
        "no classical control here",
        "Branches and loops that depend on a measurement are not offered by the service.",
        "run it on local; on IQM write measure_ff and cc_prx in a verbatim box",
        None,
        AtSite(j::control),
    ),
    row(
        "SB4014",
        "qubit used after measurement",
        "The service measures at the end only.",
        "measure last, or run it on local; on IQM write measure_ff in a verbatim box",
        None,
        Whole(j::used_after_measurement),
    ),
    row(
        "SB4015",
        "no delay here",
        "Delays are part of pulse programs, which are sent as they are.",
        "remove the delay",
        None,
        AtSite(j::delay),
    ),
    row(
        "SB4016",
        "no feed-forward here",
        "measure_ff and cc_prx are an experimental capability of IQM devices, in a verbatim box.",
        "run it on garnet, emerald or local, in a verbatim box",
        None,
        AtSite(j::feed_forward),
    ),
    row(
        "SB4017",
        "result type not computed here",
        "Each device computes its own list of result types.",
        "ask for what `shotbook devices show` lists, or run it on local",
        None,
        Whole(j::result_type),
    ),
    row(
        "SB4018",
        "observable not measured here",
        "Hardware measures Paulis and H; a Hermitian matrix needs a simulator.",
        "write the observable as Pauli terms, or run it on a simulator",
        None,
        Whole(j::observable),
    ),
    row(
        "SB4019",
        "result type with these shots",
        "Exact results need 0 shots, sampled ones more than 0, and each device bounds both.",
        "change --shots, or the result type",
        None,
        Whole(j::result_shots),
    ),
    row(
        "SB4020",
        "shots out of range",
        "Each device states the fewest and most shots of one task.",
        "choose shots within the range",
        None,
        Whole(j::shots),
    ),
    row(
        "SB4021",
        "nothing asked",
        "Without shots only a result pragma says what to compute.",
        "add a result pragma, or take shots",
        None,
        Whole(j::nothing_asked),
    ),
    row(
        "SB4022",
        "measured and results asked",
        "A result pragma measures by itself, in the basis it needs.",
        "remove the measurements or the result pragmas",
        Some("Qubits should not be explicitly measured when result types are requested."),
        Whole(j::measured_and_asked),
    ),
    row(
        "SB4023",
        "too many gates",
        "The provider bounds the gates of one circuit.",
        "make the circuit shorter, or choose another device",
        None,
        Whole(j::too_many_gates),
    ),
    row(
        "SB4024",
        "action too large",
        "The service takes at most 5 MB for one task.",
        "make the circuit shorter, or split the work",
        None,
        Elsewhere,
    ),
    row(
        "SB4025",
        "nothing to measure",
        "A task returns measured qubits; this circuit has none.",
        "declare a qubit and act on it",
        None,
        Whole(j::no_qubits),
    ),
];
