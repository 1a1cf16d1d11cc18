//! OpenQASM in and out: read every common dialect, say what is wrong, write what a target takes.
//!
//! [`read`] is the one call most callers need: text in, circuit and diagnostics out.

pub mod ast;
pub mod emit;
mod envelope;
mod jaqcd;
mod lexer;
mod lower;
mod parser;
mod print;
mod rewrite;
mod run;
mod settle;

use std::collections::BTreeMap;
use std::sync::Arc;

use ast::{Stmt, StmtKind};
pub use emit::{Emit, emit};
pub(crate) use lower::rounds;
use parser::{Parser, Version};
pub use print::print;
pub use rewrite::rewrite;

use crate::circuit::Circuit;
use crate::diagnostic::{Diagnostic, Severity, Sources, Span};
use crate::limits;

/// What a program may include; this package opens no file itself.
pub trait Files {
    /// The text of a file, or why there is none.
    fn read(&self, path: &str) -> Result<String, String>;
}

/// No file may be included but the built-in ones.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read(&self, path: &str) -> Result<String, String> {
        Err(format!("{path} cannot be read here"))
    }
}

/// Which language a text is in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Dialect {
    /// By its content.
    #[default]
    Auto,
    /// OpenQASM 3, Braket's dialect included.
    OpenQasm3,
    /// OpenQASM 2.
    OpenQasm2,
    /// The JSON envelope of a Braket program.
    Json,
}

/// How to read.
#[derive(Clone, Copy)]
pub struct ParseOptions<'a> {
    /// Which language.
    pub dialect: Dialect,
    /// What may be included.
    pub files: &'a dyn Files,
}

impl Default for ParseOptions<'_> {
    fn default() -> Self {
        Self { dialect: Dialect::Auto, files: &NoFiles }
    }
}

/// A value for an input.
#[derive(Clone, Debug, PartialEq)]
pub enum InputValue {
    /// A number.
    Number(f64),
    /// A whole number.
    Int(i64),
    /// Bits, leftmost most significant.
    Bits(String),
    /// Several.
    List(Vec<InputValue>),
}

/// Values for inputs, by name.
pub type Inputs = BTreeMap<String, InputValue>;

/// A parsed program: the tree, includes put in their place.
#[derive(Clone, Debug, Default)]
pub struct Program {
    /// The statements.
    pub statements: Vec<Stmt>,
    /// Hardware qubits that it names, each with the first place.
    pub physical: BTreeMap<u32, Span>,
    /// Values that came with the program in its envelope.
    pub inputs: Inputs,
}

/// Everything that reading gave.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The texts.
    pub sources: Sources,
    /// The tree.
    pub program: Program,
    /// What is wrong or worth knowing, by place.
    pub diagnostics: Vec<Diagnostic>,
    /// The circuit, unless something is wrong.
    pub circuit: Option<Circuit>,
}

/// Reads a text: parse, include, lower.
pub fn read(name: &str, text: impl Into<Arc<str>>, options: &ParseOptions<'_>, inputs: &Inputs) -> Reading {
    let mut sources = Sources::new(name, text);
    let (program, mut diagnostics) = parse(&mut sources, options);
    let mut circuit = None;
    if !has_errors(&diagnostics) {
        let mut all = program.inputs.clone();
        all.extend(inputs.clone());
        match lower::lower(&program, &all) {
            Ok((lowered, warnings)) => {
                circuit = Some(lowered);
                diagnostics.extend(warnings);
            }
            Err(errors) => diagnostics.extend(errors),
        }
    }
    diagnostics.sort_by_key(|d| d.span);
    diagnostics.truncate(limits::DIAGNOSTICS);
    Reading { sources, program, diagnostics, circuit }
}

fn has_errors(diagnostics: &[Diagnostic]) -> bool {
    diagnostics.iter().any(|d| d.severity == Severity::Error)
}

/// The tree of a text; never fails, always reports.
pub fn parse(sources: &mut Sources, options: &ParseOptions<'_>) -> (Program, Vec<Diagnostic>) {
    let Some(source) = sources.files().first() else { return (Program::default(), Vec::new()) };
    let text = Arc::clone(&source.text);
    if text.len() > limits::SOURCE_BYTES {
        let message = format!("the program has more than {} bytes", limits::SOURCE_BYTES);
        return (
            Program::default(),
            vec![Diagnostic::error("SB5015", Span::default(), message).with_help("split it")],
        );
    }
    let is_json = match options.dialect {
        Dialect::Json => true,
        Dialect::Auto => opens_json(&text),
        Dialect::OpenQasm2 | Dialect::OpenQasm3 => false,
    };
    if is_json {
        return envelope::parse(sources, &text, options);
    }
    parse_text(sources, &text, 0, options)
}

/// Whether a text is meant as JSON: a program may begin with a brace too, but with no string in it.
fn opens_json(text: &str) -> bool {
    let inside = text.trim_start().strip_prefix('{').map(str::trim_start);
    inside.is_some_and(|i| i.is_empty() || i.starts_with('"'))
}

fn parse_text(
    sources: &mut Sources,
    text: &Arc<str>,
    base: u32,
    options: &ParseOptions<'_>,
) -> (Program, Vec<Diagnostic>) {
    let version = if options.dialect == Dialect::OpenQasm2 { Version::Two } else { Version::Three };
    let (statements, physical, mut diagnostics) = Parser::with_runs(text, base, version).file_with_physical();
    let mut program = Program { statements: Vec::new(), physical, inputs: Inputs::new() };
    let foreign = |s: &Stmt| matches!(&s.kind, StmtKind::Include(path) if !is_built_in(path));
    if !statements.iter().any(foreign) {
        program.statements = statements;
        return (program, diagnostics);
    }
    for statement in statements {
        match &statement.kind {
            StmtKind::Include(path) if !is_built_in(path) => {
                include(sources, path, statement.span, &mut program, &mut diagnostics, options);
            }
            _ => program.statements.push(statement),
        }
    }
    (program, diagnostics)
}

fn is_built_in(path: &str) -> bool {
    matches!(path, "stdgates.inc" | "qelib1.inc" | "hqslib1.inc" | "hqslib1_dev.inc")
}

fn include(
    sources: &mut Sources,
    path: &str,
    span: Span,
    program: &mut Program,
    diagnostics: &mut Vec<Diagnostic>,
    options: &ParseOptions<'_>,
) {
    let refuse = |message: String| {
        Diagnostic::error("SB5006", span, message).with_label("included here").with_help(
            "`stdgates.inc` and `qelib1.inc` are built in; other files must lie below the program's folder",
        )
    };
    let outside = path.starts_with('/') || path.contains("..") || path.contains('\\');
    let read: usize = sources.files().iter().map(|f| f.text.len()).sum();
    if outside {
        diagnostics.push(refuse(format!("{path:?} is outside the program's folder")));
        return;
    }
    if sources.files().len() > limits::NESTING as usize || sources.files().iter().any(|f| f.name == path) {
        diagnostics.push(refuse(format!("{path:?} is included twice, or too deep")));
        return;
    }
    match options.files.read(path) {
        Ok(text) if text.len() + read > limits::SOURCE_BYTES => {
            diagnostics.push(refuse(format!(
                "with {path:?} the program has more than {} bytes",
                limits::SOURCE_BYTES
            )));
        }
        Ok(text) => {
            let text: Arc<str> = text.into();
            let base = sources.add(path, Arc::clone(&text));
            let (inner, found) = parse_text(sources, &text, base, options);
            diagnostics.extend(found.into_iter().map(|d| d.with_related(span, "included here")));
            program.statements.extend(inner.statements);
            for (label, span) in inner.physical {
                program.physical.entry(label).or_insert(span);
            }
        }
        Err(why) => diagnostics.push(refuse(why)),
    }
}

/// The circuit of a tree.
pub fn lower(program: &Program, inputs: &Inputs) -> Result<(Circuit, Vec<Diagnostic>), Vec<Diagnostic>> {
    lower::lower(program, inputs)
}

/// Values of a circuit's free inputs, in its order.
///
/// # Errors
/// A missing, surplus, wrong-typed or infinite value.
pub fn bind(circuit: &Circuit, inputs: &Inputs) -> Result<Vec<f64>, Vec<Diagnostic>> {
    let mut out = Vec::with_capacity(circuit.inputs.len());
    let mut wrong = Vec::new();
    for input in &circuit.inputs {
        let value = match inputs.get(&input.name) {
            Some(InputValue::Number(x)) => Some(*x),
            Some(InputValue::Int(n)) => Some(*n as f64),
            Some(InputValue::Bits(_) | InputValue::List(_)) => None,
            None => {
                let diagnostic = Diagnostic::error(
                    "SB5030",
                    input.span,
                    format!("the input `{}` has no value", input.name),
                )
                .with_label("declared here")
                .with_help(format!("give it: `--input {}=VALUE`", input.name));
                wrong.push(diagnostic);
                continue;
            }
        };
        match value.filter(|x| x.is_finite()) {
            Some(x) => out.push(x),
            None => {
                let message = format!("the value given for `{}` is no finite number", input.name);
                wrong.push(Diagnostic::error("SB5034", input.span, message).with_help("give a number"));
            }
        }
    }
    if wrong.is_empty() { Ok(out) } else { Err(wrong) }
}

#[cfg(test)]
mod tests;
