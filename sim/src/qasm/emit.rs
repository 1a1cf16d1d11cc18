//! Circuits into text: what a target takes.

use std::fmt::Write as _;

use num_complex::Complex64;

pub use super::envelope::action;
use crate::circuit::classical::{Node, Unary};
use crate::circuit::gates::Linear;
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

/// An angle while gates are decomposed: a constant plus a multiple of one slot.
#[derive(Clone, Copy)]
struct Slot {
    angle: Angle,
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

    fn gate(
        &mut self,
        gate: Gate,
        controls: &[(u32, bool)],
        qubits: &[u32],
        angles: &[Slot],
        span: Span,
        depth: u32,
    ) {
        if controls.is_empty() {
            if let Some(name) = self.name_of(gate) {
                let values: Vec<String> = angles.iter().map(|s| self.angle_text(s.angle, span)).collect();
                let arguments =
                    if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
                let operands = self.list(qubits);
                self.line(&format!("{name}{arguments} {operands};"));
                return;
            }
            if gate == Gate::Gphase {
                // A phase of everything cannot be seen; only its controls made it matter.
                return;
            }
        } else if self.form == Emit::OpenQasm3 && self.name_of(gate).is_some() {
            self.modified(gate, controls, qubits, angles, span);
            return;
        }
        if !controls.is_empty() {
            self.controlled(gate, controls, qubits, angles, span, depth);
            return;
        }
        let steps = gate.row().decomposition;
        if steps.is_empty() || depth > 40 {
            let message = format!("the gate `{}`", gate.row().name);
            self.refuse(span, message, "use gates that the target takes");
            return;
        }
        for step in steps {
            let own: Vec<u32> = step.qubits.iter().map(|&q| qubits[q as usize]).collect();
            let mut slots = Vec::with_capacity(step.angles.len());
            for linear in step.angles {
                match combine(linear, angles) {
                    Some(slot) => slots.push(slot),
                    None => {
                        return self.refuse(
                            span,
                            "an angle made of several inputs",
                            "give them values first",
                        );
                    }
                }
            }
            self.gate(step.gate, controls, &own, &slots, span, depth + 1);
        }
    }

    fn modified(
        &mut self,
        gate: Gate,
        controls: &[(u32, bool)],
        qubits: &[u32],
        angles: &[Slot],
        span: Span,
    ) {
        let mut text = String::new();
        for (_, negative) in controls {
            text.push_str(if *negative { "negctrl @ " } else { "ctrl @ " });
        }
        let values: Vec<String> = angles.iter().map(|s| self.angle_text(s.angle, span)).collect();
        let arguments = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
        let all: Vec<u32> = controls.iter().map(|c| c.0).chain(qubits.iter().copied()).collect();
        let operands = self.list(&all);
        self.line(&format!("{text}{}{arguments} {operands};", self.name_of(gate).unwrap_or("")));
    }

    /// A gate with controls, from gates without: exact, by conjugation and halving.
    fn controlled(
        &mut self,
        gate: Gate,
        controls: &[(u32, bool)],
        qubits: &[u32],
        angles: &[Slot],
        span: Span,
        depth: u32,
    ) {
        if depth > 40 {
            return self.refuse(
                span,
                format!("`{}` with controls", gate.row().name),
                "define it from simpler gates",
            );
        }
        let flips: Vec<u32> = controls.iter().filter(|c| c.1).map(|c| c.0).collect();
        if !flips.is_empty() {
            let plain: Vec<(u32, bool)> = controls.iter().map(|c| (c.0, false)).collect();
            flips.iter().for_each(|&q| self.gate(Gate::X, &[], &[q], &[], span, depth + 1));
            self.gate(gate, &plain, qubits, angles, span, depth + 1);
            flips.iter().for_each(|&q| self.gate(Gate::X, &[], &[q], &[], span, depth + 1));
            return;
        }
        // A gate that is a controlled one itself only has more controls.
        if let Some((base, n)) = gate.row().control_of {
            let mut more = controls.to_vec();
            more.extend(qubits[..n as usize].iter().map(|&q| (q, false)));
            return self.controlled(base, &more, &qubits[n as usize..], angles, span, depth + 1);
        }
        let ids: Vec<u32> = controls.iter().map(|c| c.0).collect();
        let row =
            crate::circuit::gates::ROWS.iter().find(|r| r.control_of == Some((gate, controls.len() as u8)));
        if let Some(row) = row {
            let all: Vec<u32> = ids.iter().copied().chain(qubits.iter().copied()).collect();
            return self.gate(row.gate, &[], &all, angles, span, depth + 1);
        }
        match gate {
            Gate::Gphase => {
                let (last, rest) = (ids[ids.len() - 1], &controls[..controls.len() - 1]);
                self.gate(Gate::Phaseshift, rest, &[last], angles, span, depth + 1);
            }
            Gate::X => {
                let fixed = |x| [Slot { angle: Angle::Fixed(x) }];
                self.gate(Gate::H, &[], qubits, &[], span, depth + 1);
                self.gate(Gate::Phaseshift, controls, qubits, &fixed(std::f64::consts::PI), span, depth + 1);
                self.gate(Gate::H, &[], qubits, &[], span, depth + 1);
            }
            Gate::Phaseshift | Gate::Rz => self.halved(gate, controls, qubits, angles, span, depth),
            Gate::Rx | Gate::Ry => {
                // Turned onto Z, where halving works.
                let quarter = std::f64::consts::FRAC_PI_2;
                let (turn, by) = if gate == Gate::Rx { (Gate::Ry, -quarter) } else { (Gate::Rx, quarter) };
                let slot = |x| [Slot { angle: Angle::Fixed(x) }];
                self.gate(turn, &[], qubits, &slot(by), span, depth + 1);
                self.gate(Gate::Rz, controls, qubits, angles, span, depth + 1);
                self.gate(turn, &[], qubits, &slot(-by), span, depth + 1);
            }
            _ => {
                for step in gate.row().decomposition {
                    let own: Vec<u32> = step.qubits.iter().map(|&q| qubits[q as usize]).collect();
                    let slots: Option<Vec<Slot>> = step.angles.iter().map(|l| combine(l, angles)).collect();
                    match slots {
                        Some(slots) => self.gate(step.gate, controls, &own, &slots, span, depth + 1),
                        None => {
                            return self.refuse(
                                span,
                                "an angle made of several inputs",
                                "give them values first",
                            );
                        }
                    }
                }
            }
        }
    }

    /// A controlled phase or Z rotation by half the angle, twice, around a controlled flip.
    /// Source: Barenco et al. 1995, lemma 7.5.
    fn halved(
        &mut self,
        gate: Gate,
        controls: &[(u32, bool)],
        qubits: &[u32],
        angles: &[Slot],
        span: Span,
        depth: u32,
    ) {
        let half = |sign: f64| combine(&Linear { constant: 0.0, factors: [sign * 0.5, 0.0, 0.0] }, angles);
        let (Some(plus), Some(minus)) = (half(1.0), half(-1.0)) else { return };
        let (last, rest) = (controls[controls.len() - 1].0, &controls[..controls.len() - 1]);
        let target = qubits[0];
        if gate == Gate::Rz {
            self.gate(Gate::Rz, &[], &[target], &[plus], span, depth + 1);
            self.gate(Gate::X, controls, &[target], &[], span, depth + 1);
            self.gate(Gate::Rz, &[], &[target], &[minus], span, depth + 1);
            self.gate(Gate::X, controls, &[target], &[], span, depth + 1);
            return;
        }
        self.gate(Gate::Cphaseshift, &[], &[last, target], &[plus], span, depth + 1);
        self.gate(Gate::X, rest, &[last], &[], span, depth + 1);
        self.gate(Gate::Cphaseshift, &[], &[last, target], &[minus], span, depth + 1);
        self.gate(Gate::X, rest, &[last], &[], span, depth + 1);
        self.gate(Gate::Phaseshift, rest, &[target], &[plus], span, depth + 1);
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

/// An angle of a decomposition; `None` when it would need two different inputs.
fn combine(linear: &Linear, given: &[Slot]) -> Option<Slot> {
    let (mut constant, mut free) = (linear.constant, None::<(u32, f64)>);
    let mut whole = None;
    for (slot, &factor) in given.iter().zip(&linear.factors) {
        if factor == 0.0 {
            continue;
        }
        match slot.angle {
            Angle::Fixed(x) => constant += factor * x,
            Angle::Affine { input, scale, offset } => {
                constant += factor * offset;
                free = match free {
                    None => Some((input, factor * scale)),
                    Some((i, s)) if i == input => Some((i, s + factor * scale)),
                    Some(_) => return None,
                };
            }
            Angle::Expr(_) if factor == 1.0 && whole.is_none() => whole = Some(slot.angle),
            Angle::Expr(_) => return None,
        }
    }
    match (whole, free) {
        (Some(angle), None) if constant == 0.0 => Some(Slot { angle }),
        (Some(_), _) => None,
        (None, Some((input, scale))) if scale != 0.0 => {
            Some(Slot { angle: Angle::Affine { input, scale, offset: constant } })
        }
        (None, _) => Some(Slot { angle: Angle::Fixed(constant) }),
    }
}
