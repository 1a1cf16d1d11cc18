//! Where everything stands: wires, columns, and what each column holds.

use super::marks::{Mark, angle, marks, qubit_name, request};
use super::{OPERATIONS, WIRES};
use crate::circuit::classical::{ExprId, Node};
use crate::circuit::{Block, Circuit, Op};
use crate::qasm::emit::expression;

/// A picture before it is drawn.
pub(super) struct Picture {
    /// From top to bottom.
    pub wires: Vec<Wire>,
    /// From left to right.
    pub columns: Vec<Column>,
    /// Lines below the picture.
    pub notes: Vec<String>,
}

/// One line of the picture.
pub(super) struct Wire {
    /// What stands at its left.
    pub label: String,
    /// Stands for several idle or folded qubits; nothing is drawn on it.
    pub folded: bool,
}

/// What stands above one another.
pub(super) type Column = Vec<Item>;

/// One thing in a column, between two wires.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Item {
    /// First wire.
    pub top: usize,
    /// Last wire.
    pub bottom: usize,
    /// What.
    pub shape: Shape,
}

/// What is drawn between the two wires of an item.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Shape {
    /// Marks joined by a line, barriers excepted.
    Marks(Vec<Placed>),
    /// A border of a body, with its title.
    Fence(String),
    /// Operations that were left out.
    Fold(usize),
}

/// A mark on a wire, or on several neighbours that share one box.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Placed {
    /// First wire.
    pub top: usize,
    /// Last wire.
    pub bottom: usize,
    /// What.
    pub mark: Mark,
}

/// One step of the flattened circuit.
enum Step<'a> {
    Op(&'a Op),
    /// Title, qubits, and the condition that must be known before.
    Fence(String, Vec<u32>, Option<ExprId>),
    Fold(usize),
}

/// Lays a circuit out.
pub(super) fn layout(circuit: &Circuit) -> Picture {
    let mut steps = Vec::new();
    flatten(circuit, &circuit.ops, OPERATIONS, &mut steps);
    let (wires, wire_of) = wires(circuit);
    let known = vec![0; circuit.n_bits() as usize];
    let mut sheet = Sheet { columns: Vec::new(), front: vec![0; wires.len()], known };
    for step in steps {
        match step {
            Step::Op(op) => {
                sheet.place_marks(&wire_of, marks(circuit, op));
                if let Op::Measure { qubit, bit: Some(bit) } = op
                    && let Some(wire) = wire_of.get(*qubit as usize).copied().flatten()
                {
                    sheet.known[*bit as usize] = sheet.front[wire];
                }
            }
            Step::Fence(title, qubits, condition) => {
                let on = qubits.iter().filter_map(|q| wire_of.get(*q as usize).copied().flatten());
                let (top, bottom) = on.fold((usize::MAX, 0), |(t, b), w| (t.min(w), b.max(w)));
                if top <= bottom {
                    let bits = condition.map(|id| bits_of(circuit, id)).unwrap_or_default();
                    sheet.wait_for(top, &bits);
                    sheet.place(top, bottom, Shape::Fence(title));
                }
            }
            Step::Fold(n) => sheet.place(0, wires.len().saturating_sub(1), Shape::Fold(n)),
        }
    }
    Picture { wires, columns: sheet.columns, notes: notes(circuit) }
}

/// Whether neighbours with this mark are drawn as one tall box.
fn shares_a_box(mark: &Mark) -> bool {
    matches!(mark, Mark::Box(_) | Mark::Noise(_))
}

struct Sheet {
    columns: Vec<Column>,
    /// First free column of each wire.
    front: Vec<usize>,
    /// First column in which each bit is known.
    known: Vec<usize>,
}

impl Sheet {
    /// Moves a wire on to where some bits are known: a condition stands right of what it depends on.
    fn wait_for(&mut self, wire: usize, bits: &[u32]) {
        let from = bits.iter().filter_map(|&b| self.known.get(b as usize)).copied().max().unwrap_or(0);
        if let Some(front) = self.front.get_mut(wire) {
            *front = from.max(*front);
        }
    }

    fn place_marks(&mut self, wire_of: &[Option<usize>], marks: Vec<(u32, Mark)>) {
        let on = |q: u32| wire_of.get(q as usize).copied().flatten();
        let mut list: Vec<_> = marks.into_iter().filter_map(|(q, m)| Some((on(q)?, m))).collect();
        list.sort_by_key(|(w, _)| *w);
        let mut placed: Vec<Placed> = Vec::new();
        for (wire, mark) in list {
            match placed.last_mut() {
                Some(p) if p.bottom + 1 == wire && p.mark == mark && shares_a_box(&mark) => p.bottom = wire,
                _ => placed.push(Placed { top: wire, bottom: wire, mark }),
            }
        }
        if let (Some(top), Some(bottom)) = (placed.first().map(|p| p.top), placed.last().map(|p| p.bottom)) {
            self.place(top, bottom, Shape::Marks(placed));
        }
    }

    /// Puts a shape in the first column that is free from `top` to `bottom`.
    fn place(&mut self, top: usize, bottom: usize, shape: Shape) {
        let Some(range) = self.front.get_mut(top..=bottom) else { return };
        let column = range.iter().copied().max().unwrap_or(0);
        range.fill(column + 1);
        while column >= self.columns.len() {
            self.columns.push(Vec::new());
        }
        self.columns[column].push(Item { top, bottom, shape });
    }
}

/// The wires to draw, and the wire of each qubit.
fn wires(circuit: &Circuit) -> (Vec<Wire>, Vec<Option<usize>>) {
    let n = circuit.n_qubits as usize;
    let mut wires = Vec::new();
    let mut wire_of = vec![None; n];
    let crowded = n > WIRES;
    let busy = if crowded { busy(circuit) } else { vec![true; n] };
    let mut left_out = 0;
    for q in 0..n {
        if busy[q] && wires.len() < WIRES {
            fold(&mut wires, &mut left_out);
            wire_of[q] = Some(wires.len());
            wires.push(Wire { label: qubit_name(circuit, q as u32), folded: false });
        } else {
            left_out += 1;
        }
    }
    fold(&mut wires, &mut left_out);
    (wires, wire_of)
}

fn fold(wires: &mut Vec<Wire>, left_out: &mut usize) {
    if *left_out > 0 {
        wires.push(Wire { label: format!("({left_out} more)"), folded: true });
        *left_out = 0;
    }
}

fn busy(circuit: &Circuit) -> Vec<bool> {
    let mut out = vec![false; circuit.n_qubits as usize];
    circuit.walk(&mut |op, _| {
        for q in circuit.op_qubits(op) {
            out[*q as usize] = true;
        }
    });
    out
}

/// How many operations a step of a block stands for.
fn weight(circuit: &Circuit, op: &Op) -> usize {
    let inside = |block: &Block| block.ops.iter().map(|o| weight(circuit, o)).sum::<usize>();
    match op {
        Op::Box { body, .. } | Op::While { body, .. } => 2 + inside(circuit.block(*body)),
        Op::If { then, otherwise, .. } => {
            2 + inside(circuit.block(*then)) + otherwise.map_or(0, |o| 1 + inside(circuit.block(o)))
        }
        _ => 1,
    }
}

/// The steps of a block, at most about `budget`: of a longer one its beginning and its end.
fn flatten<'a>(circuit: &'a Circuit, block: &'a Block, budget: usize, steps: &mut Vec<Step<'a>>) {
    let weights: Vec<usize> = block.ops.iter().map(|op| weight(circuit, op)).collect();
    let total: usize = weights.iter().sum();
    if total <= budget {
        for op in &block.ops {
            push(circuit, op, budget, steps);
        }
        return;
    }
    let half = (budget / 2).max(1);
    let fitting = |weights: &mut dyn Iterator<Item = &usize>| {
        let mut sum = 0;
        weights
            .take_while(|w| {
                sum += **w;
                sum <= half
            })
            .count()
            .max(1)
    };
    let head = fitting(&mut weights.iter()).min(weights.len());
    let tail = fitting(&mut weights.iter().rev()).min(weights.len() - head);
    let end = weights.len() - tail;
    for op in &block.ops[..head] {
        push(circuit, op, half, steps);
    }
    if head < end {
        steps.push(Step::Fold(weights[head..end].iter().sum()));
    }
    for op in &block.ops[end..] {
        push(circuit, op, half, steps);
    }
}

fn push<'a>(circuit: &'a Circuit, op: &'a Op, budget: usize, steps: &mut Vec<Step<'a>>) {
    let on = |blocks: &[&Block]| blocks.iter().flat_map(|b| touched(circuit, b)).collect::<Vec<u32>>();
    let end = |steps: &mut Vec<Step<'a>>, qubits| steps.push(Step::Fence(String::new(), qubits, None));
    match op {
        Op::Box { body, verbatim } => {
            let body = circuit.block(*body);
            let qubits = on(&[body]);
            let title = if *verbatim { "verbatim" } else { "box" };
            steps.push(Step::Fence(title.to_owned(), qubits.clone(), None));
            flatten(circuit, body, budget, steps);
            end(steps, qubits);
        }
        Op::While { condition, body } => {
            let body = circuit.block(*body);
            let qubits = on(&[body]);
            steps.push(Step::Fence(title("while", circuit, *condition), qubits.clone(), Some(*condition)));
            flatten(circuit, body, budget, steps);
            end(steps, qubits);
        }
        Op::If { condition, then, otherwise } => {
            let then = circuit.block(*then);
            let otherwise = otherwise.map(|o| circuit.block(o));
            let qubits = otherwise.map_or_else(|| on(&[then]), |o| on(&[then, o]));
            steps.push(Step::Fence(title("if", circuit, *condition), qubits.clone(), Some(*condition)));
            flatten(circuit, then, budget, steps);
            if let Some(body) = otherwise {
                steps.push(Step::Fence("else".to_owned(), qubits.clone(), None));
                flatten(circuit, body, budget, steps);
            }
            end(steps, qubits);
        }
        _ => steps.push(Step::Op(op)),
    }
}

/// Characters of a condition that a title shows.
const CONDITION: usize = 28;

fn title(word: &str, circuit: &Circuit, condition: ExprId) -> String {
    let text = expression(circuit, condition);
    let inner = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')).unwrap_or(&text);
    let short: String = inner.chars().take(CONDITION).collect();
    format!("{word} {short}{}", if short.len() < inner.len() { "…" } else { "" })
}

/// The bits that an expression reads; every bit where it reads a variable, which may hold any.
fn bits_of(circuit: &Circuit, id: ExprId) -> Vec<u32> {
    match circuit.exprs.node(id) {
        Node::Const(_) | Node::Input(_) => Vec::new(),
        Node::Var(_) => (0..circuit.n_bits()).collect(),
        Node::Bit(bit) => vec![bit],
        Node::Bits(first, len) => (first..first + len).collect(),
        Node::Unary(_, a) | Node::Cast(_, a) => bits_of(circuit, a),
        Node::Binary(_, a, b) | Node::Call(_, a, b) => [bits_of(circuit, a), bits_of(circuit, b)].concat(),
    }
}

/// The qubits that a body acts on.
fn touched(circuit: &Circuit, block: &Block) -> Vec<u32> {
    let mut out = Vec::new();
    for op in &block.ops {
        match op {
            Op::Box { body, .. } | Op::While { body, .. } => {
                out.extend(touched(circuit, circuit.block(*body)))
            }
            Op::If { then, otherwise, .. } => {
                out.extend(touched(circuit, circuit.block(*then)));
                if let Some(o) = otherwise {
                    out.extend(touched(circuit, circuit.block(*o)));
                }
            }
            _ => out.extend(circuit.op_qubits(op)),
        }
    }
    out
}

fn notes(circuit: &Circuit) -> Vec<String> {
    let mut out = Vec::new();
    if circuit.global_phase != 0.0 {
        out.push(format!("global phase {}", angle(circuit.global_phase)));
    }
    out.extend(circuit.results.iter().map(|r| request(circuit, &r.kind)));
    out
}
