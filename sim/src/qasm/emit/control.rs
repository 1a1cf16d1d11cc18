//! What depends on measurements: blocks in OpenQASM 3, a condition before a statement in
//! OpenQASM 2, feedback keys in Braket's.

use super::expression::type_text;
use super::{Emit, Writer};
use crate::circuit::classical::{Binary, ExprId, Node, Place, Type, Value};
use crate::circuit::{BlockId, Gate, Op};
use crate::diagnostic::Span;

const RUN_HERE: &str = "run it here: `shotbook run`";
const WRITE_THREE: &str = "`shotbook translate FILE --to openqasm3` can";

impl<'a> Writer<'a> {
    /// Variables of the shot; only OpenQASM 3 has them.
    pub(super) fn declare_variables(&mut self) {
        if self.form == Emit::OpenQasm3 {
            for (name, &ty) in self.names.vars.clone().iter().zip(&self.circuit.vars) {
                self.line(&format!("{} {name};", type_text(ty)));
            }
            if self.takes_angles_apart() {
                let help = "keep the outcome in a `bit` register and build the angle from it";
                self.refuse(Span::default(), "single bits of an angle that is known at run time", help);
            }
        }
    }

    /// Whether an angle is turned into its bits: we compute that by a factor, which the language does
    /// not allow between an angle and a float.
    fn takes_angles_apart(&self) -> bool {
        let exprs = &self.circuit.exprs;
        let is_angle = |id: ExprId| match exprs.node(id) {
            Node::Var(k) => matches!(self.circuit.vars.get(k as usize), Some(Type::Angle(_))),
            Node::Cast(ty, _) => matches!(ty, Type::Angle(_)),
            _ => false,
        };
        let is_float = |id: ExprId| matches!(exprs.node(id), Node::Const(Value::Float(_)));
        exprs.nodes().iter().any(|node| {
            matches!(*node, Node::Binary(Binary::Times, a, b)
                if is_angle(a) && is_float(b) || is_float(a) && is_angle(b))
        })
    }

    pub(super) fn branch(
        &mut self,
        condition: ExprId,
        then: BlockId,
        otherwise: Option<BlockId>,
        span: Span,
    ) {
        match self.form {
            Emit::OpenQasm3 => {
                let condition = self.condition(condition);
                self.body(&format!("if {condition} {{"), then);
                if let Some(otherwise) = otherwise {
                    // `} else {` on one line, as people write it.
                    self.out.truncate(self.out.trim_end().len());
                    self.out.push_str(" else {\n");
                    self.inside(otherwise);
                }
            }
            Emit::OpenQasm2 => self.conditional(condition, then, otherwise, span),
            Emit::Braket => match self.circuit.exprs.node(condition) {
                Node::Bit(bit) if otherwise.is_none() && self.names.feedback.contains(&bit) => {
                    self.conditional_gate(bit, then, span);
                }
                _ => self.refuse(span, "a condition on a measurement", RUN_HERE),
            },
        }
    }

    /// An expression in exactly one pair of parentheses.
    fn condition(&self, id: ExprId) -> String {
        let text = self.expression(id);
        match self.circuit.exprs.node(id) {
            Node::Binary(..) | Node::Unary(..) => text,
            _ => format!("({text})"),
        }
    }

    fn body(&mut self, head: &str, block: BlockId) {
        self.line(head);
        self.inside(block);
    }

    fn inside(&mut self, block: BlockId) {
        let circuit = self.circuit;
        self.indent += 1;
        self.block(circuit.block(block));
        self.indent -= 1;
        self.line("}");
    }

    /// Loops, assignments and jumps.
    pub(super) fn control(&mut self, op: &'a Op, span: Span) {
        if self.form != Emit::OpenQasm3 {
            let help = if self.form == Emit::Braket { RUN_HERE } else { WRITE_THREE };
            return self.refuse(span, "classical control at run time", help);
        }
        match *op {
            Op::While { condition, body } => {
                let condition = self.condition(condition);
                self.body(&format!("while {condition} {{"), body);
            }
            Op::Assign { place, value } => self.assign(place, value),
            Op::Break => self.line("break;"),
            Op::Continue => self.line("continue;"),
            Op::End => self.line("end;"),
            _ => {}
        }
    }

    fn assign(&mut self, place: Place, value: ExprId) {
        let text = self.expression(value);
        match place {
            Place::Var(k) => {
                let name = self.names.vars.get(k as usize).cloned().unwrap_or_default();
                self.line(&format!("{name} = {text};"));
            }
            Place::Bits { first, len: 1 } => {
                let name = self.bit(first).to_owned();
                self.line(&format!("{name} = {};", as_bit(self.circuit.exprs.node(value), &text)));
            }
            Place::Bits { first, len } => {
                let whole = self.circuit.registers.iter().any(|r| r.first == first && r.size == len);
                if whole {
                    let name = self.register_of(first);
                    self.line(&format!("{name} = {}({text});", type_text(Type::Bits(len))));
                } else {
                    for k in 0..len {
                        let name = self.bit(first + k).to_owned();
                        let known = match self.circuit.exprs.node(value) {
                            Node::Const(value) => value.integer(),
                            _ => None,
                        };
                        let bit = known.map_or_else(
                            || format!("({text} >> {k}) & 1"),
                            |n| u8::from(k < 64 && n >> k & 1 == 1).to_string(),
                        );
                        self.line(&format!("{name} = bit({bit});"));
                    }
                }
            }
        }
    }

    /// `if(c==n)` before each statement: the one condition of OpenQASM 2.
    fn conditional(&mut self, condition: ExprId, then: BlockId, otherwise: Option<BlockId>, span: Span) {
        const HELP: &str = "OpenQASM 2 compares a whole register with a number; write OpenQASM 3";
        let Some((first, len, number)) = self.comparison(condition).filter(|_| otherwise.is_none()) else {
            return self.refuse(span, "this condition", HELP);
        };
        let circuit = self.circuit;
        let body = circuit.block(then);
        let simple = |op: &Op| match op {
            Op::Gate(_) | Op::Unitary { .. } | Op::Reset { .. } => true,
            Op::Measure { bit, .. } => bit.is_some_and(|b| !(first..first + len).contains(&b)),
            _ => false,
        };
        if !self.prefix.is_empty() || !body.ops.iter().all(simple) {
            return self.refuse(span, "this conditional block", HELP);
        }
        self.prefix = format!("if({}=={number}) ", self.register_of(first));
        self.block(body);
        self.prefix.clear();
    }

    /// A condition as (first bit, bits, number) of one whole register.
    fn comparison(&self, condition: ExprId) -> Option<(u32, u32, u64)> {
        let whole = |first: u32, len: u32| {
            self.circuit.registers.iter().any(|r| r.first == first && r.size == len).then_some((first, len))
        };
        let register = |id: ExprId| match self.plain(id) {
            Node::Bit(bit) => whole(bit, 1),
            Node::Bits(first, len) => whole(first, len),
            _ => None,
        };
        match self.plain(condition) {
            Node::Bit(bit) => whole(bit, 1).map(|(first, len)| (first, len, 1)),
            Node::Unary(crate::circuit::classical::Unary::Not, of) => {
                register(of).filter(|r| r.1 == 1).map(|(first, len)| (first, len, 0))
            }
            Node::Binary(Binary::Same, a, b) => {
                let (register, other) =
                    register(a).map(|r| (r, b)).or_else(|| register(b).map(|r| (r, a)))?;
                let Node::Const(value) = self.plain(other) else { return None };
                let number = match value {
                    Value::Bool(b) => u64::from(b),
                    Value::Uint(n) => n,
                    Value::Int(n) => u64::try_from(n).ok()?,
                    Value::Float(_) => return None,
                };
                Some((register.0, register.1, number))
            }
            _ => None,
        }
    }

    /// A node without the casts that do not change its value here.
    fn plain(&self, id: ExprId) -> Node {
        match self.circuit.exprs.node(id) {
            Node::Cast(Type::Bool | Type::Int(32..) | Type::Uint(32..) | Type::Bits(_), of)
                if !matches!(self.circuit.exprs.node(of), Node::Const(Value::Float(_))) =>
            {
                self.plain(of)
            }
            node => node,
        }
    }

    pub(super) fn feedback_key(&self, bit: u32) -> String {
        let name = self.circuit.registers.iter().find(|r| r.first == bit).map_or("", |r| r.name.as_str());
        name.strip_prefix("feedback_").unwrap_or("0").to_owned()
    }

    /// `cc_prx`: the one gate that may wait for a feedback key.
    fn conditional_gate(&mut self, bit: u32, then: BlockId, span: Span) {
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
            let text = format!("cc_prx({}, {key}) {qubit};", angles.join(", "));
            self.line(&text);
        }
    }
}

/// A value where one bit goes; a truth value is one already.
fn as_bit(node: Node, text: &str) -> String {
    match node {
        Node::Bit(_) | Node::Const(Value::Bool(_)) => text.to_owned(),
        _ => format!("bit({text})"),
    }
}
