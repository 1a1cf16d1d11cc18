//! Whether a chain can hold a circuit, and how wide its bonds may become.

use crate::circuit::{Circuit, Op};
use crate::engine::mps::engine::GATE_QUBITS;
use crate::engine::{EngineChoice, Forecast, Options, Precision};
use crate::plan::code::{self, Code, Inst};
use crate::result::ResultType;

/// Bonds of at most 2 to this power count as small.
const SMALL: u32 = 6;
/// Registers of at most this many qubits are not looked at unless asked: amplitudes are quicker.
const FEW_QUBITS: u32 = 20;
/// The bond that is reckoned with where only a cutoff is given.
const USUAL_BOND: f64 = 64.0;

/// Whether the caller wants a chain or allows an approximation.
pub(crate) fn is_asked(options: &Options<'_>) -> bool {
    options.engine == EngineChoice::Mps || options.max_bond.is_some() || options.cutoff.is_some()
}

/// What it would cost, or why it cannot.
pub(crate) fn fits(circuit: &Circuit, code: &Code, options: &Options<'_>) -> Result<Forecast, &'static str> {
    if options.max_bond == Some(0) {
        return Err("the largest bond is 0");
    }
    if options.cutoff.is_some_and(|c| !(0.0..1.0).contains(&c)) {
        return Err("the cutoff is not between 0 and 1");
    }
    let asked = is_asked(options);
    if !asked && circuit.n_qubits <= FEW_QUBITS {
        return Err("few qubits are quicker as amplitudes");
    }
    if !asked && !circuit.inputs.is_empty() {
        return Err("gradients by its inputs need amplitudes");
    }
    circuit.results.iter().try_for_each(|r| result(circuit, &r.kind))?;
    let mut bonds = Bonds::new(circuit.n_qubits, if asked { u32::MAX } else { SMALL });
    let mut n_ops = 0u64;
    for inst in &code.insts {
        match inst {
            Inst::Unitary { block, start, end } => {
                for op in &code::block(circuit, *block).ops[*start..*end] {
                    bonds.gate(circuit, op)?;
                    n_ops += 1;
                }
            }
            Inst::Noise(_) if !asked => return Err("noise is drawn only when asked for"),
            Inst::Jump(target) if *target < code.insts.len() && !asked => {
                return Err("the gates may repeat");
            }
            _ => n_ops += 1,
        }
    }
    let exact = 2f64.powi(bonds.widest.min(60) as i32);
    let given = options.max_bond.map(|b| b as f64);
    let bond = exact.min(given.unwrap_or(if asked { USUAL_BOND } else { f64::MAX }));
    let n = f64::from(circuit.n_qubits);
    // Tensors and the products of one gate; a chain whose bonds are not known is checked on its way.
    let known = if given.is_some() || !asked { bond } else { 1.0 };
    let bytes = (64.0 * n * known * known + 256.0 * known * known) as u64;
    let time_us = 20.0 + n_ops as f64 * (2.0 + 0.1 * bond.powi(3));
    Ok(Forecast { bytes, time_us, precision: Some(Precision::Double) })
}

/// A bound on the bond at each border between neighbours. Units: powers of 2.
struct Bonds {
    at: Vec<u32>,
    widest: u32,
    most: u32,
}

impl Bonds {
    fn new(n: u32, most: u32) -> Self {
        Self { at: vec![0; n.saturating_sub(1) as usize], widest: 0, most }
    }

    /// A gate of k qubits multiplies a bond that it crosses by at most 4 to the smaller side, and
    /// one with a single controlled side by 2.
    fn gate(&mut self, circuit: &Circuit, op: &Op) -> Result<(), &'static str> {
        let qubits = code::qubits_of(circuit, op);
        if qubits.len() > GATE_QUBITS {
            return Err("a gate has more than 8 qubits");
        }
        let (Some(&low), Some(&high)) = (qubits.iter().min(), qubits.iter().max()) else { return Ok(()) };
        let rank_two = match op {
            Op::Gate(g) => g.n_controls > 0 || g.gate.row().control_of.is_some() || is_product(g.gate.row()),
            _ => false,
        };
        let by = if rank_two && qubits.len() == 2 { 1 } else { 2 * (qubits.len() as u32 / 2).max(1) };
        let n = self.at.len() as u32 + 1;
        for border in low..high {
            let bond = &mut self.at[border as usize];
            *bond = (*bond + by).min(border + 1).min(n - 1 - border);
            self.widest = self.widest.max(*bond);
        }
        if self.widest > self.most {
            Err("its bonds may become wide, and no approximation is allowed")
        } else {
            Ok(())
        }
    }
}

/// Whether a gate is a rotation about one product of Paulis, cos + i sin of it: a sum of two products.
fn is_product(row: &crate::circuit::gates::Row) -> bool {
    row.n_qubits == 2 && row.generator.is_some_and(|terms| terms.len() == 1)
}

fn result(c: &Circuit, kind: &ResultType) -> Result<(), &'static str> {
    let size = |targets: &Option<Vec<u32>>| targets.as_ref().map_or(c.n_qubits as usize, Vec::len);
    match kind {
        ResultType::StateVector if c.n_qubits > 24 => Err("all amplitudes of more than 24 qubits are asked"),
        ResultType::Probability(t) if size(t) > 20 => Err("probabilities of more than 20 qubits are asked"),
        ResultType::DensityMatrix(t) if size(t) > 6 => Err("a density matrix of more than 6 qubits is asked"),
        ResultType::AdjointGradient { .. } => Err("it has no gradients"),
        _ => Ok(()),
    }
}
