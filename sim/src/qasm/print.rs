//! A tree as text, one statement a line: reading it again gives the same tree.

use std::fmt::Write as _;

use super::Program;
use super::ast::{
    Call, Expr, ExprKind, FactorSpec, Index, Modifier, Over, Parameter, Pragma, ResultSpec, Stmt, StmtKind,
    Targets, TypeExpr, TypeKind, UnaryOp,
};
use super::parser::{POWER, written};

/// The text of a tree. Comments and layout are not part of a tree; see [`super::rewrite`] for those.
pub fn print(program: &Program) -> String {
    let two = |s: &Stmt| matches!(&s.kind, StmtKind::Version(v) if v.starts_with('2'));
    let mut printer = Printer { out: String::new(), indent: 0, two: program.statements.iter().any(two) };
    printer.block(&program.statements);
    printer.out
}

struct Printer {
    out: String,
    indent: usize,
    /// Whether the text is OpenQASM 2, which declares and measures in other words.
    two: bool,
}

impl Printer {
    fn line(&mut self, text: &str) {
        let _ = writeln!(self.out, "{:width$}{text}", "", width = 4 * self.indent);
    }

    fn block(&mut self, statements: &[Stmt]) {
        statements.iter().for_each(|s| self.statement(&s.kind));
    }

    fn body(&mut self, head: &str, statements: &[Stmt]) {
        self.line(&format!("{head}{{"));
        self.indent += 1;
        self.block(statements);
        self.indent -= 1;
        self.line("}");
    }

    fn statement(&mut self, kind: &StmtKind) {
        match kind {
            StmtKind::If(condition, then, otherwise) => {
                self.body(&format!("if ({}) ", expr(condition)), then);
                if !otherwise.is_empty() {
                    self.body("else ", otherwise);
                }
            }
            StmtKind::For(ty, name, over, body) => {
                self.body(&format!("for {} {} in {} ", type_text(ty), name.text, range(over)), body);
            }
            StmtKind::While(condition, body) => self.body(&format!("while ({}) ", expr(condition)), body),
            StmtKind::Box(duration, body) => {
                let duration = duration.as_ref().map(|d| format!("[{}]", expr(d))).unwrap_or_default();
                self.body(&format!("box{duration} "), body);
            }
            StmtKind::Scope(body) => self.body("", body),
            StmtKind::Switch(value, cases, default) => self.switch(value, cases, default.as_deref()),
            StmtKind::Gate(gate) => {
                let names = |list: &[super::ast::Name]| {
                    list.iter().map(|n| n.text.as_str()).collect::<Vec<_>>().join(", ")
                };
                let angles =
                    if gate.angles.is_empty() { String::new() } else { format!("({})", names(&gate.angles)) };
                self.body(&format!("gate {}{angles} {} ", gate.name.text, names(&gate.qubits)), &gate.body);
            }
            StmtKind::Def(def) => {
                let parameters: Vec<String> = def.parameters.iter().map(parameter).collect();
                let returns =
                    def.returns.as_ref().map(|ty| format!("-> {} ", type_text(ty))).unwrap_or_default();
                self.body(&format!("def {}({}) {returns}", def.name.text, parameters.join(", ")), &def.body);
            }
            StmtKind::Run(run) => run.statements().for_each(|s| self.statement(&s.kind)),
            StmtKind::Pragma(pragma) => self.line(&format!("#pragma {}", pragma_text(pragma))),
            StmtKind::Annotation(text) | StmtKind::Kept(text) => self.line(text),
            simple => {
                let text = self.simple(simple);
                self.line(&format!("{text};"));
            }
        }
    }

    fn switch(&mut self, value: &Expr, cases: &[(Vec<Expr>, Vec<Stmt>)], default: Option<&[Stmt]>) {
        self.line(&format!("switch ({}) {{", expr(value)));
        self.indent += 1;
        for (labels, body) in cases {
            self.body(&format!("case {} ", list(labels)), body);
        }
        if let Some(body) = default {
            self.body("default ", body);
        }
        self.indent -= 1;
        self.line("}");
    }

    /// A statement that ends with a semicolon.
    fn simple(&self, kind: &StmtKind) -> String {
        match kind {
            StmtKind::Version(version) => format!("OPENQASM {version}"),
            StmtKind::Include(path) => format!("include \"{path}\""),
            StmtKind::Qubits(size, name) => self.register(("qubit", "qreg"), size.as_ref(), &name.text),
            StmtKind::Declare { constant, ty, name, value } => {
                if self.two && ty.kind == TypeKind::Bit && value.is_none() {
                    return self.register(("bit", "creg"), ty.width.as_deref(), &name.text);
                }
                let value = value.as_ref().map(|v| format!(" = {}", expr(v))).unwrap_or_default();
                format!("{}{} {}{value}", if *constant { "const " } else { "" }, type_text(ty), name.text)
            }
            StmtKind::Input(ty, name) => format!("input {} {}", type_text(ty), name.text),
            StmtKind::Output(ty, name) => format!("output {} {}", type_text(ty), name.text),
            StmtKind::Alias(name, value) => format!("let {} = {}", name.text, expr(value)),
            StmtKind::Call(gate) => call(gate),
            StmtKind::Measure { qubits, target } => match target {
                None => format!("measure {}", bound(qubits, OPERAND)),
                Some(target) if self.two => format!("measure {} -> {}", bound(qubits, OPERAND), expr(target)),
                Some(target) => format!("{} = measure {}", expr(target), bound(qubits, OPERAND)),
            },
            StmtKind::Reset(qubits) => format!("reset {}", expr(qubits)),
            StmtKind::Barrier(operands) => format!("barrier {}", list(operands)),
            StmtKind::Delay(time, operands) => format!("delay[{}] {}", expr(time), list(operands)),
            StmtKind::Assign { target, op, value } => {
                format!("{} {}= {}", expr(target), op.map_or("", |op| written(op).1), expr(value))
            }
            StmtKind::Return(value) => {
                format!("return{}", value.as_ref().map(|v| format!(" {}", expr(v))).unwrap_or_default())
            }
            StmtKind::Break => "break".to_owned(),
            StmtKind::Continue => "continue".to_owned(),
            StmtKind::End => "end".to_owned(),
            StmtKind::Value(value) => expr(value),
            _ => String::new(),
        }
    }

    fn register(&self, (three, two): (&str, &str), size: Option<&Expr>, name: &str) -> String {
        let size = size.map(|n| format!("[{}]", expr(n))).unwrap_or_default();
        if self.two { format!("{two} {name}{size}") } else { format!("{three}{size} {name}") }
    }
}

fn parameter(parameter: &Parameter) -> String {
    match parameter {
        Parameter::Qubits(size, name) => {
            let size = size.as_ref().map(|n| format!("[{}]", expr(n))).unwrap_or_default();
            format!("qubit{size} {}", name.text)
        }
        Parameter::Value(ty, name) => format!("{} {}", type_text(ty), name.text),
    }
}

fn call(call: &Call) -> String {
    let mut out = String::new();
    for modifier in &call.modifiers {
        let count = |n: &Option<Expr>| n.as_ref().map(|n| format!("({})", expr(n))).unwrap_or_default();
        let _ = match modifier {
            Modifier::Control(n, negative) => {
                write!(out, "{}{} @ ", if *negative { "negctrl" } else { "ctrl" }, count(n))
            }
            Modifier::Inverse => write!(out, "inv @ "),
            Modifier::Power(k) => write!(out, "pow({}) @ ", expr(k)),
        };
    }
    let arguments =
        if call.arguments.is_empty() { String::new() } else { format!("({})", list(&call.arguments)) };
    let gap = if call.operands.is_empty() { "" } else { " " };
    out + &format!("{}{arguments}{gap}{}", call.name.text, list(&call.operands))
}

fn sign(op: UnaryOp) -> &'static str {
    match op {
        UnaryOp::Minus => "-",
        UnaryOp::Not => "!",
        UnaryOp::Flip => "~",
    }
}

fn list(items: &[Expr]) -> String {
    items.iter().map(expr).collect::<Vec<_>>().join(", ")
}

/// What may stand beside any operator.
const OPERAND: usize = POWER + 1;
/// What may be indexed: an index after a measurement belongs to what is measured.
const INDEXED: usize = OPERAND + 1;

fn expr(e: &Expr) -> String {
    bound(e, 0)
}

/// An expression where only what binds as strongly as a level may stand bare. Parentheses that
/// change nothing are left out: each is a level of nesting when it is read again.
fn bound(e: &Expr, least: usize) -> String {
    let (level, text) = match &e.kind {
        ExprKind::Unary(op, of) => (POWER, format!("{}{}", sign(*op), bound(of, POWER))),
        ExprKind::Binary(op, a, b) => {
            let (level, symbol) = written(*op);
            // A power binds to the right, all others to the left.
            let (left, right) = if level == POWER { (OPERAND, POWER) } else { (level, level + 1) };
            (level, format!("{} {symbol} {}", bound(a, left), bound(b, right)))
        }
        ExprKind::Measure(qubits) => (OPERAND, format!("measure {}", bound(qubits, OPERAND))),
        ExprKind::Int(n) => (INDEXED, n.to_string()),
        ExprKind::Float(x) => (INDEXED, format!("{x:?}")),
        ExprKind::Imaginary(x) => (INDEXED, format!("{x:?}im")),
        ExprKind::Bool(b) => (INDEXED, b.to_string()),
        ExprKind::Bits(bits) => (INDEXED, format!("\"{bits}\"")),
        ExprKind::Duration(seconds) => (INDEXED, format!("{seconds:?}s")),
        ExprKind::Cycles(cycles) => (INDEXED, format!("{cycles:?}dt")),
        ExprKind::Name(name) => (INDEXED, name.clone()),
        ExprKind::Physical(n) => (INDEXED, format!("${n}")),
        ExprKind::Index(of, indices) => {
            let indices: Vec<String> = indices.iter().map(index).collect();
            (INDEXED, format!("{}[{}]", bound(of, INDEXED), indices.join(", ")))
        }
        ExprKind::Call(name, arguments) => (INDEXED, format!("{}({})", name.text, list(arguments))),
        ExprKind::Cast(ty, of) => (INDEXED, format!("{}({})", type_text(ty), expr(of))),
        ExprKind::List(items) => (INDEXED, format!("{{{}}}", list(items))),
        ExprKind::DurationOf(body) => (INDEXED, format!("durationof({})", inline(body))),
    };
    if level < least { format!("({text})") } else { text }
}

/// Statements within an expression, on one line.
fn inline(body: &[Stmt]) -> String {
    if let [Stmt { kind: StmtKind::Value(value), .. }] = body {
        return expr(value);
    }
    let mut printer = Printer { out: String::new(), indent: 0, two: false };
    printer.block(body);
    format!("{{ {}}}", printer.out.replace('\n', " "))
}

fn index(index: &Index) -> String {
    match index {
        Index::One(e) => expr(e),
        Index::Range(parts) => span(parts.0.as_ref(), parts.1.as_ref(), parts.2.as_ref()),
        Index::Set(items) => format!("{{{}}}", list(items)),
    }
}

fn span(first: Option<&Expr>, step: Option<&Expr>, last: Option<&Expr>) -> String {
    let text = |e: Option<&Expr>| e.map(expr).unwrap_or_default();
    match step {
        Some(step) => format!("{}:{}:{}", text(first), expr(step), text(last)),
        None => format!("{}:{}", text(first), text(last)),
    }
}

fn range(over: &Over) -> String {
    match over {
        Over::Set(items) => format!("{{{}}}", list(items)),
        Over::Range(first, step, last) => {
            format!("[{}]", span(first.as_ref(), step.as_ref(), last.as_ref()))
        }
        Over::Value(value) => expr(value),
    }
}

fn type_text(ty: &TypeExpr) -> String {
    let word = match ty.kind {
        TypeKind::Bool => "bool",
        TypeKind::Int => "int",
        TypeKind::Uint => "uint",
        TypeKind::Float => "float",
        TypeKind::Angle => "angle",
        TypeKind::Complex => "complex",
        TypeKind::Bit => "bit",
        TypeKind::Duration => "duration",
        TypeKind::Stretch => "stretch",
    };
    let inner = match (&ty.width, ty.kind) {
        (None, _) => word.to_owned(),
        (Some(width), TypeKind::Complex) => format!("complex[float[{}]]", expr(width)),
        (Some(width), _) => format!("{word}[{}]", expr(width)),
    };
    if ty.dimensions.is_empty() { inner } else { format!("array[{inner}, {}]", list(&ty.dimensions)) }
}

fn pragma_text(pragma: &Pragma) -> String {
    match pragma {
        Pragma::Verbatim => "braket verbatim".to_owned(),
        Pragma::Result(spec) => format!("braket result {}", result(spec)),
        Pragma::Noise(name, values, targets) => {
            format!("braket noise {}({}) {}", name.text, list(values), list(targets))
        }
        Pragma::Kraus(matrices, targets) => {
            let matrices: Vec<String> = matrices.iter().map(|m| matrix(m)).collect();
            format!("braket noise kraus({}) {}", matrices.join(", "), list(targets))
        }
        Pragma::Unitary(rows, targets) => format!("braket unitary({}) {}", matrix(rows), list(targets)),
        Pragma::Other(text) => text.clone(),
    }
}

fn matrix(rows: &[Vec<Expr>]) -> String {
    let rows: Vec<String> = rows.iter().map(|row| format!("[{}]", list(row))).collect();
    format!("[{}]", rows.join(", "))
}

fn result(spec: &ResultSpec) -> String {
    match spec {
        ResultSpec::StateVector => "state_vector".to_owned(),
        ResultSpec::DensityMatrix(targets) => format!("density_matrix {}", targets_text(targets)),
        ResultSpec::Probability(targets) => format!("probability {}", targets_text(targets)),
        ResultSpec::Amplitude(states) => {
            let states: Vec<String> = states.iter().map(|(s, _)| format!("\"{s}\"")).collect();
            format!("amplitude {}", states.join(", "))
        }
        ResultSpec::Observable(name, factors) => format!("{} {}", name.text, observable(factors)),
        ResultSpec::Gradient(terms, names) => {
            let terms: Vec<String> =
                terms.iter().map(|(w, f)| format!("{} * {}", expr(w), observable(f))).collect();
            let names: Vec<&str> = names.iter().map(|n| n.text.as_str()).collect();
            let names = if names.is_empty() { "all".to_owned() } else { names.join(", ") };
            format!("adjoint_gradient expectation({}) {names}", terms.join(" + "))
        }
    }
}

fn targets_text(targets: &Targets) -> String {
    match targets {
        Targets::All => "all".to_owned(),
        Targets::These(list_of) => list(list_of),
    }
}

fn observable(factors: &[FactorSpec]) -> String {
    let factor = |f: &FactorSpec| match (f.matrix.is_empty(), &f.targets) {
        (false, targets) => format!("{}({}) {}", f.name.text, matrix(&f.matrix), targets_text(targets)),
        (true, Targets::All) => format!("{} all", f.name.text),
        (true, Targets::These(targets)) => format!("{}({})", f.name.text, list(targets)),
    };
    factors.iter().map(factor).collect::<Vec<_>>().join(" @ ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::diagnostic::Sources;
    use crate::qasm::{ParseOptions, parse};

    /// The tree of a text with its places put aside.
    fn tree(text: &str) -> Option<(Program, String)> {
        let (program, diagnostics) = parse(&mut Sources::new("t", text), &ParseOptions::default());
        if !diagnostics.is_empty() {
            return None;
        }
        let mut shape = String::new();
        // Spans are the only braces that hold `start` and `end`.
        let whole = |s: &Stmt| {
            if let StmtKind::Run(run) = &s.kind { run.statements().collect() } else { vec![s.clone()] }
        };
        let statements: Vec<Stmt> = program.statements.iter().flat_map(whole).collect();
        for part in format!("{statements:?}").split("span: Span {") {
            shape +=
                part.split_once('}').filter(|_| part.trim_start().starts_with("start")).map_or(part, |p| p.1);
        }
        // Spans in tuples have no field name.
        let shape = shape
            .split("Span {")
            .map(|p| p.split_once('}').filter(|_| p.trim_start().starts_with("start")).map_or(p, |x| x.1))
            .collect();
        Some((program, shape))
    }

    fn comes_back(text: &str) {
        let Some((program, before)) = tree(text) else { return };
        let printed = print(&program);
        let (_, after) = tree(&printed).unwrap_or_else(|| panic!("{text}\n--\n{printed}"));
        assert_eq!(before, after, "{text}\n--\n{printed}");
    }

    #[test]
    fn every_program_of_the_corpus_comes_back() {
        let mut n = 0;
        for folder in ["", "bad", "bad/target", "bad/reader"] {
            let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../circuits").join(folder);
            for entry in std::fs::read_dir(path).unwrap() {
                let path = entry.unwrap().path();
                if path.extension().is_some_and(|e| e == "qasm") {
                    comes_back(&std::fs::read_to_string(path).unwrap());
                    n += 1;
                }
            }
        }
        assert!(n > 80, "only {n} programs");
    }

    #[test]
    fn every_form_of_the_grammar_comes_back() {
        for text in [
            "const int[8] n = -3 + 2 * 4 ** 2; uint x = n % 3 << 1; bool b = !(n == 3) && true || false;",
            "array[int[32], 2, 3] a = {{1, 2, 3}, {4, 5, 6}}; a[0, 1] += 2; a[1][2] = a[0:1:2, 1][0];",
            "qubit[8] q; let s = q[0:2:6]; let t = q[{1, 3}] ++ q[-1]; h t; barrier; barrier s, q[0];",
            "qubit[2] q; ctrl(2) @ negctrl @ inv @ pow(1/2) @ x q; gphase(pi); delay[100ns] q[0]; box[1us] { h q; }",
            "bit[4] c = \"0101\"; if (c[0]) { c[1] = 1; } else { c[2] = 0; } while (c[3] == 1) { break; }",
            "int i = 0; switch (i) { case 1, 2 { i += 1; } default { i = 0; } } for uint[4] k in {1, 5} { continue; }",
            "def f(qubit[2] q, int[8] n, float[64] x) -> bit { h q; return measure q[0]; } qubit[2] r; bit b = f(r, 3, 0.5);",
            "gate g(a, b) x, y { U(a, b, -a / 2) x; cx x, y; } input float[32] theta; output bit result; end;",
            "complex[float[64]] z = 1.5 - 2.0im; angle[20] a = pi / 4; duration d = 3.5ms; float f = sin(a) ** 2;",
            "@note anything here\nqubit q;\n#pragma vendor do something odd\nextern g(int) -> int; cal { play x; }",
            "qubit[2] q;\n#pragma braket result expectation x(q[0]) @ hermitian([[1, 0], [0, -1]]) q[1]\n#pragma braket noise kraus([[1, 0], [0, 1]]) q[0]\n#pragma braket result amplitude \"00\", \"11\"",
            "OPENQASM 2.0; include \"qelib1.inc\"; qreg q[2]; creg c[2]; if (c == 1) x q[0]; measure q -> c; opaque o(a) b;",
        ] {
            assert!(tree(text).is_some(), "{text}");
            comes_back(text);
        }
    }
}
