//! Statements.

use super::{Kind, Lost, Parsed, Parser, Version};
use crate::diagnostic::{Diagnostic, Span};
use crate::qasm::ast::{
    BinaryOp, Call, Def, Expr, ExprKind, GateDef, Modifier, Name, Parameter, Stmt, StmtKind, TypeKind,
};

const ASSIGNMENTS: [(&str, BinaryOp); 12] = [
    ("+=", BinaryOp::Plus),
    ("-=", BinaryOp::Minus),
    ("*=", BinaryOp::Times),
    ("/=", BinaryOp::Over),
    ("%=", BinaryOp::Rest),
    ("&=", BinaryOp::BitAnd),
    ("|=", BinaryOp::BitOr),
    ("^=", BinaryOp::BitXor),
    ("<<=", BinaryOp::Left),
    (">>=", BinaryOp::Right),
    ("**=", BinaryOp::Power),
    ("++=", BinaryOp::Join),
];

impl Parser<'_> {
    /// One statement.
    pub(in crate::qasm) fn statement(&mut self) -> Parsed<Stmt> {
        let start = self.token.span.start;
        self.enter()?;
        let outer = std::mem::take(&mut self.operators);
        let kind = self.statement_kind();
        self.operators = outer;
        self.leave();
        Ok(Stmt { kind: kind?, span: Span::new(start, self.last_end) })
    }

    #[allow(clippy::too_many_lines, reason = "one line for each keyword")]
    fn statement_kind(&mut self) -> Parsed<StmtKind> {
        match self.token.kind {
            Kind::Pragma => {
                let span = self.advance().span;
                return self.pragma(span).map(|p| StmtKind::Pragma(Box::new(p)));
            }
            Kind::Annotation => {
                let span = self.advance().span;
                return Ok(StmtKind::Annotation(self.words(span).to_owned()));
            }
            Kind::Sign if self.word() == "{" => return self.body().map(StmtKind::Scope),
            Kind::Sign if self.word() == "@" => {
                let span = self.token.span;
                self.error(
                    "SB5001",
                    span,
                    "an annotation stands at the start of a line",
                    "move it to its own line",
                );
                return Err(Lost);
            }
            Kind::Name => {}
            Kind::Physical => return self.assign_or_value(),
            _ => return Err(self.unexpected("a statement")),
        }
        let word = self.word();
        match word {
            "OPENQASM" => self.version_line(),
            "include" => self.include(),
            "qubit" | "qreg" => self.qubits(),
            "const" => {
                self.advance();
                self.declaration(true)
            }
            "input" | "output" => self.input_output(word == "input"),
            "let" => {
                self.advance();
                let name = self.new_name()?;
                self.expect("=")?;
                let value = self.expr()?;
                self.end(StmtKind::Alias(name, value))
            }
            "gate" => self.gate(),
            "def" => self.def(),
            "extern" | "defcalgrammar" | "opaque" => self.kept_to(";"),
            "cal" | "defcal" => self.kept_to("}"),
            "measure" => self.measure(),
            "reset" => {
                self.advance();
                let qubits = self.expr()?;
                self.end(StmtKind::Reset(qubits))
            }
            "barrier" => {
                self.advance();
                let qubits = self.list(";")?;
                self.end(StmtKind::Barrier(qubits))
            }
            "delay" => {
                self.advance();
                // Qiskit writes OpenQASM 2 with a delay in the form of a gate; its unit is the device's.
                let gate = self.is_sign("(");
                self.expect(if gate { "(" } else { "[" })?;
                let mut time = self.expr()?;
                if gate {
                    time.kind = match time.kind {
                        ExprKind::Int(n) => ExprKind::Cycles(n as f64),
                        ExprKind::Float(x) => ExprKind::Cycles(x),
                        other => other,
                    };
                }
                self.expect(if gate { ")" } else { "]" })?;
                let qubits = self.list(";")?;
                self.end(StmtKind::Delay(time, qubits))
            }
            "if" => self.branch(),
            "for" => self.for_loop(),
            "while" => {
                self.advance();
                self.expect("(")?;
                let condition = self.expr()?;
                self.expect(")")?;
                Ok(StmtKind::While(condition, self.loop_body()?))
            }
            "switch" => self.switch(),
            "box" => {
                self.advance();
                let mut time = None;
                if self.take_sign("[") {
                    time = Some(self.expr()?);
                    self.expect("]")?;
                }
                Ok(StmtKind::Box(time, self.body()?))
            }
            "return" => {
                let help = "end the program with `end;`, or move it into a `def`";
                self.leaves(self.in_subroutine, "subroutine", help);
                self.advance();
                let value = if self.is_sign(";") { None } else { Some(self.expr()?) };
                self.end(StmtKind::Return(value))
            }
            "break" | "continue" => {
                let kind = if word == "break" { StmtKind::Break } else { StmtKind::Continue };
                self.leaves(self.loops > 0, "loop", "remove it, or end the program with `end;`");
                self.plain(kind)
            }
            "end" => self.plain(StmtKind::End),
            "ctrl" | "negctrl" | "inv" | "pow" => self.call(),
            "array" | "creg" | "mutable" | "readonly" => self.declaration(false),
            "elif" | "elseif" | "import" => Err(self.foreign()),
            _ if self.type_kind().is_some() => self.declaration_or_value(),
            _ => self.assign_or_call(),
        }
    }

    fn end(&mut self, kind: StmtKind) -> Parsed<StmtKind> {
        match self.expect(";") {
            Ok(_) => Ok(kind),
            // The statement is whole but for its end, and the next one begins: nothing is lost.
            Err(lost) => {
                if self.on_new_line() || self.is_sign("}") || self.token.kind == Kind::End {
                    Ok(kind)
                } else {
                    Err(lost)
                }
            }
        }
    }

    fn plain(&mut self, kind: StmtKind) -> Parsed<StmtKind> {
        self.advance();
        self.end(kind)
    }

    fn version_line(&mut self) -> Parsed<StmtKind> {
        self.advance();
        let (span, text) = (self.token.span, self.word().to_owned());
        if !matches!(self.token.kind, Kind::Float | Kind::Int) {
            return Err(self.unexpected("a version"));
        }
        self.advance();
        match text.split('.').next() {
            Some("2") => self.version = Version::Two,
            Some("3") => self.version = Version::Three,
            _ => {
                let message = format!("OpenQASM {text} is not a version that is known");
                self.error("SB5005", span, message, "use `OPENQASM 3.0;` or `OPENQASM 2.0;`");
            }
        }
        self.end(StmtKind::Version(text))
    }

    fn include(&mut self) -> Parsed<StmtKind> {
        self.advance();
        if self.token.kind != Kind::Text {
            return Err(self.unexpected("a file name in quotes"));
        }
        let text = self.word();
        let path = text[1..text.len() - 1].to_owned();
        self.advance();
        self.end(StmtKind::Include(path))
    }

    fn qubits(&mut self) -> Parsed<StmtKind> {
        let old = self.advance();
        let old_style = self.words(old.span) == "qreg";
        let mut size = None;
        if !old_style && self.take_sign("[") {
            size = Some(self.expr()?);
            self.expect("]")?;
        }
        let name = self.new_name()?;
        if !old_style && self.is_sign("[") {
            return Err(self.size_behind("qubit", &name));
        }
        if old_style && self.take_sign("[") {
            size = Some(self.expr()?);
            self.expect("]")?;
        }
        self.end(StmtKind::Qubits(size, name))
    }

    fn declaration(&mut self, constant: bool) -> Parsed<StmtKind> {
        while self.take_name("mutable") || self.take_name("readonly") {}
        let old_style = self.is_name("creg");
        let mut ty = self.type_expr()?;
        let name = self.new_name()?;
        if old_style && self.take_sign("[") {
            ty.width = Some(Box::new(self.expr()?));
            self.expect("]")?;
        }
        if !old_style && ty.kind == TypeKind::Bit && self.is_sign("[") {
            return Err(self.size_behind("bit", &name));
        }
        let value = if self.take_sign("=") { Some(self.expr()?) } else { None };
        self.end(StmtKind::Declare { constant, ty, name, value })
    }

    /// `int[8] n = 1;`, or a cast that stands alone.
    fn declaration_or_value(&mut self) -> Parsed<StmtKind> {
        self.declaration(false)
    }

    fn input_output(&mut self, input: bool) -> Parsed<StmtKind> {
        self.advance();
        let ty = self.type_expr()?;
        let name = self.new_name()?;
        self.end(if input { StmtKind::Input(ty, name) } else { StmtKind::Output(ty, name) })
    }

    fn gate(&mut self) -> Parsed<StmtKind> {
        self.advance();
        let name = self.new_name()?;
        let mut angles = Vec::new();
        if self.take_sign("(") {
            angles = self.names(")")?;
            self.expect(")")?;
        }
        let qubits = self.names("{")?;
        let body = self.body()?;
        let two = self.version == Version::Two;
        Ok(StmtKind::Gate(Box::new(GateDef { name, angles, qubits, body, two })))
    }

    fn names(&mut self, close: &str) -> Parsed<Vec<Name>> {
        let mut out = Vec::new();
        while !self.is_sign(close) {
            out.push(self.new_name()?);
            if !self.take_sign(",") {
                break;
            }
        }
        Ok(out)
    }

    fn def(&mut self) -> Parsed<StmtKind> {
        self.advance();
        let name = self.new_name()?;
        self.expect("(")?;
        let mut parameters = Vec::new();
        while !self.is_sign(")") {
            parameters.push(self.parameter()?);
            if !self.take_sign(",") {
                break;
            }
        }
        self.expect(")")?;
        let returns = if self.take_sign("->") { Some(self.type_expr()?) } else { None };
        let around = (std::mem::take(&mut self.loops), std::mem::replace(&mut self.in_subroutine, true));
        let body = self.body();
        (self.loops, self.in_subroutine) = around;
        let body = body?;
        Ok(StmtKind::Def(Box::new(Def { name, parameters, returns, body })))
    }

    fn parameter(&mut self) -> Parsed<Parameter> {
        while self.take_name("mutable") || self.take_name("readonly") {}
        let old_style = self.is_name("qreg") || self.is_name("creg");
        if self.take_name("qubit") || self.take_name("qreg") {
            let mut size = None;
            if !old_style && self.take_sign("[") {
                size = Some(self.expr()?);
                self.expect("]")?;
            }
            let name = self.new_name()?;
            if old_style && self.take_sign("[") {
                size = Some(self.expr()?);
                self.expect("]")?;
            }
            return Ok(Parameter::Qubits(size, name));
        }
        let mut ty = self.type_expr()?;
        let name = self.new_name()?;
        if old_style && self.take_sign("[") {
            ty.width = Some(Box::new(self.expr()?));
            self.expect("]")?;
        }
        Ok(Parameter::Value(ty, name))
    }

    /// Everything up to and with a closing sign, unread.
    fn kept_to(&mut self, close: &str) -> Parsed<StmtKind> {
        let start = self.token.span.start;
        let mut open = 0u32;
        loop {
            if self.token.kind == Kind::End {
                return Err(self.unexpected(&format!("`{close}`")));
            }
            let token = self.advance();
            match self.words(token.span) {
                "{" if token.kind == Kind::Sign => open += 1,
                "}" if token.kind == Kind::Sign => open = open.saturating_sub(1),
                _ => {}
            }
            if open == 0 && token.kind == Kind::Sign && self.words(token.span) == close {
                return Ok(StmtKind::Kept(self.words(Span::new(start, self.last_end)).to_owned()));
            }
        }
    }

    fn measure(&mut self) -> Parsed<StmtKind> {
        self.advance();
        let qubits = self.postfix()?;
        let target = if self.take_sign("->") { Some(self.expr()?) } else { None };
        if self.is_sign(",") || self.is_sign("=") {
            let help = "write `c = measure q;`, one register or qubit at a time";
            let message = if self.is_sign("=") {
                "what takes the outcome stands first"
            } else {
                "a measurement names one register or qubit"
            };
            self.error("SB5001", self.token.span, message, help);
            return Err(Lost);
        }
        self.end(StmtKind::Measure { qubits, target })
    }

    /// A body in braces.
    pub(super) fn body(&mut self) -> Parsed<Vec<Stmt>> {
        let open = self.expect("{")?.span;
        let mut out = Vec::new();
        while !self.is_sign("}") {
            if self.token.kind == Kind::End {
                self.close(open, "}")?;
            }
            let before = self.token.span;
            match self.statement() {
                Ok(statement) => out.push(statement),
                Err(Lost) if self.token.kind == Kind::End => return Err(Lost),
                Err(Lost) => self.recover(before),
            }
        }
        self.advance();
        Ok(out)
    }

    /// The name of a gate, a subroutine or a block that `durationof` asks about without braces.
    pub(super) fn gate_alone(&mut self) -> Parsed<Stmt> {
        let value = self.expr()?;
        Ok(Stmt { span: value.span, kind: StmtKind::Value(value) })
    }

    fn call(&mut self) -> Parsed<StmtKind> {
        let modifiers = self.modifiers()?;
        let name = self.name()?;
        let arguments = if self.take_sign("(") {
            let list = self.list(")")?;
            self.expect(")")?;
            list
        } else {
            Vec::new()
        };
        self.call_rest(modifiers, name, arguments)
    }

    fn modifiers(&mut self) -> Parsed<Vec<Modifier>> {
        let mut out = Vec::new();
        loop {
            let word = self.word();
            if self.token.kind != Kind::Name || !["ctrl", "negctrl", "inv", "pow"].contains(&word) {
                return Ok(out);
            }
            if out.len() >= crate::limits::MODIFIERS {
                let message = format!("more than {} modifiers on one gate", crate::limits::MODIFIERS);
                self.error("SB5013", self.token.span, message, "define a gate for it");
                return Err(Lost);
            }
            self.advance();
            let argument = if self.take_sign("(") {
                let value = self.expr()?;
                self.expect(")")?;
                Some(value)
            } else {
                None
            };
            out.push(match (word, argument) {
                ("inv", None) => Modifier::Inverse,
                ("pow", Some(power)) => Modifier::Power(power),
                ("ctrl" | "negctrl", count) => Modifier::Control(count, word == "negctrl"),
                _ => return Err(self.unexpected("`@`")),
            });
            self.expect("@")?;
        }
    }

    fn call_rest(&mut self, modifiers: Vec<Modifier>, name: Name, arguments: Vec<Expr>) -> Parsed<StmtKind> {
        // A duration between brackets is legal on any gate call and means nothing to a simulator.
        if self.is_sign("[") {
            self.indices()?;
        }
        let operands = self.list(";")?;
        if matches!(self.token.kind, Kind::Name | Kind::Physical) && !self.on_new_line() {
            return Err(self.unexpected("`,` or `;`"));
        }
        if let Some(other) = operands.iter().find(|e| !e.may_be_qubits()) {
            let help = "name a qubit or register, such as `q[0]`";
            self.error("SB5023", other.span, "this is no qubit", help);
            return Err(Lost);
        }
        self.end(StmtKind::Call(Call { modifiers, name, arguments, operands }))
    }

    /// Begins with a name that is no keyword: a gate call, an assignment, or a value for its effect.
    fn assign_or_call(&mut self) -> Parsed<StmtKind> {
        let (name, at) = (self.name()?, self.token);
        // `name operand` and `name(args) operand` are calls; everything else begins a value.
        if matches!(self.token.kind, Kind::Name | Kind::Physical) {
            return self.call_rest(Vec::new(), name, Vec::new());
        }
        if self.is_sign(";") && matches!(name.text.as_str(), "gphase" | "nop") {
            return self.call_rest(Vec::new(), name, Vec::new());
        }
        let open = self.token.span;
        if self.take_sign("(") {
            let arguments = self.list(")")?;
            let close = self.close(open, ")")?;
            let operand = matches!(self.token.kind, Kind::Name | Kind::Physical);
            if operand || self.is_sign("[") || name.text == "gphase" {
                return self.call_rest(Vec::new(), name, arguments);
            }
            let span = name.span.to(close);
            let call = Expr { kind: ExprKind::Call(name, arguments), span };
            return self.end(StmtKind::Value(call));
        }
        let mut target = Expr { kind: ExprKind::Name(name.text.clone()), span: name.span };
        while self.is_sign("[") {
            self.longer()?;
            let (indices, end) = self.indices()?;
            let span = target.span.to(end);
            target = Expr { kind: ExprKind::Index(Box::new(target), indices), span };
        }
        // `x[2] q;`: a name, a duration, an operand.
        if matches!(self.token.kind, Kind::Name | Kind::Physical) && at.kind == Kind::Sign {
            return self.call_rest(Vec::new(), name, Vec::new());
        }
        self.assign_rest(target)
    }

    fn assign_or_value(&mut self) -> Parsed<StmtKind> {
        let target = self.expr()?;
        self.assign_rest(target)
    }

    fn assign_rest(&mut self, target: Expr) -> Parsed<StmtKind> {
        let sign = if self.token.kind == Kind::Sign { self.word() } else { "" };
        if let Some((_, op)) = ASSIGNMENTS.iter().find(|(text, _)| *text == sign) {
            self.advance();
            let value = self.expr()?;
            return self.end(StmtKind::Assign { target, op: Some(*op), value });
        }
        if self.take_sign("=") {
            let value = self.expr()?;
            if let ExprKind::Measure(qubits) = value.kind {
                return self.end(StmtKind::Measure { qubits: *qubits, target: Some(target) });
            }
            return self.end(StmtKind::Assign { target, op: None, value });
        }
        if let ExprKind::Name(name) = &target.kind {
            let message = format!("expected operands or `=` after `{name}`");
            let diagnostic = Diagnostic::error("SB5001", self.token.span, message)
                .with_label("nothing can be made of this")
                .with_help(self.advice_after_name());
            self.note(diagnostic);
            return Err(Lost);
        }
        Err(self.unexpected("`=`"))
    }
}
