//! What registers, bits and variables are called in the text that is written.

use std::collections::BTreeSet;

use super::Emit;
use crate::circuit::gates::ROWS;
use crate::circuit::{Circuit, Op, QubitLabels};
use crate::qasm::lexer::is_keyword;

/// Names of everything that a circuit declares.
pub(super) struct Names {
    /// Name of each qubit, `q[0]`.
    pub qubits: Vec<String>,
    /// Name of each global bit.
    pub bits: Vec<String>,
    /// Name of each variable of the shot.
    pub vars: Vec<String>,
    /// Qubit registers to declare, with sizes.
    pub qubit_registers: Vec<(String, u32)>,
    /// Bit registers to declare, with sizes, and whether it must be said that they are the outputs.
    pub bit_registers: Vec<(String, u32, bool)>,
    /// The bits that only carry feedback inside the device.
    pub feedback: BTreeSet<u32>,
}

/// Words beside the language's own that a register may not take.
const RESERVED: &[&str] = &[
    "im",
    "pi",
    "tau",
    "euler",
    "opaque",
    "id",
    "sdg",
    "tdg",
    "sx",
    "p",
    "cx",
    "cp",
    "crx",
    "cry",
    "crz",
    "ch",
    "ccx",
    "CX",
    "phase",
    "cphase",
    "u1",
    "u2",
    "u3",
    "cu",
    "cu1",
    "cu3",
    "rzz",
    "rxx",
    "sin",
    "cos",
    "tan",
    "exp",
    "ln",
    "log",
    "sqrt",
    "mod",
    "floor",
    "ceiling",
    "popcount",
    "rotl",
    "rotr",
    "sizeof",
    "real",
    "imag",
    "arccos",
    "arcsin",
    "arctan",
    "measure_ff",
    "cc_prx",
];

/// Hands out names that nothing else has.
struct Taken(BTreeSet<String>);

impl Taken {
    fn of(circuit: &Circuit) -> Self {
        let gates = ROWS.iter().map(|r| r.name.to_owned());
        let inputs = circuit.inputs.iter().map(|i| i.name.clone());
        Self(RESERVED.iter().map(|w| (*w).to_owned()).chain(gates).chain(inputs).collect())
    }

    fn fresh(&mut self, wanted: &str, form: Emit) -> String {
        let mut name = wanted.to_owned();
        // OpenQASM 2 begins names with a lower-case ASCII letter.
        let plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        if form == Emit::OpenQasm2 && !(plain && name.starts_with(|c: char| c.is_ascii_lowercase())) {
            let kept: String =
                name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
            name = format!("r_{kept}");
        }
        while is_keyword(&name) || !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

impl Names {
    pub(super) fn of(circuit: &Circuit, form: Emit) -> Self {
        let mut taken = Taken::of(circuit);
        let feedback = feedback_bits(circuit, form);
        let mut names = Self {
            qubits: Vec::new(),
            bits: Vec::new(),
            vars: Vec::new(),
            qubit_registers: Vec::new(),
            bit_registers: Vec::new(),
            feedback,
        };
        names.name_qubits(circuit, form, &mut taken);
        names.name_bits(circuit, form, &mut taken);
        names.vars = (0..circuit.vars.len()).map(|k| taken.fresh(&format!("v{k}"), form)).collect();
        names
    }

    fn name_qubits(&mut self, circuit: &Circuit, form: Emit, taken: &mut Taken) {
        let registers = match &circuit.labels {
            QubitLabels::Physical(labels) => {
                let number = |i: u32| labels.get(i as usize).copied().unwrap_or(i);
                self.qubits = (0..circuit.n_qubits).map(|i| format!("${}", number(i))).collect();
                return;
            }
            QubitLabels::Registers(list) => list,
        };
        let sum: u32 = registers.iter().map(|(_, size)| size).sum();
        let whole = sum == circuit.n_qubits && !registers.is_empty();
        // Braket takes one register of each kind.
        let registers = match registers.as_slice() {
            _ if circuit.n_qubits == 0 => Vec::new(),
            [(name, _)] if whole => vec![(name.as_str(), circuit.n_qubits)],
            many if whole && form != Emit::Braket => many.iter().map(|(n, s)| (n.as_str(), *s)).collect(),
            _ => vec![("q", circuit.n_qubits)],
        };
        for (wanted, size) in registers {
            let name = taken.fresh(wanted, form);
            self.qubits.extend((0..size).map(|i| format!("{name}[{i}]")));
            self.qubit_registers.push((name, size));
        }
    }

    fn name_bits(&mut self, circuit: &Circuit, form: Emit, taken: &mut Taken) {
        self.bits = vec![String::new(); circuit.n_bits() as usize];
        let used = used_bits(circuit);
        let registers: Vec<_> = circuit
            .registers
            .iter()
            .filter(|r| !self.feedback.contains(&r.first))
            .filter(|r| r.visible || (r.first..r.first + r.size).any(|b| used.contains(&b)))
            .collect();
        if form == Emit::Braket {
            let measures_nothing = !measures(circuit, &self.feedback);
            let all = measures_nothing && circuit.results.is_empty();
            let size = if all { circuit.n_qubits } else { registers.iter().map(|r| r.size).sum() };
            if size == 0 {
                return;
            }
            let name = taken.fresh(
                match registers[..] {
                    [one] if !one.name.is_empty() => &one.name,
                    _ => "b",
                },
                form,
            );
            let bits = registers.iter().flat_map(|r| r.first..r.first + r.size);
            for (place, bit) in bits.enumerate() {
                self.bits[bit as usize] = format!("{name}[{place}]");
            }
            self.bit_registers.push((name, size, false));
            return;
        }
        // A bit of a subroutine becomes a global one, and all of those are outputs unless some are named.
        let some_hidden = registers.iter().any(|r| !r.visible);
        for register in registers {
            let wanted = if register.name.is_empty() { "outcome" } else { &register.name };
            let name = taken.fresh(wanted, form);
            for k in 0..register.size {
                self.bits[(register.first + k) as usize] = format!("{name}[{k}]");
            }
            self.bit_registers.push((name, register.size, register.visible && some_hidden));
        }
    }
}

/// Bits of feedback keys, where the form has keys instead of bits.
fn feedback_bits(circuit: &Circuit, form: Emit) -> BTreeSet<u32> {
    if form != Emit::Braket {
        return BTreeSet::new();
    }
    let inner = |r: &&crate::circuit::BitRegister| !r.visible && r.name.starts_with("feedback_");
    circuit.registers.iter().filter(inner).map(|r| r.first).collect()
}

fn used_bits(circuit: &Circuit) -> BTreeSet<u32> {
    use crate::circuit::classical::Place;
    let mut used = circuit.bits_read();
    circuit.walk(&mut |op, _| match op {
        Op::Measure { bit: Some(bit), .. } => {
            used.insert(*bit);
        }
        Op::Assign { place: Place::Bits { first, len }, .. } => used.extend(*first..first + len),
        _ => {}
    });
    used
}

/// Whether a program reads qubits itself, feedback apart.
pub(super) fn measures(circuit: &Circuit, feedback: &BTreeSet<u32>) -> bool {
    let mut any = false;
    circuit.walk(&mut |op, _| {
        any |= matches!(op, Op::Measure { bit, .. } if bit.is_none_or(|b| !feedback.contains(&b)));
    });
    any
}
