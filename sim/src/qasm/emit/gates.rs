//! Gates in a target's own gates: names where it has them, decompositions through the rows where not.

use super::{Emit, Writer};
use crate::circuit::gates::{Linear, ROWS};
use crate::circuit::{Angle, Gate};
use crate::diagnostic::Span;

/// An angle while gates are decomposed: a constant plus a multiple of one slot.
#[derive(Clone, Copy)]
pub(super) struct Slot {
    pub angle: Angle,
}

impl Writer<'_> {
    pub(super) fn gate(
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
        let row = ROWS.iter().find(|r| r.control_of == Some((gate, controls.len() as u8)));
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
