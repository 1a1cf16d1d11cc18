//! Bytes into tokens: one pass, no regular expressions, nothing copied.

use crate::diagnostic::Span;

/// What a token is; its text is found by its span.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A name or keyword.
    Name,
    /// `$7`.
    Physical,
    /// `42`, `0x2a`, `0b1_0`.
    Int,
    /// `4.2e1`.
    Float,
    /// `2.5im`, `2.5j`.
    Imaginary,
    /// `100ns`, `1.5us`, `3dt`.
    Duration,
    /// `"…"`: a bit string or a path.
    Text,
    /// From `#pragma` or `pragma` to the end of the line.
    Pragma,
    /// `@name …` to the end of the line, at the start of a statement.
    Annotation,
    /// An operator or bracket of one to three bytes.
    Sign,
    /// A character that belongs to nothing.
    Stray,
    /// A text or comment without its end.
    Unclosed,
    /// After the last byte.
    End,
}

/// A token with its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is.
    pub kind: Kind,
    /// Where it is, in global offsets.
    pub span: Span,
}

const UNITS: [&str; 6] = ["dt", "ns", "us", "µs", "ms", "s"];
const SIGNS_3: [&[u8]; 3] = [b"**=", b"<<=", b">>="];
const SIGNS_2: [&[u8]; 19] = [
    b"->", b"++", b"**", b"==", b"!=", b"<=", b">=", b"&&", b"||", b"<<", b">>", b"+=", b"-=", b"*=", b"/=",
    b"%=", b"&=", b"|=", b"^=",
];
const SIGNS_1: &[u8] = b";,:.()[]{}=<>+-*/%!~&|^@";

/// Whether the third version keeps a name for itself. Source: OpenQASM 3 specification, the lexer's keywords.
pub(super) fn is_keyword(word: &str) -> bool {
    matches!(
        word,
        "OPENQASM"
            | "include"
            | "defcalgrammar"
            | "def"
            | "cal"
            | "defcal"
            | "gate"
            | "extern"
            | "box"
            | "let"
            | "break"
            | "continue"
            | "if"
            | "else"
            | "end"
            | "return"
            | "for"
            | "while"
            | "in"
            | "switch"
            | "case"
            | "default"
            | "pragma"
            | "input"
            | "output"
            | "const"
            | "readonly"
            | "mutable"
            | "qreg"
            | "qubit"
            | "creg"
            | "bool"
            | "bit"
            | "int"
            | "uint"
            | "float"
            | "angle"
            | "complex"
            | "array"
            | "void"
            | "duration"
            | "stretch"
            | "gphase"
            | "inv"
            | "pow"
            | "ctrl"
            | "negctrl"
            | "durationof"
            | "delay"
            | "reset"
            | "measure"
            | "barrier"
            | "true"
            | "false"
    )
}

/// Cuts a text into tokens.
pub struct Lexer<'a> {
    text: &'a [u8],
    at: usize,
    base: u32,
    line_start: bool,
}

impl<'a> Lexer<'a> {
    /// Over a text whose first byte has the global offset `base`.
    pub fn new(text: &'a str, base: u32) -> Self {
        Self { text: text.as_bytes(), at: 0, base, line_start: true }
    }

    /// Goes on at a place within a line.
    pub fn jump(&mut self, at: usize) {
        self.at = at;
        self.line_start = false;
    }

    fn peek(&self, ahead: usize) -> u8 {
        self.text.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn token(&self, kind: Kind, start: usize) -> Token {
        Token { kind, span: Span::new(self.base + start as u32, self.base + self.at as u32) }
    }

    /// Steps over white space and comments; false when a comment has no end.
    fn skip(&mut self) -> bool {
        loop {
            match self.peek(0) {
                b'\n' => {
                    self.line_start = true;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' => self.at += 1,
                0xEF if self.at == 0 && self.text.starts_with(b"\xEF\xBB\xBF") => self.at += 3,
                b'/' if self.peek(1) == b'/' => self.skip_line(),
                b'/' if self.peek(1) == b'*' => {
                    let rest = &self.text[self.at + 2..];
                    match rest.windows(2).position(|w| w == b"*/") {
                        Some(i) => self.at += i + 4,
                        None => return false,
                    }
                }
                _ => return true,
            }
        }
    }

    fn skip_line(&mut self) {
        while self.at < self.text.len() && self.text[self.at] != b'\n' {
            self.at += 1;
        }
    }

    fn while_name(&mut self) {
        while let Some(&byte) = self.text.get(self.at) {
            self.at += match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'_' => 1,
                0x80.. => match self.wide() {
                    (c, len) if c.is_alphanumeric() => len,
                    _ => return,
                },
                _ => return,
            };
        }
    }

    /// The character here that is not ASCII, with its bytes.
    fn wide(&self) -> (char, usize) {
        let len = match self.text[self.at] {
            0xF0.. => 4,
            0xE0.. => 3,
            _ => 2,
        };
        let bytes = self.text.get(self.at..self.at + len).unwrap_or_default();
        let c = std::str::from_utf8(bytes).ok().and_then(|s| s.chars().next());
        (c.unwrap_or(char::REPLACEMENT_CHARACTER), len.min(self.text.len() - self.at))
    }

    fn while_digits(&mut self, is: fn(u8) -> bool) {
        while is(self.peek(0)) || (self.peek(0) == b'_' && is(self.peek(1))) {
            self.at += 1;
        }
    }

    /// The next token; `End` for ever after the last.
    pub fn next_token(&mut self) -> Token {
        let before = self.at;
        if !self.skip() {
            self.at = self.text.len();
            return self.token(Kind::Unclosed, before);
        }
        let (start, line_start) = (self.at, self.line_start);
        self.line_start = false;
        let Some(&byte) = self.text.get(start) else { return self.token(Kind::End, start) };
        match byte {
            b'#' if self.text[start..].starts_with(b"#dim") => {
                self.at += 1;
                self.token(Kind::Sign, start)
            }
            b'#' => {
                self.skip_line();
                let kind =
                    if self.text[start..].starts_with(b"#pragma") { Kind::Pragma } else { Kind::Stray };
                self.trimmed(kind, start)
            }
            b'@' if line_start => {
                self.skip_line();
                self.trimmed(Kind::Annotation, start)
            }
            b'$' => {
                self.at += 1;
                self.while_digits(|b| b.is_ascii_digit());
                self.token(if self.at > start + 1 { Kind::Physical } else { Kind::Stray }, start)
            }
            b'"' | b'\'' => self.quoted(byte, start),
            b'0'..=b'9' => self.number(start),
            b'.' if self.peek(1).is_ascii_digit() => self.number(start),
            0x80.. if !self.wide().0.is_alphanumeric() => {
                self.at += self.wide().1;
                self.token(Kind::Stray, start)
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80.. => {
                self.while_name();
                if &self.text[start..self.at] == b"pragma" {
                    self.skip_line();
                    return self.trimmed(Kind::Pragma, start);
                }
                self.token(Kind::Name, start)
            }
            _ => self.sign(start),
        }
    }

    fn trimmed(&mut self, kind: Kind, start: usize) -> Token {
        let line = &self.text[start..self.at];
        let end = start + line.trim_ascii_end().len();
        Token { kind, span: Span::new(self.base + start as u32, self.base + end as u32) }
    }

    fn quoted(&mut self, quote: u8, start: usize) -> Token {
        self.at += 1;
        while self.at < self.text.len() && self.text[self.at] != quote && self.text[self.at] != b'\n' {
            self.at += 1;
        }
        if self.peek(0) != quote {
            return self.token(Kind::Unclosed, start);
        }
        self.at += 1;
        self.token(Kind::Text, start)
    }

    fn number(&mut self, start: usize) -> Token {
        if self.peek(0) == b'0' && matches!(self.peek(1), b'x' | b'X' | b'b' | b'B' | b'o' | b'O') {
            self.at += 2;
            self.while_digits(|b| b.is_ascii_hexdigit());
            return self.token(Kind::Int, start);
        }
        self.while_digits(|b| b.is_ascii_digit());
        let mut kind = Kind::Int;
        // `1.` is a float, `1..` is not, and neither is `q[0:1].x`.
        if self.peek(0) == b'.' && self.peek(1) != b'.' {
            kind = Kind::Float;
            self.at += 1;
            self.while_digits(|b| b.is_ascii_digit());
        }
        if matches!(self.peek(0), b'e' | b'E') {
            let sign = usize::from(matches!(self.peek(1), b'+' | b'-'));
            if self.peek(1 + sign).is_ascii_digit() {
                kind = Kind::Float;
                self.at += 1 + sign;
                self.while_digits(|b| b.is_ascii_digit());
            }
        }
        // A unit may follow at once or after spaces; a name that merely begins like one does not.
        let spaces = self.text[self.at..].iter().take_while(|b| **b == b' ').count();
        let rest = &self.text[self.at + spaces..];
        let word =
            rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_' || **b >= 0x80).count();
        let word = &rest[..word];
        // `2.5j` is what Python calls it, and some exports too.
        if word == b"im" || (word == b"j" && spaces == 0) {
            self.at += spaces + word.len();
            return self.token(Kind::Imaginary, start);
        }
        if UNITS.iter().any(|u| u.as_bytes() == word) {
            self.at += spaces + word.len();
            return self.token(Kind::Duration, start);
        }
        self.token(kind, start)
    }

    fn sign(&mut self, start: usize) -> Token {
        let rest = &self.text[start..];
        let len = if SIGNS_3.iter().any(|s| rest.starts_with(s)) {
            3
        } else if SIGNS_2.iter().any(|s| rest.starts_with(s)) {
            2
        } else {
            1
        };
        self.at += len;
        let known = len > 1 || SIGNS_1.contains(&rest[0]);
        self.token(if known { Kind::Sign } else { Kind::Stray }, start)
    }
}
