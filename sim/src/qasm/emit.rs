//! Circuits into text: what a target takes.

mod gates;

use std::fmt::Write as _;

use num_complex::Complex64;

use gates::Slot;

pub use super::envelope::action;
use crate::circuit::classical::{Node, Unary};
use crate::circuit::{Angle, Block, Circuit, Gate, Op, QubitLabels};
use crate::diagnostic::{Diagnostic, Span};
use crate::result::{Factor, Observable, ResultType};

/// Which form to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Emit {
    /// Braket's strict form: one register of each kind, no includes, definitions or modifiers.
    Braket,
    /// OpenQASM 3 with `stdgates.inc`.
    OpenQasm3,
    /// OpenQASM 2 with `qelib1.inc`.
    OpenQasm2,
}

/// Says whether a target takes a gate.
pub type Takes<'a> = &'a dyn Fn(Gate) -> bool;

/// The text of a circuit; gates that the target does not take are decomposed through their rows.
///
/// # Errors
/// One diagnostic for each operation that the form cannot say.
pub fn emit(circuit: &Circuit, form: Emit, takes: Option<Takes<'_>>) -> Result<String, Vec<Diagnostic>> {
    emit_for(circuit, form, takes, true)
}

/// The same for a target that may not know barriers; they are left out there.
///
/// # Errors
/// As [`emit`].
pub fn emit_for(
    circuit: &Circuit,
    form: Emit,
    takes: Option<Takes<'_>>,
    barriers: bool,
) -> Result<String, Vec<Diagnostic>> {
    let (out, wrong) = (String::new(), Vec::new());
    let mut writer = Writer { circuit, form, takes, barriers, out, wrong, indent: 0 };
    writer.head();
    writer.block(&circuit.ops);
    writer.tail();
    if writer.wrong.is_empty() { Ok(writer.out) } else { Err(writer.wrong) }
}

struct Writer<'a> {
    circuit: &'a Circuit,
    form: Emit,
    takes: Option<Takes<'a>>,
    barriers: bool,
    out: String,
    wrong: Vec<Diagnostic>,
    indent: usize,
}

impl<'a> Writer<'a> {
    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.out.push_str("    ");
        }
        self.out.push_str(text);
        self.out.push('\n');
    }

    fn refuse(&mut self, span: Span, message: impl Into<String>, help: &str) {
        let what = match self.form {
            Emit::Braket => "Braket's OpenQASM",
            Emit::OpenQasm3 => "OpenQASM 3",
            Emit::OpenQasm2 => "OpenQASM 2",
        };
        let message = format!("{what} cannot say this: {}", message.into());
        if self.wrong.len() < crate::limits::DIAGNOSTICS {
            self.wrong.push(Diagnostic::error("SB5060", span, message).with_help(help));
        }
    }

    fn head(&mut self) {
        match self.form {
            Emit::Braket => self.line("OPENQASM 3.0;"),
            Emit::OpenQasm3 => {
                self.line("OPENQASM 3.0;");
                self.line("include \"stdgates.inc\";");
            }
            Emit::OpenQasm2 => {
                self.line("OPENQASM 2.0;");
                self.line("include \"qelib1.inc\";");
                if let Some(input) = self.circuit.inputs.first() {
                    self.refuse(
                        input.span,
                        format!("the free input `{}`", input.name),
                        "give it a value first",
                    );
                }
            }
        }
        if self.form != Emit::OpenQasm2 {
            for input in &self.circuit.inputs {
                self.line(&format!("input float {};", input.name));
            }
        }
        let physical = matches!(self.circuit.labels, QubitLabels::Physical(_));
        if physical && self.form == Emit::OpenQasm2 {
            self.refuse(Span::default(), "physical qubits", "use a register");
        }
        let n_bits = self.n_bits();
        let (n, two) = (self.circuit.n_qubits, self.form == Emit::OpenQasm2);
        if n_bits > 0 {
            self.line(&if two { format!("creg b[{n_bits}];") } else { format!("bit[{n_bits}] b;") });
        }
        if !physical && n > 0 {
            self.line(&if two { format!("qreg q[{n}];") } else { format!("qubit[{n}] q;") });
        }
    }

    /// Bits that the program declares, or one for each qubit when it measures nothing and asks nothing.
    fn n_bits(&self) -> u32 {
        let measures = self.measures();
        if !measures && self.circuit.results.is_empty() { self.circuit.n_qubits } else { self.visible_bits() }
    }

    fn visible_bits(&self) -> u32 {
        self.circuit
            .registers
            .iter()
            .filter(|r| r.visible || self.is_used(r.first, r.size))
            .map(|r| r.size)
            .sum()
    }

    fn is_used(&self, first: u32, size: u32) -> bool {
        let mut used = false;
        self.circuit.walk(&mut |op, _| {
            if let Op::Measure { bit: Some(bit), .. } = op {
                used |= (first..first + size).contains(bit);
            }
        });
        used && !self.is_feedback(first)
    }

    fn is_feedback(&self, bit: u32) -> bool {
        self.circuit.registers.iter().any(|r| !r.visible && r.name.starts_with("feedback_") && r.first == bit)
    }

    /// Place of a bit in the one register that is written.
    fn bit_name(&self, bit: u32) -> String {
        let mut before = 0;
        for register in &self.circuit.registers {
            if (register.first..register.first + register.size).contains(&bit) {
                return format!("b[{}]", before + bit - register.first);
            }
            if register.visible || self.is_used(register.first, register.size) {
                before += register.size;
            }
        }
        format!("b[{bit}]")
    }

    fn measures(&self) -> bool {
        let mut any = false;
        self.circuit.walk(&mut |op, _| {
            any |= matches!(op, Op::Measure { bit, .. } if bit.is_none_or(|b| !self.is_feedback(b)));
        });
        any
    }

    fn tail(&mut self) {
        if !self.measures() && self.circuit.results.is_empty() {
            for qubit in 0..self.circuit.n_qubits {
                self.measure_line(qubit, &format!("b[{qubit}]"));
            }
        }
        for request in &self.circuit.results {
            if self.form == Emit::OpenQasm2 {
                self.refuse(request.span, "a result pragma", "ask for counts");
                continue;
            }
            let text = self.result_text(&request.kind);
            self.line(&format!("#pragma braket result {text}"));
        }
    }

    fn measure_line(&mut self, qubit: u32, bit: &str) {
        let name = self.qubit(qubit);
        let text = match self.form {
            Emit::OpenQasm2 => format!("measure {name} -> {bit};"),
            _ => format!("{bit} = measure {name};"),
        };
        self.line(&text);
    }

    fn qubit(&self, index: u32) -> String {
        match &self.circuit.labels {
            QubitLabels::Registers(_) => format!("q[{index}]"),
            QubitLabels::Physical(labels) => {
                format!("${}", labels.get(index as usize).copied().unwrap_or(index))
            }
        }
    }

    fn list(&self, qubits: &[u32]) -> String {
        qubits.iter().map(|&q| self.qubit(q)).collect::<Vec<_>>().join(", ")
    }

    fn block(&mut self, block: &'a Block) {
        for (op, span) in block.iter() {
            self.op(op, span);
        }
    }

    #[allow(clippy::too_many_lines, reason = "one arm for each operation")]
    fn op(&mut self, op: &'a Op, span: Span) {
        let circuit = self.circuit;
        match *op {
            Op::Gate(gate) => {
                let angles: Vec<Slot> =
                    circuit.gate_angles(&gate).iter().map(|&angle| Slot { angle }).collect();
                let qubits = circuit.gate_qubits(&gate);
                let n = usize::from(gate.n_controls);
                let controls: Vec<(u32, bool)> =
                    qubits[..n].iter().enumerate().map(|(k, &q)| (q, gate.negative >> k & 1 == 1)).collect();
                self.gate(gate.gate, &controls, &qubits[n..], &angles, span, 0);
            }
            Op::Unitary { matrix, qubits, n_controls } => {
                if self.form == Emit::OpenQasm2 || n_controls > 0 {
                    self.refuse(span, "an explicit matrix", "write it as gates");
                    return;
                }
                let rows = matrix_text(&circuit.matrices[matrix.0 as usize].entries);
                let targets = self.list(circuit.qubit_range(qubits));
                self.line(&format!("#pragma braket unitary({rows}) {targets}"));
            }
            Op::Measure { qubit, bit } => match bit {
                Some(bit) if self.is_feedback(bit) => {
                    let key = self.feedback_key(bit);
                    let name = self.qubit(qubit);
                    self.line(&format!("measure_ff({key}) {name};"));
                }
                Some(bit) => {
                    let name = self.bit_name(bit);
                    self.measure_line(qubit, &name);
                }
                None => {
                    let name = self.qubit(qubit);
                    self.line(&format!("measure {name};"));
                }
            },
            Op::Reset { qubit } => {
                let name = self.qubit(qubit);
                self.line(&format!("reset {name};"));
            }
            Op::Noise { channel, qubits, params } => {
                let row = channel.row();
                let values: Vec<String> = (0..u32::from(row.n_params))
                    .map(|k| self.angle_text(circuit.angles[(params + k) as usize], span))
                    .collect();
                let start = qubits as usize;
                let targets = self.list(&circuit.qubits[start..start + row.n_qubits as usize]);
                if self.form == Emit::OpenQasm2 {
                    self.refuse(span, "noise", "leave it out");
                    return;
                }
                self.line(&format!("#pragma braket noise {}({}) {targets}", row.name, values.join(", ")));
            }
            Op::Kraus { first, count, qubits } => {
                if self.form == Emit::OpenQasm2 {
                    self.refuse(span, "noise", "leave it out");
                    return;
                }
                let range = first.0 as usize..first.0 as usize + usize::from(count);
                let matrices: Vec<String> =
                    circuit.matrices[range].iter().map(|m| matrix_text(&m.entries)).collect();
                let targets = self.list(circuit.qubit_range(qubits));
                self.line(&format!("#pragma braket noise kraus({}) {targets}", matrices.join(", ")));
            }
            Op::Barrier { qubits } => {
                let targets = self.list(circuit.qubit_range(qubits));
                if self.barriers {
                    let all = if self.form == Emit::OpenQasm2 && targets.is_empty() {
                        "q"
                    } else {
                        targets.as_str()
                    };
                    let space = if all.is_empty() { "" } else { " " };
                    self.line(&format!("barrier{space}{all};"));
                }
            }
            Op::Delay { .. } => {
                if self.form == Emit::OpenQasm3 {
                    self.refuse(span, "a delay", "leave it out");
                }
            }
            Op::Box { body, verbatim } => {
                if !verbatim {
                    self.block(circuit.block(body));
                    return;
                }
                if self.form != Emit::Braket {
                    self.refuse(span, "a verbatim box", "write it for Braket");
                    return;
                }
                self.line("#pragma braket verbatim");
                self.line("box {");
                self.indent += 1;
                self.block(circuit.block(body));
                self.indent -= 1;
                self.line("}");
            }
            Op::If { condition, then, otherwise } => {
                if let (Node::Bit(bit), None, true) =
                    (circuit.exprs.node(condition), otherwise, self.form == Emit::Braket)
                    && self.is_feedback(bit)
                {
                    self.conditional_gate(bit, then, span);
                    return;
                }
                self.refuse(span, "a condition on a measurement", "run it here: `shotbook run`");
            }
            Op::While { .. } | Op::Assign { .. } | Op::Break | Op::Continue | Op::End => {
                self.refuse(span, "classical control at run time", "run it here: `shotbook run`");
            }
        }
    }

    fn feedback_key(&self, bit: u32) -> String {
        let name = self.circuit.registers.iter().find(|r| r.first == bit).map_or("", |r| r.name.as_str());
        name.strip_prefix("feedback_").unwrap_or("0").to_owned()
    }

    /// `cc_prx`: the one gate that may wait for a feedback key.
    fn conditional_gate(&mut self, bit: u32, then: crate::circuit::BlockId, span: Span) {
        let key = self.feedback_key(bit);
        for (op, _) in self.circuit.block(then).iter() {
            let Op::Gate(gate) = op else {
                return self.refuse(span, "a conditional operation", "use cc_prx");
            };
            if gate.gate != Gate::Prx || gate.n_controls > 0 {
                return self.refuse(span, "a conditional gate other than prx", "use cc_prx");
            }
            let angles: Vec<String> =
                self.circuit.gate_angles(gate).iter().map(|&a| self.angle_text(a, span)).collect();
            let qubit = self.qubit(self.circuit.gate_qubits(gate)[0]);
            self.line(&format!("cc_prx({}, {key}) {qubit};", angles.join(", ")));
        }
    }

    fn name_of(&self, gate: Gate) -> Option<&'static str> {
        match self.form {
            Emit::Braket => {
                let known = !matches!(gate, Gate::U | Gate::Gphase);
                (known && self.takes.is_none_or(|takes| takes(gate))).then(|| gate.row().name)
            }
            Emit::OpenQasm3 => standard_name(gate),
            Emit::OpenQasm2 => match gate {
                Gate::Gphase => None,
                Gate::Cphaseshift => Some("cu1"),
                Gate::Phaseshift => Some("u1"),
                Gate::U => Some("u3"),
                Gate::V => Some("sx"),
                Gate::Vi => Some("sxdg"),
                Gate::Zz => Some("rzz"),
                Gate::Xx => Some("rxx"),
                other => standard_name(other),
            },
        }
    }

    fn angle_text(&mut self, angle: Angle, span: Span) -> String {
        match angle {
            Angle::Fixed(x) => number(x),
            Angle::Affine { input, scale, offset } => {
                let name = self.circuit.inputs.get(input as usize).map_or("", |i| i.name.as_str());
                let product = match scale {
                    1.0 => name.to_owned(),
                    -1.0 => format!("-{name}"),
                    _ => format!("{}*{name}", number(scale)),
                };
                match offset {
                    0.0 => product,
                    x if x < 0.0 => format!("{product} - {}", number(-x)),
                    x => format!("{product} + {}", number(x)),
                }
            }
            Angle::Expr(id) => {
                if let Node::Unary(Unary::Minus, of) = self.circuit.exprs.node(id) {
                    return format!("-({})", self.angle_text(Angle::Expr(of), span));
                }
                self.refuse(
                    span,
                    "an angle that is no multiple of one input",
                    "give the inputs values first",
                );
                String::new()
            }
        }
    }

    fn observable_text(&self, observable: &Observable) -> String {
        let factors: Vec<String> = observable
            .factors
            .iter()
            .map(|(factor, qubits)| {
                let name = match factor {
                    Factor::I => "i",
                    Factor::X => "x",
                    Factor::Y => "y",
                    Factor::Z => "z",
                    Factor::H => "h",
                    Factor::Hermitian(entries) => {
                        let targets = if qubits.is_empty() { "all".to_owned() } else { self.list(qubits) };
                        return format!("hermitian({}) {targets}", matrix_text(entries));
                    }
                };
                if qubits.is_empty() {
                    format!("{name} all")
                } else {
                    format!("{name}({})", self.list(qubits))
                }
            })
            .collect();
        factors.join(" @ ")
    }

    fn result_text(&self, kind: &ResultType) -> String {
        let targets = |list: &Option<Vec<u32>>| match list {
            None => String::new(),
            Some(list) => format!(" {}", self.list(list)),
        };
        match kind {
            ResultType::StateVector => "state_vector".to_owned(),
            ResultType::DensityMatrix(list) => format!("density_matrix{}", targets(list)),
            ResultType::Probability(list) => format!("probability{}", targets(list)),
            ResultType::Amplitude(states) => {
                let quoted: Vec<String> = states.iter().map(|s| format!("\"{s}\"")).collect();
                format!("amplitude {}", quoted.join(", "))
            }
            ResultType::Expectation(o) => format!("expectation {}", self.observable_text(o)),
            ResultType::Variance(o) => format!("variance {}", self.observable_text(o)),
            ResultType::Sample(o) => format!("sample {}", self.observable_text(o)),
            ResultType::AdjointGradient { terms, inputs } => {
                let mut sum = String::new();
                for (i, (weight, observable)) in terms.iter().enumerate() {
                    let sign = if *weight < 0.0 { " - " } else { " + " };
                    let sign = if i == 0 && *weight >= 0.0 { "" } else { sign };
                    let _ =
                        write!(sum, "{sign}{} * {}", number(weight.abs()), self.observable_text(observable));
                }
                let names: Vec<&str> = inputs
                    .iter()
                    .filter_map(|&i| self.circuit.inputs.get(i as usize))
                    .map(|i| i.name.as_str())
                    .collect();
                let names = if names.is_empty() { "all".to_owned() } else { names.join(", ") };
                format!("adjoint_gradient expectation({}) {names}", sum.trim_start())
            }
        }
    }
}

/// A number that reads back as the same bits.
fn number(x: f64) -> String {
    // `1e300` and `1.0` are floats in every reader; a bare `1` may divide as an integer.
    format!("{x:?}")
}

fn matrix_text(entries: &[Complex64]) -> String {
    let side = entries.len().isqrt().max(1);
    let rows: Vec<String> = entries
        .chunks(side)
        .map(|row| {
            let cells: Vec<String> = row
                .iter()
                .map(|z| match (z.re, z.im) {
                    (re, 0.0) => number(re),
                    (0.0, im) => format!("{}im", number(im)),
                    (re, im) if im < 0.0 => format!("{} - {}im", number(re), number(-im)),
                    (re, im) => format!("{} + {}im", number(re), number(im)),
                })
                .collect();
            format!("[{}]", cells.join(", "))
        })
        .collect();
    format!("[{}]", rows.join(", "))
}

/// Names in `stdgates.inc`.
fn standard_name(gate: Gate) -> Option<&'static str> {
    Some(match gate {
        Gate::I => "id",
        Gate::X => "x",
        Gate::Y => "y",
        Gate::Z => "z",
        Gate::H => "h",
        Gate::S => "s",
        Gate::Si => "sdg",
        Gate::T => "t",
        Gate::Ti => "tdg",
        Gate::V => "sx",
        Gate::Rx => "rx",
        Gate::Ry => "ry",
        Gate::Rz => "rz",
        Gate::Phaseshift => "p",
        Gate::U => "U",
        Gate::Cnot => "cx",
        Gate::Cy => "cy",
        Gate::Cz => "cz",
        Gate::Swap => "swap",
        Gate::Cphaseshift => "cp",
        Gate::Ccnot => "ccx",
        Gate::Cswap => "cswap",
        _ => return None,
    })
}
