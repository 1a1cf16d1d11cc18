//! Runs of plain gate calls, lowered without their trees.
//!
//! Whatever is out of the ordinary, or wrong, is lowered from the statement that was written: there
//! it is understood and told.

use std::rc::Rc;

use smallvec::SmallVec;

use super::call::Target;
use super::scope::{Symbol, Term};
use super::{Flow, Lowered, Lowering};
use crate::circuit::{Angle, Gate, GateOp, Op};
use crate::qasm::run::{Plain, PlainOperand, Run};

/// What a name of a run means, looked up once.
#[derive(Clone)]
enum Meaning<T> {
    Unknown,
    /// For the reader of statements.
    Other,
    This(T),
}

/// Qubits by their place, and whether they are a lone one.
type Register = (Rc<[u32]>, bool);

/// What the names of a run mean: nothing is declared within it.
struct Names {
    gates: Vec<Meaning<Target>>,
    registers: Vec<Meaning<Register>>,
}

impl Lowering<'_> {
    pub(super) fn run(&mut self, run: &Run) -> Lowered<Flow> {
        let n = run.names.len();
        let mut names = Names { gates: vec![Meaning::Unknown; n], registers: vec![Meaning::Unknown; n] };
        let shadowed = run.constants && ["pi", "tau"].iter().any(|c| self.scopes.find(c).is_some());
        let (mut angle, mut operand) = (0, 0);
        for call in &run.calls {
            if self.over {
                return Ok(Flow::End);
            }
            let (next_angle, next_operand) =
                (angle + usize::from(call.n_angles), operand + usize::from(call.n_operands));
            let operands = &run.operands[operand..next_operand];
            let known = !shadowed && self.verbatim_next.is_none();
            if !known || self.plain(run, call, angle..next_angle, operands, &mut names).is_none() {
                // What is wrong is noted, and the next call is looked at.
                let _noted = run.statement(call).map(|s| self.statement(&s));
            }
            (angle, operand) = (next_angle, next_operand);
        }
        Ok(Flow::Next)
    }

    /// Lowers one call, or nothing of it where it takes more than looking up.
    fn plain(
        &mut self,
        run: &Run,
        call: &Plain,
        angles: std::ops::Range<usize>,
        operands: &[PlainOperand],
        names: &mut Names,
    ) -> Option<()> {
        let gate = usize::from(call.gate);
        if let Meaning::Unknown = names.gates[gate] {
            names.gates[gate] = self.plain_gate(&run.names[gate]);
        }
        let Meaning::This(target) = &names.gates[gate] else { return None };
        let angles = &run.angles[angles];
        let mut qubits: SmallVec<[u32; 4]> = SmallVec::new();
        for operand in operands {
            let qubit = self.plain_qubit(run, operand, &mut names.registers)?;
            if qubits.contains(&qubit) {
                return None;
            }
            qubits.push(qubit);
        }
        let span = run.span(call);
        if let Target::Row(gate) = *target {
            let row = gate.row();
            if row.n_angles as usize != angles.len() || row.n_qubits as usize != qubits.len() {
                return None;
            }
            self.count(1, span).ok()?;
            let first = (self.circuit.qubits.len() as u32, self.circuit.angles.len() as u32);
            self.circuit.qubits.extend_from_slice(&qubits);
            self.circuit
                .angles
                .extend(angles.iter().map(|value| Angle::Fixed(value.number().unwrap_or(f64::NAN))));
            let op = GateOp { gate, n_controls: 0, qubits: first.0, angles: first.1, negative: 0 };
            self.push(Op::Gate(op), span);
            return Some(());
        }
        let Target::Defined(def, size) = target else { return None };
        if def.angles.len() != angles.len() || def.qubits.len() != qubits.len() {
            return None;
        }
        self.count(*size, span).ok()?;
        let angles: SmallVec<[Term; 3]> = angles.iter().map(|&value| Term::Known(value)).collect();
        // An error within is noted with the place of this call.
        let _noted = self.apply(target, &run.gate(call), &angles, &qubits, span);
        Some(())
    }

    fn plain_gate(&mut self, name: &str) -> Meaning<Target> {
        if matches!(name, "nop" | "measure_ff" | "cc_prx") {
            return Meaning::Other;
        }
        match self.known_target(name) {
            Some(Target::Row(Gate::Gphase)) | None => Meaning::Other,
            Some(target) => Meaning::This(target),
        }
    }

    fn plain_qubit(
        &self,
        run: &Run,
        operand: &PlainOperand,
        registers: &mut [Meaning<Register>],
    ) -> Option<u32> {
        if operand.name == PlainOperand::PHYSICAL {
            return self.physical.get(&operand.index).copied();
        }
        let name = usize::from(operand.name);
        if let Meaning::Unknown = registers[name] {
            registers[name] = match self.scopes.find(&run.names[name]).map(|entry| &entry.symbol) {
                Some(Symbol::Qubits { list, lone }) => Meaning::This((Rc::clone(list), *lone)),
                _ => Meaning::Other,
            };
        }
        match &registers[name] {
            Meaning::This((list, true)) if operand.index == PlainOperand::WHOLE => list.first().copied(),
            Meaning::This((list, false)) => list.get(operand.index as usize).copied(),
            _ => None,
        }
    }
}
