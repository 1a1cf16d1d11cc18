//! Slips of the pen: what people write who think of another language or copy from a page, and what
//! to write instead.

use super::{Kind, Lost, Parsed, Parser, Version};
use crate::diagnostic::{Diagnostic, Span};
use crate::qasm::ast::Name;
use crate::qasm::lexer::is_keyword;

/// Characters that look like a sign of the language, and the sign.
const LOOK_ALIKE: &[(char, &str)] = &[
    ('；', ";"),
    ('，', ","),
    ('、', ","),
    ('：', ":"),
    ('（', "("),
    ('）', ")"),
    ('［', "["),
    ('］', "]"),
    ('｛', "{"),
    ('｝', "}"),
    ('＝', "="),
    ('＠', "@"),
    ('“', "\""),
    ('”', "\""),
    ('„', "\""),
    ('‘', "\""),
    ('’', "\""),
    ('–', "-"),
    ('—', "-"),
    ('−', "-"),
    ('×', "*"),
    ('·', "*"),
    ('⋅', "*"),
    ('÷', "/"),
    ('≠', "!="),
    ('≤', "<="),
    ('≥', ">="),
    ('→', "->"),
    ('\u{a0}', " "),
    ('\u{3000}', " "),
    ('\u{202f}', " "),
    ('\u{200b}', ""),
    ('\u{200c}', ""),
    ('\u{200d}', ""),
    ('\u{2060}', ""),
    ('\u{feff}', ""),
];

/// What is wrong with text that belongs to no token.
pub(super) fn stray(text: &str, span: Span) -> Diagnostic {
    let shown = text.chars().take(40).collect::<String>().escape_debug().to_string();
    let first = text.chars().next().unwrap_or(' ');
    if let Some((_, sign)) = LOOK_ALIKE.iter().find(|(c, _)| *c == first) {
        let message = match *sign {
            "" | " " => format!("an invisible character U+{:04X} stands here", u32::from(first)),
            sign => {
                format!("`{first}` (U+{:04X}) looks like `{sign}` and is another character", u32::from(first))
            }
        };
        let help = if sign.trim().is_empty() { "remove it".to_owned() } else { format!("type `{sign}`") };
        return Diagnostic::error("SB5001", span, message).with_help(help).with_fix(span, *sign, true);
    }
    let diagnostic = Diagnostic::error("SB5001", span, format!("`{shown}` means nothing here"));
    let head = Span::new(span.start, span.start + 1);
    if text.starts_with("#include") || text.starts_with("#define") {
        return diagnostic
            .with_help("write `include \"stdgates.inc\";` without `#`")
            .with_fix(head, "", false);
    }
    match first {
        '#' => diagnostic.with_help("comments begin with `//`").with_fix(head, "//", true),
        '°' => diagnostic.with_help("angles are in radians: `90*pi/180`"),
        _ => diagnostic.with_help("remove it"),
    }
}

/// A text or comment that never ends; `text` is what was left of the line or file.
pub(super) fn unclosed(text: &str, span: Span) -> Diagnostic {
    let at = Span::new(span.start, span.start + 1);
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return Diagnostic::error("SB5003", at, "this comment has no end").with_help("close it with `*/`");
    };
    // Most often the quote before the semicolon is what is missing.
    let kept = text.trim_end().trim_end_matches(';').len() as u32;
    let end = Span::new(span.start + kept, span.start + kept);
    Diagnostic::error("SB5003", at, "this text has no end")
        .with_help(format!("close it with `{quote}`"))
        .with_fix(end, quote.to_string(), true)
}

impl Parser<'_> {
    /// What to write, where something else was expected than what stands here.
    pub(super) fn advice(&self, wanted: &str) -> &'static str {
        let word = self.word();
        let read = &self.text[..(self.last_end - self.base) as usize];
        let number = read.ends_with(|c: char| c.is_ascii_digit() || c == '.');
        let close = self.last_end == self.token.span.start;
        match (wanted, word) {
            ("`;`" | "`)`", "and" | "or" | "not") => "OpenQASM writes `&&`, `||` and `!`",
            ("`,` or `;`", _) => "operands are separated by commas: `cnot q[0], q[1];`",
            ("a statement", _) => "a statement begins with a gate, a keyword or a name",
            ("`(`", _) => "what is asked stands in parentheses: `if (c == 1) { … }`",
            ("`@`", _) => "a modifier ends with `@`: `ctrl @ x q[0], q[1];`",
            ("`)`", "=") => "two values are compared with `==`",
            ("`)`", ".") => "there are no modules here: write `pi`, not `math.pi`",
            ("`)`", ",") => "a list stands in braces, `{1, 2}`; a measurement is written `c = measure q;`",
            ("`)`", _) if self.token.kind == Kind::Name && number && close => {
                "a product is written with `*`: `2*pi`"
            }
            ("`)`", _) => "close the parenthesis before this",
            ("a file name in quotes", _) => "write `include \"stdgates.inc\";`",
            ("`;`", _) => "one statement ends with `;` before the next begins",
            _ => "`shotbook help SB5001` shows what may stand here",
        }
    }

    /// What follows a name that begins nothing.
    pub(super) fn advice_after_name(&self) -> &'static str {
        match self.word() {
            "->" => "write `c = measure q;`, or `measure q -> c;`",
            "++" | "--" => "write `i += 1;`",
            _ => "a gate call names its qubits: `h q[0];`",
        }
    }

    /// The closing sign of what was opened, both places shown where it is missing.
    pub(super) fn close(&mut self, open: Span, sign: &str) -> Parsed<Span> {
        if self.is_sign(sign) {
            return Ok(self.advance().span);
        }
        let before = self.diagnostics.len();
        let lost = self.unexpected(&format!("`{sign}`"));
        if let Some(last) = self.diagnostics.get_mut(before)
            && (self.token.kind == Kind::End || sign == ")")
        {
            last.related.push(crate::diagnostic::Label { span: open, text: "opened here".to_owned() });
            if sign == "}" {
                last.help = Some("add `}` where the block ends".to_owned());
            }
        }
        Err(lost)
    }

    /// A name that is declared here: none of the language's own words.
    pub(super) fn new_name(&mut self) -> Parsed<Name> {
        if self.token.kind == Kind::Name && self.version == Version::Three && is_keyword(self.word()) {
            let message = format!("`{}` is a word of the language", self.word());
            self.error("SB5001", self.token.span, message, "choose another name");
            return Err(Lost);
        }
        self.name()
    }

    /// A statement of another language; told once, its line passed over.
    pub(super) fn foreign(&mut self) -> Lost {
        let at = self.token.span;
        self.note(if self.is_name("import") {
            Diagnostic::error("SB5001", at, "this line is Python")
                .with_help("remove it; gates come from `include \"stdgates.inc\";`")
        } else {
            Diagnostic::error("SB5001", at, format!("there is no `{}`", self.word()))
                .with_help("write `else if`")
                .with_fix(at, "else if", true)
        });
        self.advance();
        while !self.on_new_line() && self.token.kind != Kind::End && !self.is_sign("{") {
            self.advance();
        }
        if self.is_sign("{") {
            let _passed = self.body();
        }
        Lost
    }
}

#[cfg(test)]
mod tests {
    use crate::diagnostic::Sources;
    use crate::qasm::{ParseOptions, parse};

    /// Messages and helps, as one line each.
    fn said(text: &str) -> Vec<String> {
        let (_, found) = parse(&mut Sources::new("t", text), &ParseOptions::default());
        found.iter().map(|d| format!("{} | {}", d.message, d.help.as_deref().unwrap_or(""))).collect()
    }

    #[test]
    fn a_slip_is_told_once_with_what_to_type() {
        for (text, wanted) in [
            ("qubit q;\nh q；\nx q;", "type `;`"),
            ("qubit q;\nh q; # a comment\nx q;", "comments begin with `//`"),
            ("qubit q; rx(90°) q;", "90*pi/180"),
            ("include \"stdgates.inc;\nqubit q;", "close it with `\"`"),
            ("include stdgates.inc;\nqubit q;", "include \"stdgates.inc\";"),
            ("qubit q; bit c; c -> measure q;", "c = measure q;"),
            ("qubit q; bit c; measure q = c;", "c = measure q;"),
            ("int i = 0; i++;", "i += 1;"),
            ("bit b; qubit q; if (b == 1 and true) { x q; }", "`&&`"),
            ("qubit q; rx(math.pi/2) q;", "write `pi`"),
            ("qubit q; rx(2pi) q;", "2*pi"),
            ("qubit q; rx(pi/2 q;", "close the parenthesis"),
            ("bit b; qubit q; if (b) { x q; } elif (!b) { h q; }", "else if"),
            ("qubit q;\nif (true) {\n  x q;\n", "add `}` where the block ends"),
            ("qubit measure;", "choose another name"),
            ("qubit q;\nfor i in range(2):\n  h q;\n", "for int i in [0:3]"),
        ] {
            let said = said(text);
            assert!(said.len() == 1 && said[0].contains(wanted), "{text}: {said:#?}");
        }
    }
}
