//! Circuits into text: what a target takes.

mod control;
mod expression;
mod gates;
mod matrices;
mod names;
mod results;

use std::borrow::Cow;

use expression::{matrix_text, number};
use gates::Slot;
use names::Names;

pub use super::envelope::action;
use crate::circuit::classical::ExprId;
use crate::circuit::{Angle, Block, CYCLE_S, Circuit, Gate, Op, QubitLabels};
use crate::diagnostic::{Diagnostic, Span};

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

/// What the reader of a text can do.
#[derive(Clone, Copy)]
pub struct Reader<'a> {
    /// Gates that it takes; others are decomposed through their rows. `None`: every gate of the form.
    pub takes: Option<Takes<'a>>,
    /// Whether it knows barriers; they are left out where not.
    pub barriers: bool,
    /// Whether it takes matrices; those of one qubit become gates where not.
    pub matrices: bool,
}

impl Default for Reader<'_> {
    fn default() -> Self {
        Self { takes: None, barriers: true, matrices: true }
    }
}

/// The text of a circuit for any reader of a form.
///
/// # Errors
/// One diagnostic for each operation that the form cannot say.
pub fn emit(circuit: &Circuit, form: Emit) -> Result<String, Vec<Diagnostic>> {
    emit_for(circuit, form, Reader::default())
}

/// The text of a circuit for one reader.
///
/// # Errors
/// As [`emit`].
pub fn emit_for(circuit: &Circuit, form: Emit, reader: Reader<'_>) -> Result<String, Vec<Diagnostic>> {
    match circuit.pulses {
        None => emit_gates(circuit, form, reader),
        Some(span) => {
            let mut writer = Writer::new(circuit, form, reader);
            writer.refuse(span, "a block of pulses", "remove it, or keep the program in its own dialect");
            Err(writer.wrong)
        }
    }
}

/// The circuit as a form can say it: bits that only hold constants are left out where there are no
/// classical values.
pub fn settled(circuit: &Circuit, form: Emit) -> Cow<'_, Circuit> {
    let assigns = circuit.ops.ops.iter().any(|op| matches!(op, Op::Assign { .. }));
    if form == Emit::OpenQasm3 || !assigns {
        return Cow::Borrowed(circuit);
    }
    let mut out = circuit.clone();
    super::settle::drop_constants(&mut out, true);
    Cow::Owned(out)
}

/// The text of a circuit without what it does not hold: blocks of pulses.
///
/// # Errors
/// As [`emit`].
pub(super) fn emit_gates(
    circuit: &Circuit,
    form: Emit,
    reader: Reader<'_>,
) -> Result<String, Vec<Diagnostic>> {
    let circuit = &settled(circuit, form);
    let mut writer = Writer::new(circuit, form, reader);
    writer.head();
    writer.block(&circuit.ops);
    writer.tail();
    if writer.wrong.is_empty() { Ok(writer.out) } else { Err(writer.wrong) }
}

/// A classical expression of a circuit in OpenQASM 3.
pub fn expression(circuit: &Circuit, id: ExprId) -> String {
    Writer::new(circuit, Emit::OpenQasm3, Reader::default()).expression(id)
}

struct Writer<'a> {
    circuit: &'a Circuit,
    form: Emit,
    reader: Reader<'a>,
    names: Names,
    out: String,
    wrong: Vec<Diagnostic>,
    indent: usize,
    /// Stands before each statement: OpenQASM 2 has a condition there instead of a block.
    prefix: String,
}

impl<'a> Writer<'a> {
    fn new(circuit: &'a Circuit, form: Emit, reader: Reader<'a>) -> Self {
        let names = Names::of(circuit, form);
        let (out, prefix, wrong) = (String::new(), String::new(), Vec::new());
        Self { circuit, form, reader, names, out, wrong, indent: 0, prefix }
    }

    fn line(&mut self, text: &str) {
        for _ in 0..self.indent {
            self.out.push_str("    ");
        }
        self.out.push_str(&self.prefix);
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
        let two = self.form == Emit::OpenQasm2;
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
        if !two {
            for input in &self.circuit.inputs {
                self.line(&format!("input float {};", input.name));
            }
        }
        if matches!(self.circuit.labels, QubitLabels::Physical(_)) && two {
            self.refuse(Span::default(), "physical qubits", "use a register");
        }
        for (name, n, output) in self.names.bit_registers.clone() {
            let word = if output { "output " } else { "" };
            self.line(&if two { format!("creg {name}[{n}];") } else { format!("{word}bit[{n}] {name};") });
        }
        for (name, n) in self.names.qubit_registers.clone() {
            self.line(&if two { format!("qreg {name}[{n}];") } else { format!("qubit[{n}] {name};") });
        }
        self.declare_variables();
        if self.form == Emit::OpenQasm3 && self.circuit.global_phase != 0.0 {
            self.line(&format!("gphase({});", number(self.circuit.global_phase)));
        }
    }

    fn tail(&mut self) {
        let measured = names::measures(self.circuit, &self.names.feedback);
        // Every target of Braket's then agrees on the columns.
        if self.form == Emit::Braket
            && !measured
            && self.circuit.results.is_empty()
            && let Some((name, ..)) = self.names.bit_registers.first().cloned()
        {
            for qubit in 0..self.circuit.n_qubits {
                self.measure_line(qubit, &format!("{name}[{qubit}]"));
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

    fn qubit(&self, index: u32) -> &str {
        self.names.qubits.get(index as usize).map_or("", String::as_str)
    }

    fn bit(&self, index: u32) -> &str {
        self.names.bits.get(index as usize).map_or("", String::as_str)
    }

    fn list(&self, qubits: &[u32]) -> String {
        qubits.iter().map(|&q| self.qubit(q)).collect::<Vec<_>>().join(", ")
    }

    fn block(&mut self, block: &'a Block) {
        for (op, span) in block.iter() {
            self.op(op, span);
        }
    }

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
            Op::Unitary { matrix, qubits, n_controls } => self.unitary(matrix, qubits, n_controls, span),
            Op::Measure { qubit, bit } => self.measure(qubit, bit, span),
            Op::Reset { qubit } => {
                let name = self.qubit(qubit);
                self.line(&format!("reset {name};"));
            }
            Op::Noise { .. } | Op::Kraus { .. } => self.noise(op, span),
            Op::Barrier { qubits } => {
                if self.reader.barriers {
                    let targets = self.list(circuit.qubit_range(qubits));
                    let all: Vec<_> = self.names.qubit_registers.iter().map(|(n, _)| n.as_str()).collect();
                    let all = if targets.is_empty() { all.join(", ") } else { targets };
                    self.line(&format!("barrier {all};"));
                }
            }
            Op::Delay { qubits, seconds } => self.delay(circuit.qubit_range(qubits), seconds, span),
            Op::Box { body, verbatim } => self.boxed(circuit.block(body), verbatim, span),
            Op::If { condition, then, otherwise } => self.branch(condition, then, otherwise, span),
            Op::While { .. } | Op::Assign { .. } | Op::Break | Op::Continue | Op::End => {
                self.control(op, span);
            }
        }
    }

    fn measure(&mut self, qubit: u32, bit: Option<u32>, span: Span) {
        match bit {
            Some(bit) if self.names.feedback.contains(&bit) => {
                let text = format!("measure_ff({}) {};", self.feedback_key(bit), self.qubit(qubit));
                self.line(&text);
            }
            Some(bit) => {
                let name = self.bit(bit).to_owned();
                self.measure_line(qubit, &name);
            }
            None if self.form == Emit::OpenQasm2 => {
                self.refuse(span, "a measurement without a bit", "measure into a classical register");
            }
            None => {
                let text = format!("measure {};", self.qubit(qubit));
                self.line(&text);
            }
        }
    }

    fn noise(&mut self, op: &Op, span: Span) {
        let circuit = self.circuit;
        if self.form == Emit::OpenQasm2 {
            return self.refuse(span, "noise", "leave it out");
        }
        let targets = self.list(circuit.op_qubits(op));
        match *op {
            Op::Noise { channel, params, .. } => {
                let row = channel.row();
                let values: Vec<String> = (0..u32::from(row.n_params))
                    .map(|k| self.angle_text(circuit.angles[(params + k) as usize], span))
                    .collect();
                self.line(&format!("#pragma braket noise {}({}) {targets}", row.name, values.join(", ")));
            }
            Op::Kraus { first, count, .. } => {
                let range = first.0 as usize..first.0 as usize + usize::from(count);
                let matrices: Vec<String> =
                    circuit.matrices[range].iter().map(|m| matrix_text(&m.entries)).collect();
                self.line(&format!("#pragma braket noise kraus({}) {targets}", matrices.join(", ")));
            }
            _ => {}
        }
    }

    fn delay(&mut self, qubits: &[u32], seconds: u32, span: Span) {
        if self.form != Emit::OpenQasm3 {
            return self.refuse(span, "a delay", "leave it out");
        }
        let targets = self.list(qubits);
        let space = if targets.is_empty() { "" } else { " " };
        match self.circuit.angles.get(seconds as usize) {
            Some(_) if self.circuit.time.cycles.is_some() && self.circuit.time.seconds.is_some() => {
                self.refuse(span, "a delay among times in seconds and in cycles", "use one unit throughout");
            }
            Some(Angle::Fixed(s)) => {
                // CYCLE_S is a nanosecond, so the number is the same in both units.
                let unit = if self.circuit.time.cycles.is_some() { "dt" } else { "ns" };
                let length = (s / CYCLE_S * 1e6).round() / 1e6;
                self.line(&format!("delay[{}{unit}]{space}{targets};", number(length)));
            }
            _ => self.refuse(span, "a delay of unknown length", "write a time: delay[100ns]"),
        }
    }

    fn boxed(&mut self, body: &'a Block, verbatim: bool, span: Span) {
        match (verbatim, self.form) {
            (true, Emit::Braket) => self.line("#pragma braket verbatim"),
            (false, Emit::OpenQasm3) => {}
            (false, _) => return self.block(body),
            (true, _) => return self.refuse(span, "a verbatim box", "write it for Braket"),
        }
        self.line("box {");
        self.indent += 1;
        self.block(body);
        self.indent -= 1;
        self.line("}");
    }

    fn name_of(&self, gate: Gate) -> Option<&'static str> {
        match self.form {
            Emit::Braket => {
                let known = !matches!(gate, Gate::U | Gate::Gphase);
                (known && self.reader.takes.is_none_or(|takes| takes(gate))).then(|| gate.row().name)
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
}

/// Names in `stdgates.inc`.
pub(super) fn standard_name(gate: Gate) -> Option<&'static str> {
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
