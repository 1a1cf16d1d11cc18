//! Expressions. Source: OpenQASM 3 specification, operator precedence.

use super::{Kind, Lost, Parsed, Parser, Version};
use crate::diagnostic::{Diagnostic, Span};
use crate::qasm::ast::{BinaryOp, Expr, ExprKind, Index, Parts, TypeExpr, TypeKind, UnaryOp};

/// Binding strength of the operators, the weakest first.
const LEVELS: [&[(&str, BinaryOp)]; 12] = [
    &[("++", BinaryOp::Join)],
    &[("||", BinaryOp::Or)],
    &[("&&", BinaryOp::And)],
    &[("|", BinaryOp::BitOr)],
    &[("^", BinaryOp::BitXor)],
    &[("&", BinaryOp::BitAnd)],
    &[("==", BinaryOp::Same), ("!=", BinaryOp::Differs)],
    &[("<", BinaryOp::Less), ("<=", BinaryOp::AtMost), (">", BinaryOp::More), (">=", BinaryOp::AtLeast)],
    &[("<<", BinaryOp::Left), (">>", BinaryOp::Right)],
    &[("+", BinaryOp::Plus), ("-", BinaryOp::Minus)],
    &[("*", BinaryOp::Times), ("/", BinaryOp::Over), ("%", BinaryOp::Rest)],
    &[("**", BinaryOp::Power)],
];
/// The strongest level, and that of signs: `-a ** 2` is `-(a ** 2)`.
pub(in crate::qasm) const POWER: usize = LEVELS.len() - 1;

/// How strongly an operator binds, and how it is written.
pub(in crate::qasm) fn written(op: BinaryOp) -> (usize, &'static str) {
    let found = |ops: &[(&'static str, BinaryOp)]| ops.iter().find(|(_, o)| *o == op).map(|(text, _)| *text);
    LEVELS.iter().enumerate().find_map(|(level, ops)| Some((level, found(ops)?))).unwrap_or((POWER, "**"))
}

/// Whole numbers below this are doubles of their own.
const EXACT: f64 = 9e15;

impl Parser<'_> {
    /// Any expression.
    pub(super) fn expr(&mut self) -> Parsed<Expr> {
        self.enter()?;
        let out = self.binary(0);
        self.leave();
        out
    }

    fn binary_op(&self) -> Option<(usize, BinaryOp)> {
        if self.token.kind != Kind::Sign {
            return None;
        }
        let sign = self.word();
        if self.version == Version::Two && sign == "^" {
            return Some((POWER, BinaryOp::Power));
        }
        LEVELS
            .iter()
            .enumerate()
            .find_map(|(level, ops)| ops.iter().find(|(text, _)| *text == sign).map(|(_, op)| (level, *op)))
    }

    fn binary(&mut self, least: usize) -> Parsed<Expr> {
        let mut left = self.unary()?;
        while let Some((level, op)) = self.binary_op() {
            if level < least {
                break;
            }
            self.longer()?;
            self.advance();
            // A power binds to the right, all others to the left.
            let right = if level == POWER {
                self.enter()?;
                let right = self.binary(level);
                self.leave();
                right?
            } else {
                self.binary(level + 1)?
            };
            let span = left.span.to(right.span);
            left = Expr { kind: ExprKind::Binary(op, Box::new(left), Box::new(right)), span };
        }
        Ok(left)
    }

    fn unary(&mut self) -> Parsed<Expr> {
        while self.take_sign("+") {}
        let op = match self.word() {
            "-" if self.token.kind == Kind::Sign => Some(UnaryOp::Minus),
            "!" if self.token.kind == Kind::Sign => Some(UnaryOp::Not),
            "~" if self.token.kind == Kind::Sign => Some(UnaryOp::Flip),
            _ => None,
        };
        let Some(op) = op else { return self.postfix() };
        let start = self.advance().span;
        self.enter()?;
        // A power binds tighter than a sign: -a ** 2 is -(a ** 2).
        let operand = self.binary(POWER);
        self.leave();
        let operand = operand?;
        let span = start.to(operand.span);
        Ok(Expr { kind: ExprKind::Unary(op, Box::new(operand)), span })
    }

    /// A value with its indices.
    pub(super) fn postfix(&mut self) -> Parsed<Expr> {
        let mut value = self.primary()?;
        while self.is_sign("[") {
            self.longer()?;
            let (indices, end) = self.indices()?;
            let span = value.span.to(end);
            value = Expr { kind: ExprKind::Index(Box::new(value), indices), span };
        }
        Ok(value)
    }

    /// `[i, a:b, {c, d}]` with the span of the closing bracket.
    pub(super) fn indices(&mut self) -> Parsed<(Vec<Index>, Span)> {
        self.expect("[")?;
        // Nearly always one: a million gates have two million of these.
        let mut out = Vec::with_capacity(1);
        loop {
            out.push(self.index()?);
            if !self.take_sign(",") {
                break;
            }
        }
        let end = self.expect("]")?.span;
        Ok((out, end))
    }

    fn index(&mut self) -> Parsed<Index> {
        if self.is_sign("{") {
            return Ok(Index::Set(self.braced()?));
        }
        let first = if self.is_sign(":") { None } else { Some(self.expr()?) };
        if !self.is_sign(":") {
            return first.map(Index::One).ok_or(Lost);
        }
        Ok(Index::Range(Box::new(self.range_rest(first)?)))
    }

    /// After `start`, at the first colon: `:end` or `:step:end`.
    pub(super) fn range_rest(&mut self, start: Option<Expr>) -> Parsed<Parts> {
        self.expect(":")?;
        let part = |p: &mut Self| {
            if p.is_sign(":") || p.is_sign("]") { Ok(None) } else { p.expr().map(Some) }
        };
        let second = part(self)?;
        if self.take_sign(":") {
            let end = part(self)?;
            return Ok((start, second, end));
        }
        Ok((start, None, second))
    }

    /// `{a, b, c}`.
    pub(super) fn braced(&mut self) -> Parsed<Vec<Expr>> {
        self.expect("{")?;
        let out = self.list("}")?;
        self.expect("}")?;
        Ok(out)
    }

    /// Expressions between commas up to a closing sign, which stays.
    pub(super) fn list(&mut self, close: &str) -> Parsed<Vec<Expr>> {
        let mut out = Vec::new();
        while !self.is_sign(close) {
            if out.is_empty() {
                out.reserve_exact(2);
            }
            out.push(self.expr()?);
            if !self.take_sign(",") {
                break;
            }
        }
        out.shrink_to_fit();
        Ok(out)
    }

    fn primary(&mut self) -> Parsed<Expr> {
        let (token, text) = (self.token, self.word());
        let kind = match token.kind {
            Kind::Int => ExprKind::Int(self.integer(text)?),
            Kind::Float => ExprKind::Float(self.float(text)?),
            Kind::Imaginary => {
                let digits = text.trim_end_matches("im").trim_end_matches('j').trim_end();
                ExprKind::Imaginary(self.float(digits)?)
            }
            Kind::Duration => self.duration(text)?,
            Kind::Text => ExprKind::Bits(self.bits(text)?),
            Kind::Physical => match text[1..].parse() {
                Ok(n) => {
                    self.physical.entry(n).or_insert(token.span);
                    ExprKind::Physical(n)
                }
                Err(_) => return Err(self.out_of_range("a qubit number")),
            },
            Kind::Sign if text == "(" => {
                self.advance();
                let mut inner = self.expr()?;
                let end = self.close(token.span, ")")?;
                inner.span = token.span.to(end);
                return Ok(inner);
            }
            Kind::Sign if text == "{" => {
                let items = self.braced()?;
                return Ok(Expr {
                    kind: ExprKind::List(items),
                    span: Span::new(token.span.start, self.last_end),
                });
            }
            Kind::Name => return self.named(),
            _ => return Err(self.unexpected("a value")),
        };
        self.advance();
        Ok(Expr { kind, span: token.span })
    }

    fn named(&mut self) -> Parsed<Expr> {
        let start = self.token.span;
        match self.word() {
            "true" | "false" => {
                let kind = ExprKind::Bool(self.word() == "true");
                self.advance();
                return Ok(Expr { kind, span: start });
            }
            "durationof" => {
                self.advance();
                self.expect("(")?;
                let body = if self.is_sign("{") { self.body()? } else { vec![self.gate_alone()?] };
                let end = self.expect(")")?.span;
                return Ok(Expr { kind: ExprKind::DurationOf(body), span: start.to(end) });
            }
            "measure" => {
                self.advance();
                self.enter()?;
                let operand = self.postfix();
                self.leave();
                let operand = operand?;
                let span = start.to(operand.span);
                return Ok(Expr { kind: ExprKind::Measure(Box::new(operand)), span });
            }
            _ => {}
        }
        if self.type_kind().is_some() {
            let ty = self.type_expr()?;
            self.expect("(")?;
            let value = self.expr()?;
            let end = self.expect(")")?.span;
            return Ok(Expr { kind: ExprKind::Cast(Box::new(ty), Box::new(value)), span: start.to(end) });
        }
        let (name, open) = (self.name()?, self.token.span);
        if self.take_sign("(") {
            let arguments = self.list(")")?;
            let end = self.close(open, ")")?;
            return Ok(Expr { kind: ExprKind::Call(name, arguments), span: start.to(end) });
        }
        Ok(Expr { kind: ExprKind::Name(name.text), span: start })
    }

    /// The type keyword that stands here.
    pub(super) fn type_kind(&self) -> Option<TypeKind> {
        if self.token.kind != Kind::Name {
            return None;
        }
        Some(match self.word() {
            "bool" => TypeKind::Bool,
            "int" => TypeKind::Int,
            "uint" => TypeKind::Uint,
            "float" => TypeKind::Float,
            "angle" => TypeKind::Angle,
            "complex" => TypeKind::Complex,
            "bit" | "creg" => TypeKind::Bit,
            "duration" => TypeKind::Duration,
            "stretch" => TypeKind::Stretch,
            _ => return None,
        })
    }

    /// `int[8]`, `complex[float[64]]`, `array[int[8], 2, 3]`.
    pub(super) fn type_expr(&mut self) -> Parsed<TypeExpr> {
        self.enter()?;
        let out = self.type_within();
        self.leave();
        out
    }

    fn type_within(&mut self) -> Parsed<TypeExpr> {
        let start = self.token.span;
        if self.take_name("array") {
            self.expect("[")?;
            let mut ty = self.type_expr()?;
            while self.take_sign(",") {
                if self.take_sign("#") || self.is_name("dim") {
                    self.advance();
                    self.take_sign("=");
                }
                ty.dimensions.push(self.expr()?);
            }
            let end = self.expect("]")?.span;
            ty.span = start.to(end);
            return Ok(ty);
        }
        let Some(kind) = self.type_kind() else { return Err(self.unexpected("a type")) };
        self.advance();
        let mut width = None;
        if self.take_sign("[") {
            if kind == TypeKind::Complex {
                width = self.type_expr()?.width;
            } else {
                width = Some(Box::new(self.expr()?));
            }
            self.expect("]")?;
        }
        Ok(TypeExpr { kind, width, dimensions: Vec::new(), span: Span::new(start.start, self.last_end) })
    }

    fn integer(&mut self, text: &str) -> Parsed<u64> {
        let digits: String = text.chars().filter(|c| *c != '_').collect();
        let (radix, digits) = match digits.get(..2) {
            Some("0x" | "0X") => (16, &digits[2..]),
            Some("0b" | "0B") => (2, &digits[2..]),
            Some("0o" | "0O") => (8, &digits[2..]),
            _ => (10, digits.as_str()),
        };
        u64::from_str_radix(digits, radix).map_err(|_| self.out_of_range("an integer of 64 bits"))
    }

    fn float(&mut self, text: &str) -> Parsed<f64> {
        let digits: String = text.chars().filter(|c| *c != '_').collect();
        match digits.parse::<f64>() {
            Ok(x) if x.is_finite() => Ok(x),
            _ => Err(self.out_of_range("a number that double precision holds")),
        }
    }

    fn duration(&mut self, text: &str) -> Parsed<ExprKind> {
        let cut = text.find(|c: char| c.is_alphabetic() && c != 'e' && c != 'E').unwrap_or(text.len());
        let (digits, unit) = text.split_at(cut);
        let scale = match unit {
            "ns" => 1e6,
            "us" | "µs" => 1e9,
            "ms" => 1e12,
            "s" => 1e15,
            _ => return Ok(ExprKind::Cycles(self.float(digits.trim_end())?)),
        };
        let femtoseconds = self.float(digits.trim_end())? * scale;
        // Equal durations are equal numbers, whatever unit they are written in: a quotient of whole
        // femtoseconds is rounded once. The smallest and the largest have no whole number of them.
        let whole = (1.0..EXACT).contains(&femtoseconds);
        Ok(ExprKind::Duration(if whole { femtoseconds.round() / 1e15 } else { femtoseconds / 1e15 }))
    }

    fn bits(&mut self, text: &str) -> Parsed<String> {
        let inner: String = text[1..text.len() - 1].chars().filter(|c| *c != '_').collect();
        if inner.bytes().all(|b| b == b'0' || b == b'1') {
            return Ok(inner);
        }
        let span = self.token.span;
        self.note(
            Diagnostic::error("SB5001", span, "a bit string holds only 0 and 1").with_label("not bits"),
        );
        Err(Lost)
    }

    fn out_of_range(&mut self, what: &str) -> Lost {
        self.error("SB5012", self.token.span, format!("this is not {what}"), "use a smaller number");
        Lost
    }
}
