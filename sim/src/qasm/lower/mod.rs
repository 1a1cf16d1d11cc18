//! The tree into a circuit: names resolved, definitions and loops unrolled, angles kept symbolic.
//!
//! Classical control is evaluated here when it does not depend on a measurement or a free input,
//! and kept as control flow when it does. Everything is counted before it is expanded.

mod array;
mod call;
mod control;
pub(crate) use control::rounds;
mod declare;
mod leave;
mod library;
mod measure;
mod operand;
mod plain;
mod power;
mod pragma;
mod scope;
mod subroutine;
mod suggest;
mod timing;
mod value;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::rc::Rc;

use scope::{Entry, Scopes, Symbol, Term};

use super::ast::{Expr, GateDef, Name, Stmt, StmtKind};
use super::{Inputs, Program};
use crate::circuit::classical::{Node, Value};
use crate::circuit::{BitRegister, Block, BlockId, Circuit, Op, QubitLabels, QubitRange};
use crate::diagnostic::{Diagnostic, Severity, Span};
use crate::limits;

/// Something cannot be lowered; its diagnostic is noted.
pub(super) struct Lost;

type Lowered<T> = Result<T, Lost>;

/// Where control goes after a statement.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Flow {
    Next,
    Break,
    Continue,
    End,
    Return(Option<Term>),
}

/// Lowering in progress.
pub(super) struct Lowering<'a> {
    circuit: Circuit,
    blocks: Vec<Block>,
    scopes: Scopes,
    inputs: &'a Inputs,
    diagnostics: Vec<Diagnostic>,
    physical: BTreeMap<u32, u32>,
    /// Where the first hardware qubit is named.
    first_physical: Option<Span>,
    /// That both kinds of qubits are named is said once.
    mixed: bool,
    register_labels: Vec<(String, u32)>,
    /// Value of each stored bit, while it is known.
    bits: Vec<Option<bool>>,
    explicit_outputs: Vec<String>,
    /// Names whose declaration was wrong: their uses are not reported again.
    broken: HashSet<String>,
    /// Calls we are inside of, outermost first.
    calls: Vec<(Span, String)>,
    /// Gates with modifiers are gathered here before they are written.
    recording: Option<Vec<call::Inst>>,
    /// Blocks that run only under a condition known at run time.
    conditional: u32,
    /// How the loops around us are left, outermost first.
    exits: Vec<leave::Exit>,
    /// Where early returns of the subroutines around us go, outermost first.
    returns: Vec<leave::Return>,
    /// A verbatim pragma was read; its box must follow.
    verbatim_next: Option<Span>,
    box_is_verbatim: bool,
    feedback: BTreeMap<u64, u32>,
    /// Gates of the libraries that were called, with the number of gates each expands to.
    library: HashMap<&'static str, (Rc<GateDef>, u64)>,
    last_barrier: Option<QubitRange>,
    /// A gate calls one that is not defined before it, so that sizes are not known in advance.
    forward: bool,
    gates: u64,
    steps: u64,
    /// Nothing more is lowered: a limit was reached, or too much is wrong.
    over: bool,
    /// How many errors there were, repetitions included.
    wrong: u64,
    /// Gates in whose bodies something was wrong at a call, which is said once, whatever other calls
    /// would say.
    broken_gates: HashSet<String>,
}

/// A circuit with its warnings, or what is wrong.
pub fn lower(program: &Program, inputs: &Inputs) -> Result<(Circuit, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut lowering = Lowering {
        circuit: Circuit::default(),
        blocks: vec![Block::default()],
        scopes: Scopes::new(),
        inputs,
        diagnostics: Vec::new(),
        physical: BTreeMap::new(),
        first_physical: program.physical.values().min().copied(),
        mixed: false,
        register_labels: Vec::new(),
        bits: Vec::new(),
        explicit_outputs: Vec::new(),
        broken: HashSet::new(),
        calls: Vec::new(),
        recording: None,
        conditional: 0,
        exits: Vec::new(),
        returns: Vec::new(),
        verbatim_next: None,
        box_is_verbatim: false,
        feedback: BTreeMap::new(),
        library: HashMap::new(),
        last_barrier: None,
        forward: false,
        gates: 0,
        steps: 0,
        over: false,
        wrong: 0,
        broken_gates: HashSet::new(),
    };
    lowering.physical = program.physical.keys().enumerate().map(|(i, &label)| (label, i as u32)).collect();
    lowering.circuit.n_qubits = lowering.physical.len() as u32;
    let _flow = lowering.statements(&program.statements);
    lowering.surplus(program);
    lowering.finish()
}

impl Lowering<'_> {
    /// Values for inputs that the program does not declare are worth a word: often a name is misspelt.
    fn surplus(&mut self, program: &Program) {
        if self.inputs.is_empty() {
            return;
        }
        let declared: Vec<&str> = program
            .statements
            .iter()
            .filter_map(
                |s| if let StmtKind::Input(_, name) = &s.kind { Some(name.text.as_str()) } else { None },
            )
            .collect();
        for name in self.inputs.keys().filter(|n| !declared.contains(&n.as_str())) {
            let message = format!("the program has no input `{name}`");
            let help = match suggest::nearest(name, declared.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None if declared.is_empty() => "leave the value out".to_owned(),
                None => format!("it has {}", declared.join(", ")),
            };
            self.diagnostics.push(Diagnostic::warning("SB5057", Span::default(), message).with_help(help));
        }
    }

    fn finish(mut self) -> Result<(Circuit, Vec<Diagnostic>), Vec<Diagnostic>> {
        if self.diagnostics.iter().any(|d| d.severity == crate::diagnostic::Severity::Error) {
            return Err(self.diagnostics);
        }
        let mut circuit = self.circuit;
        circuit.ops = self.blocks.swap_remove(0);
        circuit.labels = if self.physical.is_empty() {
            QubitLabels::Registers(self.register_labels)
        } else {
            QubitLabels::Physical(self.physical.keys().copied().collect())
        };
        if !self.explicit_outputs.is_empty() {
            // Values that are no bits have no column; where only such are named, the bits stay.
            let named = |r: &BitRegister| self.explicit_outputs.contains(&r.name);
            if circuit.registers.iter().any(named) {
                circuit.registers.iter_mut().for_each(|r| r.visible = named(r));
            }
        }
        super::settle::drop_constants(&mut circuit, false);
        super::settle::name_outcomes(&mut circuit);
        Ok((circuit, self.diagnostics))
    }

    fn note(&mut self, diagnostic: Diagnostic) {
        self.wrong += u64::from(diagnostic.severity == Severity::Error);
        let mut diagnostic = diagnostic;
        if let Some((span, name)) = self.calls.last() {
            diagnostic = diagnostic.with_related(*span, format!("in this call of `{name}`"));
        }
        // A broadcast or a loop says the same thing once.
        let again = |d: &Diagnostic| d.code == diagnostic.code && d.span == diagnostic.span;
        if !self.diagnostics.iter().any(again) {
            self.diagnostics.push(diagnostic);
        }
        if self.diagnostics.len() >= limits::DIAGNOSTICS {
            self.over = true;
        }
    }

    fn error<T>(
        &mut self,
        code: &'static str,
        span: Span,
        message: impl Into<String>,
        help: &str,
    ) -> Lowered<T> {
        self.note(Diagnostic::error(code, span, message).with_help(help));
        Err(Lost)
    }

    /// The limit ends the work: going on would only repeat it.
    fn limit<T>(&mut self, span: Span, what: &str, most: u64) -> Lowered<T> {
        if self.over {
            return Err(Lost);
        }
        self.over = true;
        self.error("SB5014", span, format!("more than {most} {what}"), "make the program smaller")
    }

    fn statements(&mut self, statements: &[Stmt]) -> Flow {
        for statement in statements {
            if self.over {
                return Flow::End;
            }
            match self.statement(statement) {
                Ok(Flow::Next) => {}
                Err(Lost) => {
                    if let Some(name) = declared(&statement.kind) {
                        self.broken.insert(name.text.clone());
                    }
                }
                Ok(flow) => return flow,
            }
        }
        Flow::Next
    }

    /// Statements in a scope of their own.
    fn block(&mut self, statements: &[Stmt]) -> Flow {
        self.scopes.open();
        let flow = self.statements(statements);
        self.scopes.close();
        flow
    }

    /// Statements that run only if something known at run time says so.
    fn conditional_block(&mut self, statements: &[Stmt]) -> (BlockId, Flow) {
        self.blocks.push(Block::default());
        self.conditional += 1;
        let flow = self.block(statements);
        self.conditional -= 1;
        let block = self.blocks.pop().unwrap_or_default();
        self.circuit.blocks.push(block);
        (BlockId(self.circuit.blocks.len() as u32 - 1), flow)
    }

    fn push(&mut self, op: Op, span: Span) {
        if let Some(block) = self.blocks.last_mut() {
            block.push(op, span);
        }
    }

    fn range(&mut self, qubits: &[u32]) -> QubitRange {
        let start = self.circuit.qubits.len() as u32;
        self.circuit.qubits.extend_from_slice(qubits);
        QubitRange { start, len: qubits.len() as u32 }
    }

    /// The same qubits as the barrier before are not written again: some programs have one in each layer.
    fn barrier(&mut self, operands: &[Expr], span: Span) -> Lowered<()> {
        let mut all = Vec::new();
        for operand in operands {
            all.extend(self.qubits(operand)?.list);
        }
        let known = self.last_barrier.filter(|range| self.circuit.qubit_range(*range) == all);
        self.count(1 + if known.is_some() { 0 } else { all.len() as u64 / 16 }, span)?;
        let qubits = known.unwrap_or_else(|| self.range(&all));
        self.last_barrier = Some(qubits);
        self.push(Op::Barrier { qubits }, span);
        Ok(())
    }

    /// Counts gates before they are written.
    fn count(&mut self, gates: u64, span: Span) -> Lowered<()> {
        self.gates = self.gates.saturating_add(gates);
        if self.gates > limits::GATES {
            return self.limit(span, "gates", limits::GATES);
        }
        Ok(())
    }

    fn step(&mut self, span: Span) -> Lowered<()> {
        self.steps += 1;
        if self.steps > limits::LOOP_STEPS {
            return self.limit(span, "rounds of loops and calls of subroutines", limits::LOOP_STEPS);
        }
        Ok(())
    }

    /// Counts elements that are copied: a few hundred cost as much as a round of a loop.
    fn work(&mut self, elements: usize, span: Span) -> Lowered<()> {
        self.steps = self.steps.saturating_add(elements as u64 / 256);
        if elements < 256 { Ok(()) } else { self.step(span) }
    }

    fn declare(&mut self, name: &Name, symbol: Symbol) -> Lowered<()> {
        match self.scopes.declare(&name.text, symbol, name.span) {
            Ok(()) => Ok(()),
            Err(first) => {
                let diagnostic =
                    Diagnostic::error("SB5020", name.span, format!("`{}` is declared twice", name.text))
                        .with_label("declared again")
                        .with_related(first, "first declared here")
                        .with_help("choose another name");
                self.note(diagnostic);
                Err(Lost)
            }
        }
    }

    fn find(&mut self, name: &str, span: Span) -> Lowered<Entry> {
        if let Some(entry) = self.scopes.find(name) {
            return Ok(entry.clone());
        }
        if self.broken.contains(name) {
            return Err(Lost);
        }
        if let Some(declared) = self.scopes.hidden(name) {
            let message = format!("`{name}` cannot be seen here: bodies see constants only");
            self.note(
                Diagnostic::error("SB5021", span, message)
                    .with_label("not visible")
                    .with_related(declared, "declared outside")
                    .with_help("pass it as an argument, or make it a `const`"),
            );
            return Err(Lost);
        }
        let near = suggest::value(name, self.scopes.names());
        self.broken.insert(name.to_owned());
        let mut diagnostic =
            Diagnostic::error("SB5021", span, format!("`{name}` is not declared")).with_label("not declared");
        diagnostic = match near {
            Some(near) => diagnostic.with_help(format!("did you mean `{near}`?")).with_fix(span, near, false),
            None => diagnostic.with_help("declare it before it is used"),
        };
        self.note(diagnostic);
        Err(Lost)
    }

    /// The term as an expression of the pool.
    fn expr_id(&mut self, term: Term) -> crate::circuit::classical::ExprId {
        match term {
            Term::Known(value) => self.circuit.exprs.push(Node::Const(value)),
            Term::Expr(id) => id,
        }
    }

    #[allow(clippy::too_many_lines, reason = "one line for each statement")]
    fn statement(&mut self, statement: &Stmt) -> Lowered<Flow> {
        let span = statement.span;
        if let Some(pragma) = self.verbatim_next.take() {
            self.box_is_verbatim = matches!(statement.kind, StmtKind::Box(..));
            if !self.box_is_verbatim {
                self.error::<()>(
                    "SB5044",
                    pragma,
                    "a verbatim pragma stands before a box",
                    "write `box { … }` after it",
                )?;
            }
        }
        match &statement.kind {
            StmtKind::Version(_) | StmtKind::Include(_) | StmtKind::Annotation(_) => {}
            StmtKind::Qubits(size, name) => self.declare_qubits(size.as_ref(), name)?,
            StmtKind::Declare { constant, ty, name, value } => {
                self.declare_value(*constant, ty, name, value.as_ref())?;
            }
            StmtKind::Input(ty, name) => {
                self.at_top("inputs are declared", name.span)?;
                self.declare_input(ty, name)?;
            }
            StmtKind::Output(ty, name) => {
                self.at_top("outputs are declared", name.span)?;
                self.explicit_outputs.push(name.text.clone());
                self.declare_value(false, ty, name, None)?;
            }
            StmtKind::Alias(name, value) => self.alias(name, value)?,
            StmtKind::Gate(def) => self.define_gate(def, span)?,
            StmtKind::Def(def) => {
                self.at_top("subroutines are defined", def.name.span)?;
                self.declare(&def.name, Symbol::Def(std::rc::Rc::new((**def).clone())))?;
            }
            StmtKind::Call(call) => self.call(call, span)?,
            StmtKind::Run(run) => return self.run(run),
            StmtKind::Measure { qubits, target } => self.measure(qubits, target.as_ref(), span)?,
            StmtKind::Reset(_) if self.recording.is_some() => {
                self.error("SB5035", span, "a gate with a reset takes no modifiers", "call it without")?;
            }
            StmtKind::Reset(qubits) => {
                for qubit in self.qubits(qubits)?.list {
                    self.count(1, span)?;
                    self.push(Op::Reset { qubit }, span);
                }
            }
            StmtKind::Barrier(operands) => {
                self.barrier(operands, span)?;
            }
            StmtKind::Delay(time, operands) => self.delay(time, operands, span)?,
            StmtKind::Assign { target, op, value } => self.assign(target, *op, value, span)?,
            StmtKind::If(condition, then, otherwise) => return self.branch(condition, then, otherwise, span),
            StmtKind::For(_, name, over, body) => return self.for_loop(name, over, body, span),
            StmtKind::While(condition, body) => return self.while_loop(condition, body, span),
            StmtKind::Switch(value, cases, default) => {
                return self.switch(value, cases, default.as_deref(), span);
            }
            StmtKind::Box(time, body) => {
                time.as_ref().map(|time| self.duration(time)).transpose()?;
                return self.boxed(body, span);
            }
            StmtKind::Scope(body) => return Ok(self.block(body)),
            StmtKind::Return(value) => {
                let value = value.as_ref().map(|v| self.value(v)).transpose()?;
                return Ok(Flow::Return(value));
            }
            StmtKind::Break => return Ok(Flow::Break),
            StmtKind::Continue => return Ok(Flow::Continue),
            StmtKind::End => {
                if self.conditional > 0 {
                    self.push(Op::End, span);
                }
                return Ok(Flow::End);
            }
            StmtKind::Value(value) => {
                self.call_for_effect(value)?;
            }
            StmtKind::Pragma(pragma) => self.pragma(pragma, span)?,
            StmtKind::Kept(text) => self.kept(text, span),
        }
        Ok(Flow::Next)
    }

    /// `opaque`, `extern` and pulse definitions declare a name that only a device understands.
    fn kept(&mut self, text: &str, span: Span) {
        let mut words = text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|w| !w.is_empty());
        match (words.next(), words.next()) {
            (Some("opaque" | "extern"), Some(name)) => {
                let _first_wins = self.scopes.declare(name, Symbol::Kept, span);
            }
            (Some("cal" | "defcal"), _) => {
                self.circuit.pulses.get_or_insert(span);
            }
            _ => {}
        }
    }
}

/// The name that a statement declares.
fn declared(kind: &StmtKind) -> Option<&Name> {
    match kind {
        StmtKind::Qubits(_, name)
        | StmtKind::Declare { name, .. }
        | StmtKind::Input(_, name)
        | StmtKind::Output(_, name)
        | StmtKind::Alias(name, _) => Some(name),
        StmtKind::Gate(def) => Some(&def.name),
        StmtKind::Def(def) => Some(&def.name),
        _ => None,
    }
}

/// A known integer, where a value is one.
fn integer(term: Term) -> Option<i64> {
    match term {
        Term::Known(value) => value.integer(),
        Term::Expr(_) => None,
    }
}

/// A known number, where a value is one.
fn number(term: Term) -> Option<f64> {
    match term {
        Term::Known(value) => Value::number(value),
        Term::Expr(_) => None,
    }
}
