//! Tokens into the tree: recursive descent for statements, precedence climbing for expressions.
//!
//! A parse never fails: what cannot be read becomes a diagnostic, and reading goes on after the
//! next semicolon or brace, so that one slip gives one diagnostic.

mod control;
mod expression;
mod plain;
mod pragma;
mod slips;
mod statement;

pub(super) use expression::{POWER, written};

use std::collections::BTreeMap;
use std::sync::Arc;

use super::ast::{Name, Stmt};
use super::lexer::{Kind, Lexer, Token};
use crate::diagnostic::{Diagnostic, Span};
use crate::limits;

/// Which language rules apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Version {
    /// OpenQASM 2: `^` is a power.
    Two,
    /// OpenQASM 3.
    Three,
}

/// Reads one file.
pub struct Parser<'a> {
    text: &'a str,
    /// The same text, where runs of plain calls may keep it.
    shared: Option<Arc<str>>,
    base: u32,
    lexer: Lexer<'a>,
    token: Token,
    /// End of the token before, for spans and for "expected `;`".
    last_end: u32,
    depth: u32,
    /// Loops around what is read, and whether a subroutine is.
    loops: u32,
    in_subroutine: bool,
    /// Operators and indices of the statement so far.
    operators: u32,
    /// Where the last text began that belongs to no token.
    stray: Option<u32>,
    version: Version,
    diagnostics: Vec<Diagnostic>,
    physical: BTreeMap<u32, Span>,
}

/// A statement could not be read; its diagnostic is noted.
pub(super) struct Lost;

type Parsed<T> = Result<T, Lost>;

impl<'a> Parser<'a> {
    /// Over a text whose first byte has the global offset `base`.
    pub fn new(text: &'a str, base: u32, version: Version) -> Self {
        let mut lexer = Lexer::new(text, base);
        let token = lexer.next_token();
        Self {
            text,
            shared: None,
            base,
            lexer,
            token,
            last_end: base,
            depth: 0,
            loops: 0,
            in_subroutine: false,
            operators: 0,
            version,
            diagnostics: Vec::new(),
            stray: None,
            physical: BTreeMap::new(),
        }
    }

    /// Over a whole text, whose plain calls it reads as runs.
    pub fn with_runs(text: &'a Arc<str>, base: u32, version: Version) -> Self {
        Self { shared: Some(Arc::clone(text)), ..Self::new(text, base, version) }
    }

    /// All statements, and what was wrong.
    pub fn file(self) -> (Vec<Stmt>, Vec<Diagnostic>) {
        let (statements, _, diagnostics) = self.file_with_physical();
        (statements, diagnostics)
    }

    /// The same with the hardware qubits that were named.
    pub fn file_with_physical(mut self) -> (Vec<Stmt>, BTreeMap<u32, Span>, Vec<Diagnostic>) {
        if matches!(self.token.kind, Kind::Stray | Kind::Unclosed) {
            self.skip_strays();
        }
        let mut out = Vec::new();
        if self.is_name("from") || self.is_name("import") {
            let help =
                "write the circuit as OpenQASM first: `qasm3.dumps(circuit)` of Qiskit, `to_ir` of Braket";
            self.error("SB5001", self.token.span, "this is a program in Python", help);
            return (out, self.physical, self.diagnostics);
        }
        while self.token.kind != Kind::End && self.diagnostics.len() < limits::DIAGNOSTICS {
            let before = self.token.span;
            if self.is_sign("}") {
                self.error("SB5002", self.token.span, "this brace closes nothing", "remove it");
                self.advance();
                continue;
            }
            if let Some(run) = self.plain_calls() {
                out.push(run);
                continue;
            }
            match self.statement() {
                Ok(statement) => out.push(statement),
                Err(Lost) => self.recover(before),
            }
        }
        (out, self.physical, self.diagnostics)
    }

    fn words(&self, span: Span) -> &'a str {
        self.text.get((span.start - self.base) as usize..(span.end - self.base) as usize).unwrap_or("")
    }

    fn word(&self) -> &'a str {
        self.words(self.token.span)
    }

    fn advance(&mut self) -> Token {
        let token = self.token;
        self.last_end = token.span.end;
        self.next();
        token
    }

    fn next(&mut self) {
        self.token = self.lexer.next_token();
        if matches!(self.token.kind, Kind::Stray | Kind::Unclosed) {
            self.skip_strays();
        }
    }

    fn skip_strays(&mut self) {
        while matches!(self.token.kind, Kind::Stray | Kind::Unclosed) {
            let (span, text) = (self.token.span, self.word());
            if self.diagnostics.len() < limits::DIAGNOSTICS {
                let unclosed = self.token.kind == Kind::Unclosed;
                self.note(if unclosed { slips::unclosed(text, span) } else { slips::stray(text, span) });
            }
            self.stray = Some(span.start);
            self.token = self.lexer.next_token();
        }
    }

    fn is_sign(&self, sign: &str) -> bool {
        self.token.kind == Kind::Sign && self.word() == sign
    }

    fn is_name(&self, name: &str) -> bool {
        self.token.kind == Kind::Name && self.word() == name
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is = self.is_sign(sign);
        if is {
            self.advance();
        }
        is
    }

    fn take_name(&mut self, name: &str) -> bool {
        let is = self.is_name(name);
        if is {
            self.advance();
        }
        is
    }

    fn expect(&mut self, sign: &str) -> Parsed<Token> {
        if self.is_sign(sign) {
            return Ok(self.advance());
        }
        let ends = self.on_new_line() || self.is_sign("}") || self.token.kind == Kind::End;
        if sign == ";" && ends {
            if self.strayed() {
                return Err(Lost);
            }
            // The place to type it is after what was read, not before what comes next.
            let read = &self.text[..(self.last_end - self.base) as usize];
            let last = read.chars().next_back().map_or(0, |c| c.len_utf8() as u32);
            let at = Span::new(self.last_end - last, self.last_end);
            let end = Span::new(self.last_end, self.last_end);
            let diagnostic = Diagnostic::error("SB5004", at, "expected `;`")
                .with_label("the statement ends here")
                .with_help("add `;`")
                .with_fix(end, ";", true);
            self.note(diagnostic);
            return Err(Lost);
        }
        Err(self.unexpected(&format!("`{sign}`")))
    }

    /// Whether something between the last token and this one was refused already: what follows from
    /// that is not worth a word.
    fn strayed(&self) -> bool {
        self.stray.is_some_and(|at| at >= self.last_end)
    }

    fn unexpected(&mut self, wanted: &str) -> Lost {
        if self.strayed() {
            return Lost;
        }
        let found = match self.token.kind {
            Kind::End => "the end of the file".to_owned(),
            _ => format!("`{}`", self.word().chars().take(40).collect::<String>().escape_debug()),
        };
        let message = format!("expected {wanted}, found {found}");
        let help = self.advice(wanted);
        let diagnostic = Diagnostic::error("SB5001", self.token.span, message)
            .with_label(format!("expected {wanted}"))
            .with_help(help);
        self.note(diagnostic);
        Lost
    }

    fn name(&mut self) -> Parsed<Name> {
        if self.token.kind != Kind::Name {
            return Err(self.unexpected("a name"));
        }
        let span = self.token.span;
        let text = self.word();
        if text.len() > limits::NAME_BYTES {
            let message = format!("names have at most {} bytes", limits::NAME_BYTES);
            self.error("SB5011", span, message, "shorten it");
            return Err(Lost);
        }
        self.advance();
        Ok(Name { text: text.to_owned(), span })
    }

    /// `qubit q[2];`: the size belongs to the type.
    fn size_behind(&mut self, ty: &str, name: &Name) -> Lost {
        let message = "the size stands before the name";
        let help = format!("write `{ty}[…] {};`", name.text);
        self.error("SB5001", self.token.span, message, &help);
        Lost
    }

    fn error(&mut self, code: &'static str, span: Span, message: impl Into<String>, help: &str) {
        self.note(Diagnostic::error(code, span, message).with_help(help));
    }

    fn note(&mut self, diagnostic: Diagnostic) {
        if self.diagnostics.len() < limits::DIAGNOSTICS {
            self.diagnostics.push(diagnostic);
        }
    }

    /// Goes into something that nests; leaves by [`Self::leave`].
    fn enter(&mut self) -> Parsed<()> {
        if self.depth >= limits::NESTING {
            let message = format!("nested deeper than {} levels", limits::NESTING);
            self.error("SB5010", self.token.span, message, "split the expression or block");
            self.token = Token { kind: Kind::End, span: self.token.span };
            return Err(Lost);
        }
        self.depth += 1;
        Ok(())
    }

    /// One more level of the tree that no recursion here counts.
    fn longer(&mut self) -> Parsed<()> {
        self.operators += 1;
        if self.operators > limits::OPERATORS {
            let message = format!("more than {} operators in one statement", limits::OPERATORS);
            self.error("SB5010", self.token.span, message, "split it into several statements");
            self.token = Token { kind: Kind::End, span: self.token.span };
            return Err(Lost);
        }
        Ok(())
    }

    fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// To the start of the next statement: after a semicolon, or at a brace or a fresh keyword.
    fn recover(&mut self, began: Span) {
        let mut open = 0u32;
        loop {
            if self.token.kind == Kind::End {
                return;
            }
            let fresh = self.token.span.start > began.start && self.on_new_line() && self.starts_statement();
            if open == 0 && fresh {
                return;
            }
            match self.token.kind {
                Kind::Sign if self.word() == ";" && open == 0 => {
                    self.advance();
                    return;
                }
                Kind::Sign if self.word() == "{" => open += 1,
                Kind::Sign if self.word() == "}" => {
                    if open == 0 {
                        // The enclosing block ends here; only a file's top level eats it.
                        if self.depth == 0 {
                            self.advance();
                        }
                        return;
                    }
                    open -= 1;
                    if open == 0 {
                        self.advance();
                        return;
                    }
                }
                _ => {}
            }
            self.advance();
        }
    }

    fn on_new_line(&self) -> bool {
        let between = Span::new(self.last_end, self.token.span.start);
        self.words(between).contains('\n')
    }

    fn starts_statement(&self) -> bool {
        matches!(self.token.kind, Kind::Name | Kind::Pragma | Kind::Annotation)
    }
}
