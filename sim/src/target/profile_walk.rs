//! Walks the tree of a program with the eyes of one reader.

use super::judge::unused;
use super::profile::{Profile, refusal};
use super::{Device, Refusal};
use crate::circuit::gates::ROWS;
use crate::circuit::{Circuit, Gate};
use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::noise;
use crate::qasm::ast::{
    BinaryOp, Call, Expr, ExprKind, Index, Modifier, Name, Over, Pragma, ResultSpec, Stmt, StmtKind, TypeKind,
};
use crate::qasm::{Inputs, Program};

/// Rounds that Braket's simulator unrolls at most. Source: its interpreter, 1.41.2.
const LOCAL_ROUNDS: i128 = 1000;

pub(super) struct Walk<'a> {
    profile: Profile,
    sources: &'a Sources,
    /// Gates that the program defines itself.
    own: Vec<String>,
    /// The device that the text goes to as it is.
    device: Option<&'a Device>,
    qubit_registers: Vec<(String, Span)>,
    bit_registers: u32,
    /// Register that the first measurement goes into.
    measured_into: Option<String>,
    /// Inside a verbatim box.
    in_verbatim: bool,
    /// Whether the next box is verbatim.
    verbatim: bool,
    first_measurement: Option<Span>,
    asks_results: bool,
    pub(super) found: Vec<Refusal>,
}

impl<'a> Walk<'a> {
    pub(super) fn new(profile: Profile, sources: &'a Sources, device: Option<&'a Device>) -> Self {
        Self {
            profile,
            sources,
            own: Vec::new(),
            device,
            qubit_registers: Vec::new(),
            bit_registers: 0,
            measured_into: None,
            in_verbatim: false,
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
        self.push_named(code, severity, diagnostic, Vec::new());
    }

    fn push_named(
        &mut self,
        code: &'static str,
        severity: Severity,
        diagnostic: Diagnostic,
        names: Vec<String>,
    ) {
        if self.found.len() < crate::limits::DIAGNOSTICS {
            self.found.push(refusal(code, severity, diagnostic, names, self.sources));
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
    pub(super) fn circuit(&mut self, circuit: &Circuit, inputs: Option<&Inputs>) {
        if self.profile == Profile::LocalSimulator {
            for input in &circuit.inputs {
                if inputs.is_none_or(|given| !given.contains_key(&input.name)) {
                    let message = format!("the input `{}` has no value yet", input.name);
                    let diagnostic = Diagnostic::error("SB4053", input.span, message);
                    self.push_named("SB4053", Severity::Warning, diagnostic, vec![input.name.clone()]);
                }
            }
        }
        for (register, idle) in unused(circuit) {
            let span = self.qubit_registers.iter().find(|(n, _)| *n == register).map(|(_, s)| *s);
            let (span, list) = (span.unwrap_or_default(), idle.join(", "));
            if self.service() {
                if self.device.is_none_or(|d| d.contiguous_qubits) {
                    let message = format!("a device that wants every qubit used refuses {list}");
                    let severity = if self.device.is_some() { Severity::Error } else { Severity::Warning };
                    let diagnostic = Diagnostic::error("SB4028", span, message);
                    self.push_named("SB4028", severity, diagnostic, vec![register, list]);
                }
            } else if self.first_measurement.is_none() {
                self.warn("SB4048", span, format!("nothing touches or measures {list}"));
            }
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
            StmtKind::Include(_) => self.include(span),
            StmtKind::Qubits(_, name) => {
                self.qubit_registers.push((name.text.clone(), span));
                if self.qubit_registers.len() > 1 {
                    self.not_served("SB4038", span, "there is a second qubit register");
                }
            }
            StmtKind::Declare { ty, name, value, .. }
                if ty.kind == TypeKind::Bit && ty.dimensions.is_empty() =>
            {
                self.bit_registers += 1;
                if self.bit_registers > 1 {
                    self.not_served("SB4039", span, "there is a second bit register");
                }
                match value.as_ref().map(|v| &v.kind) {
                    None => {}
                    Some(ExprKind::Measure(_)) => self.measured(Some(&name.text), span),
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
            StmtKind::Run(run) => run.statements().for_each(|s| self.statement(&s)),
            StmtKind::Measure { qubits, target } => {
                match target {
                    Some(target) => self.measured(root(target), span),
                    None => self.unassigned(span),
                }
                self.operand(qubits);
            }
            StmtKind::Reset(qubits) => {
                self.not_served("SB4012", span, "there is a reset");
                self.operand(qubits);
            }
            StmtKind::Barrier(operands) => {
                self.listed("barrier", span);
                operands.iter().for_each(|o| self.operand(o));
            }
            StmtKind::Delay(..) => self.not_served("SB4015", span, "there is a delay"),
            StmtKind::Box(duration, body) => {
                if duration.is_some() || !after_verbatim {
                    self.not_served("SB4044", span, "there is a box that is not verbatim, or has a duration");
                }
                let outside = std::mem::replace(&mut self.in_verbatim, after_verbatim);
                self.statements(body);
                self.in_verbatim = outside;
            }
            StmtKind::Scope(body) => self.statements(body),
            StmtKind::Pragma(pragma) => self.pragma(pragma, span),
            StmtKind::Kept(text) => self.kept(text, span),
            StmtKind::Annotation(_) => {}
            _ => self.flow(statement),
        }
    }

    fn include(&mut self, span: Span) {
        // The reader stumbles over the quote.
        let quote = self.sources.text(span).find('"').unwrap_or(0) as u32;
        let place = self.sources.place(span.start + quote);
        let names = vec![place.line.to_string(), place.column.to_string()];
        let diagnostic =
            Diagnostic::error("SB4030", span, "there is an include line").with_fix(span, "", true);
        self.push_named("SB4030", Severity::Error, diagnostic, names);
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

    fn measured(&mut self, into: Option<&str>, span: Span) {
        self.first_measurement.get_or_insert(span);
        let Some(into) = into else { return };
        let first = self.measured_into.get_or_insert_with(|| into.to_owned());
        if self.profile == Profile::LocalSimulator && first != into {
            let message = format!("outcomes go into `{first}` and into `{into}`");
            self.error("SB4039", span, message);
        }
    }

    fn unassigned(&mut self, span: Span) {
        self.first_measurement.get_or_insert(span);
        if let (true, Some(device)) = (self.service(), self.device)
            && !device.unassigned_measurement
        {
            let message = format!("{} wants a bit for every outcome", device.name);
            self.error("SB4029", span, message);
        }
    }

    /// A word that must stand in the device's list; in a verbatim box native gates are judged.
    fn listed(&mut self, word: &str, span: Span) {
        let Some(device) = self.device.filter(|d| self.service() && !d.is_local() && !d.analog) else {
            return;
        };
        if !self.in_verbatim && !device.takes_operation(word) {
            let message = format!("{} does not list `{word}`", device.name);
            self.error("SB4054", span, message);
        }
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
            return self.listed(word, name.span);
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
            Pragma::Noise(channel, values, _) if self.profile == Profile::Sdk => {
                let most = noise::ROWS.iter().find(|r| r.name == channel.text).map_or(1.0, |r| r.max);
                let over = |e: &&Expr| matches!(e.kind, ExprKind::Float(p) if p > most);
                if let Some(value) = values.first().filter(over) {
                    let message = format!("the SDK takes {} up to {most}", channel.text);
                    self.error("SB4052", value.span, message);
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

/// The name that a target begins with.
fn root(target: &Expr) -> Option<&str> {
    match &target.kind {
        ExprKind::Name(name) => Some(name),
        ExprKind::Index(of, _) => root(of),
        _ => None,
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
            Some(crate::qasm::rounds(number(first)?, step, number(last)?))
        }
        Over::Set(items) => Some(items.len() as i128),
        _ => None,
    }
}
