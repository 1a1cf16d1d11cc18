//! Gate calls: rows, definitions, modifiers, broadcast.

use std::rc::Rc;

use smallvec::SmallVec;

use super::operand::Operand;
use super::scope::{Symbol, Term};
use super::{Lost, Lowered, Lowering, library};
use crate::circuit::classical::{Binary, Node, Value};
use crate::circuit::gates::{Inverse, Linear, Step};
use crate::circuit::{Gate, GateOp, MatrixId, Op, gates};
use crate::diagnostic::{Diagnostic, Span};
use crate::limits;
use crate::qasm::ast::{Call, Expr, ExprKind, GateDef, Modifier, Name, Stmt, StmtKind};
use crate::qasm::parser::{Parser, Version};

/// A gate before it is written: modifiers still change it.
#[derive(Clone, Debug)]
pub(super) struct Inst {
    pub what: What,
    /// Control qubits, each with whether it acts on 0.
    pub controls: Vec<(u32, bool)>,
    pub qubits: SmallVec<[u32; 4]>,
    pub angles: SmallVec<[Term; 3]>,
    pub span: Span,
}

/// What an [`Inst`] applies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum What {
    Gate(Gate),
    Matrix(MatrixId),
}

/// What a gate's name leads to.
#[derive(Clone)]
pub(super) enum Target {
    Row(Gate),
    Defined(Rc<GateDef>, u64),
}

impl Lowering<'_> {
    pub(super) fn call(&mut self, call: &Call, span: Span) -> Lowered<()> {
        if self.feed_forward(call, span)? {
            return Ok(());
        }
        // `nop` says that a box uses qubits and does nothing to them.
        if call.name.text == "nop" && call.arguments.is_empty() && self.scopes.find("nop").is_none() {
            return call.operands.iter().try_for_each(|q| self.qubits(q).map(|_| ()));
        }
        let (controls, modified) = self.control_count(&call.modifiers)?;
        let target = self.target(call)?;
        let (n_angles, n_qubits) = match &target {
            Target::Row(gate) => (gate.row().n_angles as usize, gate.row().n_qubits as usize),
            Target::Defined(def, _) => (def.angles.len(), def.qubits.len()),
        };
        let mut angles: SmallVec<[Term; 3]> = SmallVec::new();
        for (k, argument) in call.arguments.iter().enumerate() {
            // Qiskit writes amplitudes as arguments of a gate whose body does without them.
            if let Target::Defined(def, _) = &target
                && is_complex(argument)
                && def.angles.get(k).is_some_and(|name| !uses(&def.body, &name.text))
            {
                self.complex(argument)?;
                angles.push(Term::Known(Value::Float(0.0)));
                continue;
            }
            let term = self.value(argument)?;
            if let Term::Known(value) = term
                && value.number().is_none()
            {
                return self.error("SB5032", argument.span, "an angle must be a finite number", "change it");
            }
            angles.push(term);
        }
        // IonQ writes ms with two angles when the third is a quarter turn.
        if matches!(target, Target::Row(Gate::Ms)) && angles.len() == 2 {
            angles.push(Term::Known(Value::Float(std::f64::consts::FRAC_PI_2)));
        }
        if angles.len() != n_angles {
            return self.wrong_number(&call.name, "angles", n_angles, angles.len(), span);
        }
        let mut operands = Vec::with_capacity(call.operands.len());
        for operand in &call.operands {
            operands.push(self.qubits(operand)?);
        }
        // PennyLane names a qubit for the global phase, on which it does not depend.
        if controls == 0 && matches!(target, Target::Row(Gate::Gphase)) {
            operands.clear();
        }
        if operands.len() != controls + n_qubits {
            return self.wrong_number(&call.name, "qubits", controls + n_qubits, operands.len(), span);
        }
        let rounds = self.broadcast(&operands, call)?;
        let size = if let Target::Defined(_, size) = target { size } else { 1 };
        if self.recording.is_none() {
            self.count(size.saturating_mul(rounds as u64), span)?;
        }
        for round in 0..rounds {
            let qubits: SmallVec<[u32; 4]> =
                operands.iter().map(|o| if o.register { o.list[round] } else { o.list[0] }).collect();
            self.distinct(&qubits, call, span)?;
            if modified {
                self.modified(call, &target, &angles, &qubits, span)?;
            } else {
                self.apply(&target, &call.name, &angles, &qubits, span)?;
            }
        }
        Ok(())
    }

    pub(super) fn wrong_number<T>(
        &mut self,
        name: &Name,
        what: &str,
        takes: usize,
        given: usize,
        span: Span,
    ) -> Lowered<T> {
        let wanted = format!("{takes} {}", if takes == 1 { what.trim_end_matches('s') } else { what });
        let message = format!("`{}` takes {wanted}, {given} given", name.text);
        let angles = what == "angles";
        let each = |k: usize| if angles { "pi/2".to_owned() } else { format!("q[{k}]") };
        let list = (0..takes.min(4)).map(each).collect::<Vec<_>>().join(", ");
        let form = match (angles, takes) {
            (true, 0) => format!("`{} q[0];`, without parentheses", name.text),
            (true, _) => format!("`{}({list}) q[0];`", name.text),
            (false, _) => format!("`{} {list};`", name.text),
        };
        let diagnostic = Diagnostic::error("SB5024", name.span, message)
            .with_label(format!("takes {wanted}"))
            .with_related(span, "in this call")
            .with_help(format!("give {takes}: {form}"));
        self.note(diagnostic);
        Err(Lost)
    }

    fn broadcast(&mut self, operands: &[Operand], call: &Call) -> Lowered<usize> {
        let mut rounds = None;
        for (operand, written) in operands.iter().zip(&call.operands) {
            if !operand.register {
                continue;
            }
            match rounds {
                None => rounds = Some(operand.list.len()),
                Some(n) if n == operand.list.len() => {}
                Some(n) => {
                    let message =
                        format!("registers of {n} and {} qubits do not go together", operand.list.len());
                    let help = "use registers of one size, or single qubits";
                    return self.error("SB5039", written.span, message, help);
                }
            }
        }
        Ok(rounds.unwrap_or(1))
    }

    fn distinct(&mut self, qubits: &[u32], call: &Call, span: Span) -> Lowered<()> {
        let twice = (1..qubits.len()).find(|&i| qubits[..i].contains(&qubits[i]));
        let Some(i) = twice else { return Ok(()) };
        let place = call.operands.get(i).map_or(span, |o| o.span);
        let diagnostic =
            Diagnostic::error("SB5045", place, format!("`{}` is given the same qubit twice", call.name.text))
                .with_label("used already")
                .with_help("each operand must be another qubit");
        self.note(diagnostic);
        Err(Lost)
    }

    fn target(&mut self, call: &Call) -> Lowered<Target> {
        let name = &call.name;
        if let Some(target) = self.known_target(&name.text) {
            return Ok(target);
        }
        if let Some(Symbol::Kept) = self.scopes.find(&name.text).map(|entry| &entry.symbol) {
            let message = format!("`{}` is opaque: nothing says what it does", name.text);
            return self.error("SB5046", name.span, message, "define it with `gate`");
        }
        if self.broken_gates.contains(&name.text) {
            return Err(Lost);
        }
        Err(self.no_gate(name, call))
    }

    /// What a gate's name leads to; `None` where there is none, or nothing says what it does.
    pub(super) fn known_target(&mut self, name: &str) -> Option<Target> {
        match self.scopes.find(name).map(|entry| &entry.symbol) {
            Some(Symbol::Gate { def, size }) => return Some(Target::Defined(Rc::clone(def), *size)),
            Some(Symbol::Kept) => return None,
            _ => {}
        }
        if let Some(gate) = Gate::named(name) {
            return Some(Target::Row(gate));
        }
        if let Some((def, size)) = self.library.get(name) {
            return Some(Target::Defined(Rc::clone(def), *size));
        }
        let (name, text) = library::LIBRARY.iter().find(|(known, _)| *known == name)?;
        let (statements, diagnostics) = Parser::new(text, 0, Version::Three).file();
        debug_assert!(diagnostics.is_empty(), "{name}: {diagnostics:?}");
        let StmtKind::Gate(def) = statements.into_iter().next()?.kind else { return None };
        let (size, def) = (def.body.len() as u64, Rc::<GateDef>::from(def));
        self.library.insert(name, (Rc::clone(&def), size));
        Some(Target::Defined(def, size))
    }

    pub(super) fn apply(
        &mut self,
        target: &Target,
        name: &Name,
        angles: &SmallVec<[Term; 3]>,
        qubits: &[u32],
        span: Span,
    ) -> Lowered<()> {
        match target {
            Target::Row(gate) => {
                self.write_row(*gate, angles, qubits, span);
                Ok(())
            }
            Target::Defined(def, _) => self.expand(def, name, angles, qubits, span),
        }
    }

    fn write_row(&mut self, gate: Gate, angles: &[Term], qubits: &[u32], span: Span) {
        if let Some(recording) = &mut self.recording {
            let (angles, qubits) = (angles.into(), qubits.into());
            recording.push(Inst { what: What::Gate(gate), controls: Vec::new(), qubits, angles, span });
            return;
        }
        if gate == Gate::Gphase
            && let [Term::Known(value)] = angles
            && self.conditional == 0
        {
            self.circuit.global_phase += value.number().unwrap_or(0.0);
            return;
        }
        let first_qubit = self.circuit.qubits.len() as u32;
        self.circuit.qubits.extend_from_slice(qubits);
        let first_angle = self.circuit.angles.len() as u32;
        for &term in angles {
            let angle = self.angle(term);
            self.circuit.angles.push(angle);
        }
        let op = GateOp { gate, n_controls: 0, qubits: first_qubit, angles: first_angle, negative: 0 };
        self.push(Op::Gate(op), span);
    }

    fn expand(
        &mut self,
        def: &GateDef,
        name: &Name,
        angles: &[Term],
        qubits: &[u32],
        span: Span,
    ) -> Lowered<()> {
        if self.calls.len() as u32 >= limits::NESTING {
            return self.limit(span, "levels of gate definitions", u64::from(limits::NESTING));
        }
        // Doubled forty times over, a body that is wrong would be wrong a million times.
        if self.broken_gates.contains(&name.text) {
            return Err(Lost);
        }
        if self.forward {
            self.step(span)?;
        }
        self.scopes.open_body();
        for (parameter, &term) in def.angles.iter().zip(angles) {
            let _distinct = self.scopes.declare(&parameter.text, Symbol::Bound(term), parameter.span);
        }
        for (parameter, &qubit) in def.qubits.iter().zip(qubits) {
            let symbol = Symbol::Qubits { list: Rc::new([qubit]), lone: true };
            let _distinct = self.scopes.declare(&parameter.text, symbol, parameter.span);
        }
        self.calls.push((span, name.text.clone()));
        let wrong = self.wrong;
        // The whole expansion was counted at its outermost call.
        let counted = std::mem::take(&mut self.gates);
        self.statements(&def.body);
        self.gates = counted;
        self.calls.pop();
        self.scopes.close_body();
        if self.wrong > wrong {
            self.broken_gates.insert(name.text.clone());
            return Err(Lost);
        }
        Ok(())
    }

    fn control_count(&mut self, modifiers: &[Modifier]) -> Lowered<(usize, bool)> {
        let mut total = 0usize;
        for modifier in modifiers {
            if let Modifier::Control(count, _) = modifier {
                total += match count {
                    None => 1,
                    Some(expr) => self.size(expr, limits::CONTROLS as u64)? as usize,
                };
            }
        }
        if total > limits::CONTROLS {
            let span = modifiers.iter().find_map(|m| match m {
                Modifier::Control(Some(e), _) => Some(e.span),
                _ => None,
            });
            return self.limit(span.unwrap_or_default(), "controls on one gate", limits::CONTROLS as u64);
        }
        Ok((total, !modifiers.is_empty()))
    }

    fn modified(
        &mut self,
        call: &Call,
        target: &Target,
        angles: &SmallVec<[Term; 3]>,
        qubits: &[u32],
        span: Span,
    ) -> Lowered<()> {
        let (controls, _) = self.control_count(&call.modifiers)?;
        let outer = self.recording.replace(Vec::new());
        let done = self.apply(target, &call.name, angles, &qubits[controls..], span);
        let mut insts = std::mem::replace(&mut self.recording, outer).unwrap_or_default();
        done?;
        let mut next_control = controls;
        for modifier in call.modifiers.iter().rev() {
            match modifier {
                Modifier::Inverse => insts = self.inverted(insts)?,
                Modifier::Power(exponent) => {
                    let term = self.value(exponent)?;
                    // An exponent written as a quotient of integers is a fraction, not an integer division.
                    let term = self.fraction(exponent).map_or(term, |x| Term::Known(Value::Float(x)));
                    let Some(k) = super::number(term) else {
                        return self.error(
                            "SB5033",
                            exponent.span,
                            "a power must be known before the program runs",
                            "use a constant",
                        );
                    };
                    insts = self.raised(insts, k, exponent.span)?;
                }
                Modifier::Control(count, negative) => {
                    let n = match count {
                        None => 1,
                        Some(expr) => self.size(expr, limits::CONTROLS as u64)? as usize,
                    };
                    let own: Vec<(u32, bool)> =
                        qubits[next_control - n..next_control].iter().map(|&q| (q, *negative)).collect();
                    next_control -= n;
                    for inst in &mut insts {
                        inst.controls.splice(0..0, own.iter().copied());
                    }
                }
            }
        }
        if self.recording.is_none() {
            self.count(insts.len() as u64, span)?;
        }
        insts.into_iter().try_for_each(|inst| self.write_inst(inst, span))
    }

    fn fraction(&mut self, expr: &Expr) -> Option<f64> {
        let ExprKind::Binary(crate::qasm::ast::BinaryOp::Over, a, b) = &expr.kind else { return None };
        let (a, b) = (self.value(a).ok()?, self.value(b).ok()?);
        let x = super::number(a)? / super::number(b)?;
        x.is_finite().then_some(x)
    }

    fn write_inst(&mut self, mut inst: Inst, span: Span) -> Lowered<()> {
        if inst.what == What::Gate(Gate::Gphase) && !inst.controls.is_empty() {
            // A controlled phase of everything is a phase of its last control.
            let (qubit, negative) = inst.controls.pop().unwrap_or_default();
            inst.what = What::Gate(Gate::Phaseshift);
            inst.qubits = SmallVec::from_slice(&[qubit]);
            if negative {
                let flip = Inst {
                    what: What::Gate(Gate::X),
                    controls: Vec::new(),
                    qubits: inst.qubits.clone(),
                    angles: SmallVec::new(),
                    span,
                };
                self.write_inst(flip.clone(), span)?;
                self.write_inst(inst, span)?;
                return self.write_inst(flip, span);
            }
        }
        if let Some(recording) = &mut self.recording {
            recording.push(inst);
            return Ok(());
        }
        match inst.what {
            What::Gate(gate) if inst.controls.is_empty() => {
                self.write_row(gate, &inst.angles, &inst.qubits, span);
                Ok(())
            }
            What::Gate(gate) => {
                if let Some(row) = plain_controlled(gate, &inst.controls) {
                    let qubits: SmallVec<[u32; 4]> =
                        inst.controls.iter().map(|c| c.0).chain(inst.qubits.iter().copied()).collect();
                    self.write_row(row, &inst.angles, &qubits, span);
                    return Ok(());
                }
                let qubits = self.circuit.qubits.len() as u32;
                self.circuit
                    .qubits
                    .extend(inst.controls.iter().map(|c| c.0).chain(inst.qubits.iter().copied()));
                let angles = self.circuit.angles.len() as u32;
                for term in inst.angles {
                    let angle = self.angle(term);
                    self.circuit.angles.push(angle);
                }
                let negative =
                    inst.controls.iter().enumerate().fold(0u64, |m, (k, c)| m | u64::from(c.1) << k);
                let n_controls = inst.controls.len() as u8;
                self.push(Op::Gate(GateOp { gate, n_controls, qubits, angles, negative }), span);
                Ok(())
            }
            What::Matrix(matrix) => {
                let flips: Vec<u32> = inst.controls.iter().filter(|c| c.1).map(|c| c.0).collect();
                flips.iter().for_each(|&q| self.write_row(Gate::X, &[], &[q], span));
                let all: Vec<u32> =
                    inst.controls.iter().map(|c| c.0).chain(inst.qubits.iter().copied()).collect();
                let qubits = self.range(&all);
                self.push(Op::Unitary { matrix, qubits, n_controls: inst.controls.len() as u8 }, span);
                flips.iter().for_each(|&q| self.write_row(Gate::X, &[], &[q], span));
                Ok(())
            }
        }
    }

    pub(super) fn inverted(&mut self, insts: Vec<Inst>) -> Lowered<Vec<Inst>> {
        let mut out = Vec::with_capacity(insts.len());
        for inst in insts.into_iter().rev() {
            let What::Gate(gate) = inst.what else {
                let What::Matrix(id) = inst.what else { continue };
                let what = What::Matrix(self.adjoint(id));
                out.push(Inst { what, ..inst });
                continue;
            };
            match &gate.row().inverse {
                Inverse::Is(other) => out.push(Inst { what: What::Gate(*other), ..inst }),
                Inverse::With(other, linear) => {
                    let angles = self.linear(linear, &inst.angles, inst.span)?;
                    out.push(Inst { what: What::Gate(*other), angles, ..inst });
                }
                Inverse::Steps(steps) => {
                    for step in *steps {
                        out.push(self.stepped(step, &inst)?);
                    }
                }
            }
        }
        Ok(out)
    }

    fn stepped(&mut self, step: &Step, inst: &Inst) -> Lowered<Inst> {
        let angles = self.linear(step.angles, &inst.angles, inst.span)?;
        let qubits = step.qubits.iter().map(|&q| inst.qubits[q as usize]).collect();
        Ok(Inst {
            what: What::Gate(step.gate),
            controls: inst.controls.clone(),
            qubits,
            angles,
            span: inst.span,
        })
    }

    /// Angles computed from given ones.
    fn linear(&mut self, linear: &[Linear], given: &[Term], span: Span) -> Lowered<SmallVec<[Term; 3]>> {
        linear
            .iter()
            .map(|l| {
                let mut sum = Term::Known(Value::Float(l.constant));
                for (&term, &factor) in given.iter().zip(&l.factors) {
                    if factor != 0.0 {
                        let part = self.scaled(term, factor, span)?;
                        sum = self.fold_binary(Binary::Plus, sum, part, span)?;
                    }
                }
                Ok(sum)
            })
            .collect()
    }

    pub(super) fn scaled(&mut self, term: Term, factor: f64, span: Span) -> Lowered<Term> {
        self.fold_binary(Binary::Times, term, Term::Known(Value::Float(factor)), span)
    }

    /// IQM's feed-forward: a measurement into a named key, and a gate that waits for it.
    fn feed_forward(&mut self, call: &Call, span: Span) -> Lowered<bool> {
        let takes = match call.name.text.as_str() {
            "measure_ff" => 1,
            "cc_prx" => 3,
            _ => return Ok(false),
        };
        if self.scopes.find(&call.name.text).is_some() {
            return Ok(false);
        }
        if call.arguments.len() != takes || call.operands.len() != 1 {
            return self.wrong_number(&call.name, "arguments and 1 qubit", takes, call.arguments.len(), span);
        }
        let operand = self.qubits(&call.operands[0])?;
        let key_expr = &call.arguments[takes - 1];
        let key = self.value(key_expr)?;
        let Some(key) = super::integer(key).and_then(|k| u64::try_from(k).ok()) else {
            return self.error("SB5033", key_expr.span, "a feedback key is a whole number", "use 0, 1, …");
        };
        self.count(1, span)?;
        if takes == 1 {
            let bit = match self.feedback.get(&key) {
                Some(&bit) => bit,
                None => self.new_bits(&format!("feedback_{key}"), 1, false, span)?[0],
            };
            self.feedback.insert(key, bit);
            self.bits[bit as usize] = None;
            for qubit in operand.list {
                self.push(Op::Measure { qubit, bit: Some(bit) }, span);
            }
            return Ok(true);
        }
        let Some(&bit) = self.feedback.get(&key) else {
            let message = format!("no measure_ff with key {key} stands before");
            return self.error("SB5048", key_expr.span, message, "measure with `measure_ff` first");
        };
        let angles = [self.value(&call.arguments[0])?, self.value(&call.arguments[1])?];
        self.blocks.push(crate::circuit::Block::default());
        self.conditional += 1;
        for qubit in operand.list {
            self.write_row(Gate::Prx, &angles, &[qubit], span);
        }
        self.conditional -= 1;
        let block = self.blocks.pop().unwrap_or_default();
        self.circuit.blocks.push(block);
        let then = crate::circuit::BlockId(self.circuit.blocks.len() as u32 - 1);
        let condition = self.circuit.exprs.push(Node::Bit(bit));
        self.push(Op::If { condition, then, otherwise: None }, span);
        Ok(true)
    }
}

/// Whether an imaginary number stands in an expression.
fn is_complex(expr: &Expr) -> bool {
    match &expr.kind {
        ExprKind::Imaginary(_) => true,
        ExprKind::Unary(_, a) => is_complex(a),
        ExprKind::Binary(_, a, b) => is_complex(a) || is_complex(b),
        _ => false,
    }
}

/// Whether the body of a gate may use a parameter; anything but plain calls may.
fn uses(body: &[Stmt], name: &str) -> bool {
    fn names(expr: &Expr, name: &str) -> bool {
        match &expr.kind {
            ExprKind::Name(other) => other == name,
            ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Imaginary(_) => false,
            ExprKind::Unary(_, a) => names(a, name),
            ExprKind::Binary(_, a, b) => names(a, name) || names(b, name),
            ExprKind::Call(_, list) => list.iter().any(|e| names(e, name)),
            _ => true,
        }
    }
    body.iter().any(|statement| match &statement.kind {
        StmtKind::Call(call) => {
            !call.modifiers.is_empty() || call.arguments.iter().any(|argument| names(argument, name))
        }
        StmtKind::Barrier(_) | StmtKind::Reset(_) => false,
        _ => true,
    })
}

/// The row that a gate with plain controls is, if there is one.
fn plain_controlled(gate: Gate, controls: &[(u32, bool)]) -> Option<Gate> {
    if controls.iter().any(|c| c.1) {
        return None;
    }
    let n = controls.len() as u8;
    gates::ROWS.iter().find(|r| r.control_of == Some((gate, n))).map(|r| r.gate)
}
