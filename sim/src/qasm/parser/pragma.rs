//! Pragmas: their text is read with the same tokens, one line at a time.
//!
//! Source: the grammar of Braket's pragmas; a pragma of anybody else is kept word for word.

use std::collections::BTreeMap;

use super::{Kind, Lost, Parsed, Parser};
use crate::diagnostic::{Diagnostic, Span};
use crate::qasm::ast::{Expr, FactorSpec, Name, Pragma, ResultSpec, Targets};
use crate::qasm::lexer::Lexer;

impl Parser<'_> {
    /// A pragma whose whole line is `span`.
    pub(super) fn pragma(&mut self, span: Span) -> Parsed<Pragma> {
        let text = self.words(span);
        let word = if text.starts_with('#') { "#pragma" } else { "pragma" };
        let start = span.start + word.len() as u32;
        let mut line = Parser {
            shared: None,
            operators: 0,
            loops: 0,
            in_subroutine: false,
            text: self.words(Span::new(start, span.end)),
            base: start,
            lexer: Lexer::new(self.words(Span::new(start, span.end)), start),
            token: self.token,
            last_end: start,
            depth: self.depth,
            version: self.version,
            diagnostics: Vec::new(),
            stray: None,
            physical: BTreeMap::new(),
        };
        line.advance();
        let out = line.pragma_line(text[word.len()..].trim());
        for (label, span) in line.physical {
            self.physical.entry(label).or_insert(span);
        }
        for diagnostic in line.diagnostics {
            self.note(diagnostic);
        }
        out
    }

    fn pragma_line(&mut self, text: &str) -> Parsed<Pragma> {
        let forgotten =
            ["verbatim", "result", "noise", "unitary"].into_iter().find(|word| self.is_name(word));
        if let Some(word) = forgotten {
            let message = format!("the {word} pragma lacks `braket`");
            let diagnostic = Diagnostic::error("SB5040", self.token.span, message)
                .with_help(format!("write `#pragma braket {word} …`"))
                .with_fix(Span::new(self.token.span.start, self.token.span.start), "braket ", true);
            self.note(diagnostic);
            return Err(Lost);
        }
        if !self.take_name("braket") {
            return Ok(Pragma::Other(text.to_owned()));
        }
        let pragma = match self.word() {
            "verbatim" => {
                self.advance();
                Pragma::Verbatim
            }
            "result" => {
                self.advance();
                Pragma::Result(self.result_spec()?)
            }
            "noise" => {
                self.advance();
                self.noise()?
            }
            "unitary" => {
                self.advance();
                let bracketed = self.take_sign("(");
                let matrix = self.matrix()?;
                if bracketed {
                    self.expect(")")?;
                }
                Pragma::Unitary(matrix, self.list("")?)
            }
            _ => {
                let diagnostic = Diagnostic::error("SB5041", self.token.span, "this is no Braket pragma")
                    .with_label("unknown")
                    .with_help("known are: verbatim, result, noise, unitary");
                self.note(diagnostic);
                return Err(Lost);
            }
        };
        if self.token.kind != Kind::End {
            return Err(self.unexpected("the end of the line"));
        }
        Ok(pragma)
    }

    fn result_spec(&mut self) -> Parsed<ResultSpec> {
        let name = self.name()?;
        match name.text.as_str() {
            "state_vector" => Ok(ResultSpec::StateVector),
            "density_matrix" => Ok(ResultSpec::DensityMatrix(self.targets()?)),
            "probability" => Ok(ResultSpec::Probability(self.targets()?)),
            "amplitude" => {
                let mut states = Vec::new();
                loop {
                    if self.token.kind != Kind::Text {
                        return Err(self.unexpected("a basis state in quotes"));
                    }
                    let (text, span) = (self.word(), self.token.span);
                    states.push((text[1..text.len() - 1].to_owned(), span));
                    self.advance();
                    if !self.take_sign(",") {
                        return Ok(ResultSpec::Amplitude(states));
                    }
                }
            }
            "expectation" | "variance" | "sample" => Ok(ResultSpec::Observable(name, self.factors()?)),
            "adjoint_gradient" => self.gradient(),
            _ => {
                let diagnostic = Diagnostic::error("SB5042", name.span, "this is no result type")
                    .with_label("unknown")
                    .with_help(
                        "known are: state_vector, density_matrix, probability, amplitude, expectation, variance, \
                         sample, adjoint_gradient",
                    );
                self.note(diagnostic);
                Err(Lost)
            }
        }
    }

    fn targets(&mut self) -> Parsed<Targets> {
        if self.take_name("all") || self.token.kind == Kind::End {
            return Ok(Targets::All);
        }
        Ok(Targets::These(self.list("")?))
    }

    fn factors(&mut self) -> Parsed<Vec<FactorSpec>> {
        let mut out = vec![self.factor()?];
        while self.take_sign("@") {
            out.push(self.factor()?);
        }
        Ok(out)
    }

    /// `z(q[0])`, `z all`, `hermitian([[…]]) q[0]`.
    fn factor(&mut self) -> Parsed<FactorSpec> {
        let name = self.name()?;
        if name.text == "hermitian" {
            self.expect("(")?;
            let matrix = self.matrix()?;
            self.expect(")")?;
            let targets = if self.take_name("all") { Targets::All } else { Targets::These(self.operands()?) };
            return Ok(FactorSpec { name, matrix, targets });
        }
        if !matches!(name.text.as_str(), "x" | "y" | "z" | "h" | "i") {
            let diagnostic = Diagnostic::error("SB5043", name.span, "this is no observable")
                .with_label("unknown")
                .with_help("known are: x, y, z, h, i, hermitian");
            self.note(diagnostic);
            return Err(Lost);
        }
        let targets = if self.take_sign("(") {
            let list = self.list(")")?;
            self.expect(")")?;
            Targets::These(list)
        } else if self.take_name("all") || self.token.kind == Kind::End || self.is_sign("@") {
            Targets::All
        } else {
            Targets::These(self.operands()?)
        };
        Ok(FactorSpec { name, matrix: Vec::new(), targets })
    }

    /// Operands between commas.
    fn operands(&mut self) -> Parsed<Vec<Expr>> {
        let mut out = vec![self.expr()?];
        while self.take_sign(",") {
            out.push(self.expr()?);
        }
        Ok(out)
    }

    /// `expectation(2.2 * x(q[0]) @ x(q[1]) + z(q[0])) name, name` or `all`.
    fn gradient(&mut self) -> Parsed<ResultSpec> {
        if !self.take_name("expectation") {
            return Err(self.unexpected("`expectation`"));
        }
        self.expect("(")?;
        let mut terms = Vec::new();
        loop {
            let negative = self.take_sign("-");
            let start = self.token.span;
            let weight = if matches!(self.token.kind, Kind::Int | Kind::Float) {
                let value = self.number_literal()?;
                self.expect("*")?;
                value
            } else {
                1.0
            };
            let kind = crate::qasm::ast::ExprKind::Float(if negative { -weight } else { weight });
            terms.push((Expr { kind, span: start }, self.factors()?));
            if !self.take_sign("+") && !self.is_sign("-") {
                break;
            }
        }
        self.expect(")")?;
        let mut names: Vec<Name> = Vec::new();
        if !self.take_name("all") && self.token.kind != Kind::End {
            loop {
                names.push(self.name()?);
                if !self.take_sign(",") {
                    break;
                }
            }
        }
        Ok(ResultSpec::Gradient(terms, names))
    }

    fn number_literal(&mut self) -> Parsed<f64> {
        let digits: String = self.word().chars().filter(|c| *c != '_').collect();
        let Some(x) = digits.parse::<f64>().ok().filter(|x| x.is_finite()) else {
            return Err(self.unexpected("a number"));
        };
        self.advance();
        Ok(x)
    }

    fn noise(&mut self) -> Parsed<Pragma> {
        let name = self.name()?;
        self.expect("(")?;
        if name.text == "kraus" {
            let mut matrices = vec![self.matrix()?];
            while self.take_sign(",") {
                matrices.push(self.matrix()?);
            }
            self.expect(")")?;
            return Ok(Pragma::Kraus(matrices, self.list("")?));
        }
        let parameters = self.list(")")?;
        self.expect(")")?;
        Ok(Pragma::Noise(name, parameters, self.list("")?))
    }

    /// `[[a, b], [c, d]]`.
    fn matrix(&mut self) -> Parsed<Vec<Vec<Expr>>> {
        self.expect("[")?;
        let mut rows = Vec::new();
        loop {
            self.expect("[")?;
            rows.push(self.list("]")?);
            self.expect("]")?;
            if !self.take_sign(",") {
                break;
            }
        }
        self.expect("]")?;
        Ok(rows)
    }
}
