//! Plain gate calls, `rz(pi / 2) q[3];`, read from their bytes without a tree.
//!
//! Whatever is not plain, or not right, is left to the parser of statements: here nothing is refused,
//! and what is taken means the same there.

use std::collections::HashMap;
use std::f64::consts::{PI, TAU};
use std::sync::Arc;

use smallvec::SmallVec;

use super::Parser;
use crate::circuit::classical::{self, Binary, Unary, Value};
use crate::diagnostic::Span;
use crate::limits;
use crate::qasm::ast::{Stmt, StmtKind};
use crate::qasm::lexer::Kind;
use crate::qasm::run::{Plain, PlainOperand, Run};

/// Words that begin another statement, or a call with something special about it.
const OTHERS: [&str; 54] = [
    "OPENQASM",
    "include",
    "qubit",
    "qreg",
    "const",
    "input",
    "output",
    "let",
    "gate",
    "def",
    "extern",
    "defcalgrammar",
    "opaque",
    "cal",
    "defcal",
    "measure",
    "reset",
    "barrier",
    "delay",
    "if",
    "else",
    "for",
    "in",
    "while",
    "switch",
    "case",
    "default",
    "box",
    "return",
    "break",
    "continue",
    "end",
    "ctrl",
    "negctrl",
    "inv",
    "pow",
    "array",
    "creg",
    "mutable",
    "readonly",
    "bool",
    "int",
    "uint",
    "float",
    "angle",
    "complex",
    "bit",
    "duration",
    "stretch",
    "durationof",
    "pragma",
    "true",
    "false",
    "gphase",
];

/// Ways into the names of a run, by a few of their bytes.
const SLOTS: usize = 128;
/// Names of one run; those of a program in its first version of everything are a few dozen.
const MOST_NAMES: usize = 4096;

/// Names that are looked through one by one.
const FEW: usize = 32;

/// A run in the making.
struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    run: Run,
    /// Index into the names; none is [`NONE`].
    slots: [u16; SLOTS],
    /// The same of all names, once there are more than [`FEW`].
    known: HashMap<String, u16>,
    /// Hardware qubits of the call that is being read.
    physical: SmallVec<[(u32, Span); 4]>,
}

const NONE: u16 = u16::MAX;

impl Parser<'_> {
    /// The plain calls that stand here, if any.
    pub(super) fn plain_calls(&mut self) -> Option<Stmt> {
        let text = self.shared.as_ref()?;
        // Most statements that are no plain call say so in their first word.
        if self.token.kind != Kind::Name || OTHERS.contains(&self.word()) {
            return None;
        }
        let start = self.token.span.start;
        let run = Run::new(Arc::clone(text), self.base, self.version);
        let at = (start - self.base) as usize;
        let bytes = self.text.as_bytes();
        let (slots, known) = ([NONE; SLOTS], HashMap::new());
        let mut reader = Reader { text: bytes, at, run, slots, known, physical: SmallVec::new() };
        while reader.call().is_some() {
            for &(label, span) in &reader.physical {
                self.physical.entry(label).or_insert(span);
            }
        }
        let run = reader.run;
        let end = run.span(run.calls.last()?).end;
        self.last_end = end;
        self.lexer.jump((end - self.base) as usize);
        self.next();
        Some(Stmt { kind: StmtKind::Run(Box::new(run)), span: Span::new(start, end) })
    }
}

impl Reader<'_> {
    fn peek(&self) -> u8 {
        self.text.get(self.at).copied().unwrap_or(0)
    }

    fn blanks(&mut self) {
        while matches!(self.peek(), b' ' | b'\n' | b'\t' | b'\r') {
            self.at += 1;
        }
    }

    fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek() == byte).then(|| self.at += 1)
    }

    /// Reads one call, or leaves everything as it was but the place, which no longer matters then.
    fn call(&mut self) -> Option<()> {
        self.between();
        let (n_angles, n_operands) = (self.run.angles.len(), self.run.operands.len());
        self.physical.clear();
        let done = self.whole_call(n_angles, n_operands);
        if done.is_none() {
            self.run.angles.truncate(n_angles);
            self.run.operands.truncate(n_operands);
        }
        done
    }

    /// Blanks and comments to the end of a line, before a call.
    fn between(&mut self) {
        loop {
            self.blanks();
            if !self.text[self.at.min(self.text.len())..].starts_with(b"//") {
                return;
            }
            while self.at < self.text.len() && self.peek() != b'\n' {
                self.at += 1;
            }
        }
    }

    fn whole_call(&mut self, first_angle: usize, first_operand: usize) -> Option<()> {
        let start = self.at;
        let gate = self.name()?;
        self.blanks();
        if self.peek() == b'(' {
            self.at += 1;
            loop {
                self.blanks();
                let angle = self.angle()?;
                self.run.angles.push(angle);
                if self.peek() != b',' {
                    break;
                }
                self.at += 1;
            }
            self.take(b')')?;
            self.blanks();
        }
        loop {
            let operand = self.operand()?;
            self.run.operands.push(operand);
            self.blanks();
            if self.peek() != b',' {
                break;
            }
            self.at += 1;
            self.blanks();
        }
        self.take(b';')?;
        let call = Plain {
            start: start as u32,
            len: u16::try_from(self.at - start).ok()?,
            gate,
            n_angles: u8::try_from(self.run.angles.len() - first_angle).ok()?,
            n_operands: u8::try_from(self.run.operands.len() - first_operand).ok()?,
        };
        self.run.calls.push(call);
        Some(())
    }

    /// A name that is no keyword, as its index.
    fn name(&mut self) -> Option<u16> {
        let start = self.at;
        if !matches!(self.peek(), b'a'..=b'z' | b'A'..=b'Z' | b'_') {
            return None;
        }
        while matches!(self.peek(), b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'0'..=b'9') {
            self.at += 1;
        }
        // Names in other letters are rare enough for the other reader.
        if self.peek() >= 0x80 {
            return None;
        }
        let name = &self.text[start..self.at];
        let slot = (name.len() * 31 + usize::from(name[0]) * 7 + usize::from(name[name.len() - 1])) % SLOTS;
        let found = self.slots[slot];
        if found != NONE && self.run.names[usize::from(found)].as_bytes() == name {
            return Some(found);
        }
        let name = std::str::from_utf8(name).ok()?;
        let names = &mut self.run.names;
        let index = match names.len() {
            0..=FEW => names.iter().position(|n| n == name).map(|at| at as u16),
            _ => self.known.get(name).copied(),
        };
        let index = match index {
            Some(index) => index,
            None => {
                let many = names.len() >= MOST_NAMES || name.len() > limits::NAME_BYTES;
                if many || OTHERS.contains(&name) {
                    return None;
                }
                names.push(name.to_owned());
                if names.len() > FEW {
                    // The first time all of them, then the new one.
                    let fresh = if self.known.is_empty() { 0 } else { names.len() - 1 };
                    self.known.extend((fresh..names.len()).map(|at| (names[at].clone(), at as u16)));
                }
                (names.len() - 1) as u16
            }
        };
        self.slots[slot] = index;
        Some(index)
    }

    fn operand(&mut self) -> Option<PlainOperand> {
        if self.peek() == b'$' {
            let start = self.at;
            self.at += 1;
            let index = self.index()?;
            let start = self.run.base + start as u32;
            self.physical.push((index, Span::new(start, self.run.base + self.at as u32)));
            return Some(PlainOperand { name: PlainOperand::PHYSICAL, index });
        }
        let name = self.name()?;
        self.blanks();
        if self.peek() != b'[' {
            return Some(PlainOperand { name, index: PlainOperand::WHOLE });
        }
        self.at += 1;
        self.blanks();
        let index = self.index()?;
        self.blanks();
        self.take(b']')?;
        Some(PlainOperand { name, index })
    }

    /// Up to nine decimal digits, which nothing of a name or number follows.
    fn index(&mut self) -> Option<u32> {
        let (start, mut index) = (self.at, 0u32);
        while let digit @ b'0'..=b'9' = self.peek() {
            index = index.wrapping_mul(10).wrapping_add(u32::from(digit - b'0'));
            self.at += 1;
        }
        let plain = matches!(self.at - start, 1..=9) && !is_word(self.peek()) && self.peek() != b'.';
        plain.then_some(index)
    }

    /// Products and quotients of literals and constants.
    fn angle(&mut self) -> Option<Value> {
        let minus = self.peek() == b'-';
        if minus {
            self.at += 1;
            self.blanks();
        }
        let mut value = self.factor()?;
        if minus {
            value = classical::unary(Unary::Minus, value).ok()?;
        }
        loop {
            self.blanks();
            let op = match self.peek() {
                b'*' => Binary::Times,
                b'/' => Binary::Over,
                b',' | b')' => return Some(value),
                _ => return None,
            };
            self.at += 1;
            self.blanks();
            let factor = self.factor()?;
            // What a quotient of integers is depends on where it stands.
            if !matches!(value, Value::Float(_)) && !matches!(factor, Value::Float(_)) {
                return None;
            }
            value = classical::binary(op, value, factor).ok()?;
        }
    }

    fn factor(&mut self) -> Option<Value> {
        let start = self.at;
        if !self.peek().is_ascii_digit() && self.peek() != b'.' {
            while is_word(self.peek()) {
                self.at += 1;
            }
            self.run.constants = true;
            return match &self.text[start..self.at] {
                b"pi" => Some(Value::Float(PI)),
                b"tau" => Some(Value::Float(TAU)),
                _ => None,
            };
        }
        let mut whole = true;
        loop {
            match self.peek() {
                b'0'..=b'9' => {}
                b'.' => whole = false,
                b'e' | b'E' => {
                    whole = false;
                    if matches!(self.text.get(self.at + 1), Some(b'+' | b'-')) {
                        self.at += 1;
                    }
                }
                _ => break,
            }
            self.at += 1;
        }
        // `2.5im`, `1_000`, `0x1f` and times.
        if is_word(self.peek()) {
            return None;
        }
        let text = std::str::from_utf8(&self.text[start..self.at]).ok()?;
        if whole {
            return text.parse().ok().map(Value::Int);
        }
        text.parse::<f64>().ok().filter(|x| x.is_finite()).map(Value::Float)
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}
