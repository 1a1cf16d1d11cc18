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

/// The service's words for what is refused as no program of the language at all, by code.
///
/// Source: as for [`RULES`].
pub static READING: &[(&str, &str)] = &[
    ("SB5025", "[line {}] mixes physical qubits and qubits registers."),
    ("SB5027", "[line {}] single qubit cannot be indexed."),
    ("SB5040", "You must include “braket” in the verbatim pragma"),
];

/// How a rule looks at a circuit.
pub(super) enum Check {
    /// At each operation.
    Site(fn(&Subject<'_>, &Site<'_>) -> Option<Fault>),
    /// At the whole.
    Whole(fn(&Subject<'_>) -> Vec<Fault>),
    /// At the tree of a program as it was written, see [`super::profile`].
    Text,
    /// At what was rendered.
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
        self.service.map(|template| filled(template, names))
    }
}

/// A text with names where its `{}` stand.
pub(super) fn filled(template: &str, names: &[String]) -> String {
    let mut parts = template.split("{}");
    let mut out = parts.next().unwrap_or("").to_owned();
    for (part, name) in parts.zip(names.iter().map(String::as_str).chain(std::iter::repeat("?"))) {
        out.push_str(name);
        out.push_str(part);
    }
    out
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

use Check::{Elsewhere, Site as AtSite, Text, Whole};

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
    row(
        "SB4026",
        "results that exclude each other",
        "Shots measure each qubit in one basis, and every observable and probability asks for its own.",
        "ask for them in programs of their own; `shotbook shots FILE` groups terms that go together",
        Some("Conflicting result types applied to a single qubit"),
        Whole(j::conflicting),
    ),
    row(
        "SB4027",
        "pulse program",
        "What is sent holds gates; a block of pulses would be lost on the way.",
        "remove the cal and defcal blocks, or send the file with the provider's own tools",
        None,
        Whole(j::pulses),
    ),
    row(
        "SB4028",
        "unused qubits in a register",
        "Some devices want every qubit of a register to be used.",
        "declare as many qubits as are used, or touch the others with `i`",
        Some("Device requires contiguous qubits. Qubit register {} has unused qubits {}."),
        Whole(j::unused_qubits),
    ),
    row(
        "SB4029",
        "measurement without a bit",
        "This device keeps an outcome only where a bit takes it.",
        "write `b[0] = measure …;`, or `shotbook translate FILE --to braket`",
        None,
        Text,
    ),
    row(
        "SB4030",
        "include line",
        "The service and Braket's simulator read one text and know their gates without a file.",
        "remove the line; every standard gate is built in",
        Some("No terminal matches '\"' in the current parser context, at line {} col {}."),
        Text,
    ),
    row(
        "SB4031",
        "not a gate of Braket's",
        "Braket's dialect has its own gate names and no standard library.",
        "write Braket's name, or `shotbook translate FILE --to braket`",
        None,
        Text,
    ),
    row(
        "SB4032",
        "gate modifier",
        "The service takes plain gates only; `supportedModifiers` of every device is empty.",
        "`shotbook translate FILE --to braket` writes it as gates",
        None,
        Text,
    ),
    row(
        "SB4033",
        "built-in gate of the language",
        "The service knows Braket's gates, not `U` and `gphase`.",
        "`shotbook translate FILE --to braket` writes it as gates",
        None,
        Text,
    ),
    row(
        "SB4034",
        "gate definition",
        "The service takes no definitions.",
        "`shotbook translate FILE --to braket` puts the bodies in place",
        None,
        Text,
    ),
    row(
        "SB4035",
        "subroutine",
        "The service takes no subroutines.",
        "`shotbook translate FILE --to braket` puts the bodies in place",
        None,
        Text,
    ),
    row(
        "SB4036",
        "classical value",
        "The service computes nothing: no variables, constants, arrays or assignments.",
        "`shotbook translate FILE --to braket` computes them beforehand",
        None,
        Text,
    ),
    row(
        "SB4037",
        "classical control",
        "The service runs straight-line programs.",
        "`shotbook translate FILE --to braket` unrolls what does not depend on a measurement",
        None,
        Text,
    ),
    row(
        "SB4038",
        "second qubit register",
        "The service takes one register of qubits.",
        "`shotbook translate FILE --to braket` joins them",
        Some("[line {}] cannot declare a qubit register. Only 1 qubit register is supported."),
        Text,
    ),
    row(
        "SB4039",
        "second bit register",
        "The service takes one register of bits, and Braket's simulator reports one.",
        "`shotbook translate FILE --to braket` joins them",
        None,
        Text,
    ),
    row(
        "SB4040",
        "part of a register",
        "The service takes one index at a time: no range, set, negative index or alias.",
        "`shotbook translate FILE --to braket` writes each qubit",
        None,
        Text,
    ),
    row(
        "SB4041",
        "input that is no float",
        "The service takes `input float` only.",
        "give it a value: `shotbook translate FILE --to braket --input NAME=VALUE`",
        None,
        Text,
    ),
    row(
        "SB4042",
        "output declaration",
        "Neither the service nor Braket's simulator returns declared outputs.",
        "measure into bits",
        None,
        Text,
    ),
    row(
        "SB4043",
        "language version",
        "The service reads `OPENQASM 3.0`.",
        "write `OPENQASM 3.0;`",
        None,
        Text,
    ),
    row(
        "SB4044",
        "statement that is not read there",
        "That reader does not know the statement.",
        "leave it out, or `shotbook translate FILE --to braket`",
        None,
        Text,
    ),
    row(
        "SB4045",
        "pragma that is not Braket's",
        "Only pragmas that begin with `braket` mean something there.",
        "remove it",
        None,
        Text,
    ),
    row(
        "SB4046",
        "loop of more than 1,000 rounds",
        "Braket's simulator unrolls at most 1,000.",
        "`shotbook translate FILE --to braket` unrolls it",
        None,
        Text,
    ),
    row(
        "SB4047",
        "quotient of two integers",
        "Braket's simulator divides as integers: `pow(1/2)` becomes `pow(0)`, another gate.",
        "write `0.5`, or `1.0/2`",
        None,
        Text,
    ),
    row(
        "SB4048",
        "idle qubit",
        "Braket's simulator drops qubits that nothing touches when nothing is measured, so columns move.",
        "measure every qubit, or touch it with `i`",
        None,
        Text,
    ),
    row(
        "SB4049",
        "noise parameter that is no literal",
        "Braket's simulator reads literal floats only.",
        "write the number, with a decimal point",
        None,
        Text,
    ),
    row(
        "SB4050",
        "noise",
        "Braket's simulator needs its density-matrix back end: `LocalSimulator(\"braket_dm\")`.",
        "run it with LocalSimulator(\"braket_dm\"), or remove the noise",
        None,
        Text,
    ),
    row(
        "SB4051",
        "adjoint gradient",
        "Only sv1 and local compute it; Braket's simulator misreads the line as another result.",
        "run it on sv1 or local",
        None,
        Text,
    ),
    row(
        "SB4052",
        "noise beyond the SDK's bound",
        "The SDK bounds each channel where it mixes completely: bit and phase flips at 0.5, depolarizing at 0.75.",
        "use a smaller probability",
        None,
        Text,
    ),
    row(
        "SB4053",
        "input without a value",
        "Braket's simulator needs a value for every declared input, with the program.",
        "pass `inputs={…}` there, or `shotbook translate FILE --to braket --input NAME=VALUE`",
        Some("Missing input variable '{}'."),
        Text,
    ),
    row(
        "SB4054",
        "not in the device's list",
        "A device takes the operations that it lists, `supportedOperations`.",
        "`shotbook translate FILE --to braket --on DEVICE` writes it in those",
        None,
        Text,
    ),
    row(
        "SB4055",
        "qubits left unmeasured",
        "A managed simulator measures all qubits of a program or leaves that to the service.",
        "measure every qubit that is declared, or write no measurement at all",
        Some(
            "Device requires all qubits in the program to be measured. This may be caused by declaring non-contiguous qubits or measuring partial qubits",
        ),
        Whole(j::partly_measured),
    ),
];
