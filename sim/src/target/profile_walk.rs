//! Walks the tree of a program with the eyes of one reader.

use super::Refusal;
use super::profile::{Profile, refusal};
use crate::circuit::gates::ROWS;
use crate::circuit::{Circuit, Gate, Op, QubitLabels};
use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::qasm::Program;
use crate::qasm::ast::{
    BinaryOp, Call, Expr, ExprKind, Index, Modifier, Name, Over, Pragma, ResultSpec, Stmt, StmtKind, TypeKind,
};

/// Rounds that Braket's simulator unrolls at most. Source: its interpreter, 1.41.2.
const LOCAL_ROUNDS: i128 = 1000;

pub(super) struct Walk<'a> {
    profile: Profile,
    sources: &'a Sources,
    /// Gates that the program defines itself.
    own: Vec<String>,
    qubit_registers: u32,
    bit_registers: u32,
    /// Whether the next box is verbatim.
    verbatim: bool,
    first_measurement: Option<Span>,
    asks_results: bool,
    pub(super) found: Vec<Refusal>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(profile: Profile, sources: &'a Sources) -> Self {
        Self {
            profile,
            sources,
            own: Vec::new(),
            qubit_registers: 0,
            bit_registers: 0,
            verbatim: false,
            first_measurement: None,
            asks_results: false,
            found: Vec::new(),
        }
    }

    fn service(&self) -> bool {
        self.profile == Profile::Service
    }

    fn push(&mut self, code: &'static str, severity: Severity, diagnostic: Diagnostic) {
        if self.found.len() < crate::limits::DIAGNOSTICS {
            self.found.push(refusal(code, severity, diagnostic, self.sources));
        }
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.push(code, Severity::Error, Diagnostic::error(code, span, message));
    }

    fn warn(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        self.push(code, Severity::Warning, Diagnostic::error(code, span, message));
    }

    /// Refused by the service only.
    fn not_served(&mut self, code: &'static str, span: Span, message: impl Into<String>) {
        if self.service() {
            self.error(code, span, message);
        }
    }

    pub(super) fn program(&mut self, program: &Program) {
        if let [_, other, ..] = self.sources.files()
            && !other.name.ends_with("(source)")
        {
            let span = Span::new(other.base, other.base);
            self.error("SB4030", span, format!("{} is included", other.name));
        }
        self.statements(&program.statements);
        if let (true, true, Some(span)) = (self.service(), self.asks_results, self.first_measurement) {
            self.error("SB4022", span, "qubits are measured although results are asked for");
        }
    }

    /// What only the lowered circuit shows.
    pub(super) fn circuit(&mut self, circuit: &Circuit) {
        let registers = matches!(circuit.labels, QubitLabels::Registers(_));
        if self.service() || self.first_measurement.is_some() || !registers {
            return;
        }
        let mut touched = vec![false; circuit.n_qubits as usize];
        circuit.walk(&mut |op, _| {
            if !matches!(op, Op::Barrier { .. } | Op::Delay { .. }) {
                circuit.op_qubits(op).iter().for_each(|&q| touched[q as usize] = true);
            }
        });
        if let Some(q) = touched.iter().position(|t| !t) {
            self.warn(
                "SB4048",
                Span::default(),
                format!("qubit {q} is declared, not touched and not measured"),
            );
        }
    }

    fn statements(&mut self, statements: &[Stmt]) {
        for statement in statements {
            self.statement(statement);
        }
    }

    fn statement(&mut self, statement: &Stmt) {
        let span = statement.span;
        let after_verbatim = std::mem::take(&mut self.verbatim);
        match &statement.kind {
            StmtKind::Version(version) => self.version(version, span),
            StmtKind::Include(_) => {
                let diagnostic = Diagnostic::error("SB4030", span, "there is an include line");
                self.push("SB4030", Severity::Error, diagnostic.with_fix(span, "", true));
            }
            StmtKind::Qubits(..) => {
                self.qubit_registers += 1;
                if self.qubit_registers > 1 {
                    self.not_served("SB4038", span, "there is a second qubit register");
                }
            }
            StmtKind::Declare { ty, value, .. } if ty.kind == TypeKind::Bit && ty.dimensions.is_empty() => {
                self.bit_registers += 1;
                if self.bit_registers > 1 {
                    self.not_served("SB4039", span, "there is a second bit register");
                }
                match value.as_ref().map(|v| &v.kind) {
                    None => {}
                    Some(ExprKind::Measure(_)) => self.measured(span),
                    Some(_) => self.not_served("SB4036", span, "bits are given a value"),
                }
            }
            StmtKind::Declare { .. } | StmtKind::Assign { .. } | StmtKind::Value(_) => {
                self.not_served("SB4036", span, "there is a classical value");
            }
            StmtKind::Input(ty, _) if ty.kind != TypeKind::Float => {
                self.not_served("SB4041", span, "the input is no float");
            }
            StmtKind::Input(..) => {}
            StmtKind::Output(..) => self.error("SB4042", span, "there is an output"),
            StmtKind::Alias(_, value) => self.alias(value, span),
            StmtKind::Gate(definition) => {
                self.own.push(definition.name.text.clone());
                self.not_served("SB4034", span, "there is a gate definition");
                if !self.service() {
                    self.statements(&definition.body);
                }
            }
            StmtKind::Def(definition) => {
                self.not_served("SB4035", span, "there is a subroutine");
                if !self.service() {
                    self.statements(&definition.body);
                }
            }
            StmtKind::Call(call) => self.call(call, span),
            StmtKind::Measure { qubits, .. } => {
                self.measured(span);
                self.operand(qubits);
            }
            StmtKind::Reset(qubits) => {
                self.not_served("SB4012", span, "there is a reset");
                self.operand(qubits);
            }
            StmtKind::Barrier(operands) => operands.iter().for_each(|o| self.operand(o)),
            StmtKind::Delay(..) => self.not_served("SB4015", span, "there is a delay"),
            StmtKind::Box(duration, body) => {
                if duration.is_some() || !after_verbatim {
                    self.not_served("SB4044", span, "there is a box that is not verbatim, or has a duration");
                }
                self.statements(body);
            }
            StmtKind::Scope(body) => self.statements(body),
            StmtKind::Pragma(pragma) => self.pragma(pragma, span),
            StmtKind::Kept(text) => self.kept(text, span),
            StmtKind::Annotation(_) => {}
            _ => self.flow(statement),
        }
    }

    /// Branches and loops.
    fn flow(&mut self, statement: &Stmt) {
        let span = statement.span;
        if self.service() {
            return self.error("SB4037", span, "there is classical control");
        }
        match &statement.kind {
            StmtKind::If(_, then, otherwise) => {
                self.statements(then);
                self.statements(otherwise);
            }
            StmtKind::For(_, _, over, body) => {
                if rounds(over).is_some_and(|n| n > LOCAL_ROUNDS) {
                    self.error("SB4046", span, "the loop has more than 1,000 rounds");
                }
                self.statements(body);
            }
            StmtKind::While(_, body) => self.statements(body),
            StmtKind::Switch(..) => self.error("SB4044", span, "`switch` is not read there"),
            _ => {}
        }
    }

    fn version(&mut self, version: &str, span: Span) {
        if self.service() && !matches!(version, "3" | "3.0") {
            let diagnostic = Diagnostic::error("SB4043", span, format!("the program says version {version}"));
            let fix = diagnostic.with_fix(span, "OPENQASM 3.0;", version.starts_with('3'));
            self.push("SB4043", Severity::Error, fix);
        }
    }

    fn measured(&mut self, span: Span) {
        self.first_measurement.get_or_insert(span);
    }

    fn alias(&mut self, value: &Expr, span: Span) {
        let joined = matches!(value.kind, ExprKind::Binary(BinaryOp::Join, ..) | ExprKind::Name(_));
        if self.service() || !joined {
            self.error("SB4040", span, "a part of a register gets a name");
        }
    }

    fn kept(&mut self, text: &str, span: Span) {
        let word = text.split(|c: char| !c.is_alphanumeric()).next().unwrap_or("");
        let pulses = word.starts_with("cal") || word.starts_with("defcal");
        match (self.service(), pulses) {
            // Pulse programs are for devices with that capability, which is a device's rule.
            (true, true) => self.warn("SB4044", span, format!("`{word}` is for devices with pulse control")),
            _ => self.error("SB4044", span, format!("`{word}` is not read there")),
        }
    }

    fn call(&mut self, call: &Call, span: Span) {
        let name = call.name.text.as_str();
        if !self.own.iter().any(|n| n == name) {
            self.gate_name(&call.name);
        }
        for modifier in &call.modifiers {
            if self.profile == Profile::LocalSimulator
                && let Modifier::Power(Expr { kind: ExprKind::Binary(BinaryOp::Over, a, b), span }) = modifier
                && matches!((&a.kind, &b.kind), (ExprKind::Int(_), ExprKind::Int(_)))
            {
                self.error("SB4047", *span, "two integers are divided");
            }
        }
        if !call.modifiers.is_empty() {
            self.not_served("SB4032", span, "the gate has a modifier");
        }
        call.operands.iter().for_each(|o| self.operand(o));
    }

    fn gate_name(&mut self, name: &Name) {
        let word = name.text.as_str();
        if matches!(word, "U" | "gphase") {
            return self.not_served("SB4033", name.span, format!("`{word}` is a gate of the language"));
        }
        if ROWS.iter().any(|r| r.name == word) || matches!(word, "measure_ff" | "cc_prx") {
            return;
        }
        let diagnostic = Diagnostic::error("SB4031", name.span, format!("`{word}` is no gate of Braket's"));
        let braket = Gate::named(word).map(|g| g.row()).filter(|r| !matches!(r.gate, Gate::U | Gate::Gphase));
        let diagnostic = match braket {
            Some(row) => diagnostic
                .with_label(format!("Braket calls it `{}`", row.name))
                .with_fix(name.span, row.name, true),
            None => diagnostic,
        };
        self.push("SB4031", Severity::Error, diagnostic);
    }

    fn operand(&mut self, operand: &Expr) {
        let ExprKind::Index(_, indices) = &operand.kind else { return };
        let part = |index: &Index| match index {
            Index::One(expr) => matches!(expr.kind, ExprKind::Unary(..)),
            Index::Range(..) | Index::Set(_) => true,
        };
        if indices.iter().any(part) {
            self.not_served("SB4040", operand.span, "a part of a register is named");
        }
    }

    fn pragma(&mut self, pragma: &Pragma, span: Span) {
        let local = self.profile == Profile::LocalSimulator;
        match pragma {
            Pragma::Verbatim => self.verbatim = true,
            Pragma::Result(spec) => {
                self.asks_results = true;
                if !self.service() && matches!(spec, ResultSpec::Gradient(..)) {
                    self.error("SB4051", span, "an adjoint gradient is asked for");
                }
            }
            Pragma::Noise(_, values, _) if local => {
                let literal = |e: &Expr| matches!(e.kind, ExprKind::Float(_));
                match values.iter().find(|v| !literal(v)) {
                    Some(value) => self.error("SB4049", value.span, "the parameter is no literal float"),
                    None => self.warn("SB4050", span, "there is noise"),
                }
            }
            Pragma::Kraus(..) if local => self.warn("SB4050", span, "there is noise"),
            Pragma::Noise(..) | Pragma::Kraus(..) | Pragma::Unitary(..) => {}
            Pragma::Other(text) => {
                let word: String = text.chars().take(40).collect();
                self.error("SB4045", span, format!("`{word}` is no pragma of Braket's"));
            }
        }
    }
}

/// Rounds of a loop over a written range; `None` where it takes computing.
fn rounds(over: &Over) -> Option<i128> {
    let number = |e: &Expr| match e.kind {
        ExprKind::Int(n) => Some(i128::from(n)),
        _ => None,
    };
    match over {
        Over::Range(Some(first), step, Some(last)) => {
            let step = step.as_ref().map_or(Some(1), number).filter(|&s| s != 0)?;
            Some((number(last)? - number(first)?) / step + 1)
        }
        Over::Set(items) => Some(items.len() as i128),
        _ => None,
    }
}
