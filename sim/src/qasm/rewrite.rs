//! Another dialect by changing words in place, so that comments and layout survive.
//!
//! The result is read again and must mean the same; where words are not enough, nothing is given and
//! the circuit is written from scratch by [`super::emit`].

use super::ast::{ExprKind, Stmt, StmtKind, TypeKind};
use super::emit::{Emit, Reader, emit_gates, standard_name};
use super::{Inputs, ParseOptions, Reading, read};
use crate::circuit::Gate;
use crate::diagnostic::{Severity, Span};
use crate::target::Profile;

/// The program in another dialect with its own layout; `None` where that takes more than words.
pub fn rewrite(reading: &Reading, form: Emit, inputs: &Inputs) -> Option<String> {
    let [source] = reading.sources.files() else { return None };
    let meaning = |r: &Reading| emit_gates(r.circuit.as_ref()?, form, Reader::default()).ok();
    let before = meaning(reading)?;
    let mut editor = Editor { form, edits: Vec::new(), own: Vec::new(), version: None, include: false };
    editor.statements(&reading.program.statements)?;
    let text = editor.applied(&source.text)?;
    let text = if form == Emit::Braket { with_measurements(reading, text) } else { text };
    let again = read(&source.name, text.as_str(), &ParseOptions::default(), inputs);
    if meaning(&again)? != before {
        return None;
    }
    // Rules of devices are left to devices: writing from scratch would mend none of them.
    let refused = |d: &crate::diagnostic::Diagnostic| d.severity == Severity::Error && d.code >= "SB4030";
    let clean = form != Emit::Braket || !Profile::Service.check(&again).iter().any(refused);
    clean.then_some(text)
}

struct Editor {
    form: Emit,
    edits: Vec<(Span, String)>,
    /// Gates that the program defines itself.
    own: Vec<String>,
    version: Option<(Span, String)>,
    include: bool,
}

impl Editor {
    /// Notes the edits of some statements; `None` where a word has no counterpart.
    fn statements(&mut self, statements: &[Stmt]) -> Option<()> {
        for statement in statements {
            match &statement.kind {
                StmtKind::Version(version) => self.version = Some((statement.span, version.clone())),
                StmtKind::Include(_) if self.form == Emit::OpenQasm2 => self.include = true,
                StmtKind::Include(path) if self.form == Emit::OpenQasm3 => {
                    self.include = true;
                    if path != "stdgates.inc" {
                        self.edits.push((statement.span, "include \"stdgates.inc\";".to_owned()));
                    }
                }
                StmtKind::Include(_) => self.edits.push((statement.span, String::new())),
                StmtKind::Gate(definition) => {
                    self.own.push(definition.name.text.clone());
                    self.statements(&definition.body)?;
                }
                StmtKind::Def(definition) => self.statements(&definition.body)?,
                StmtKind::Call(call) if !self.own.contains(&call.name.text) => {
                    let word = self.word(&call.name.text)?;
                    if word != call.name.text {
                        self.edits.push((call.name.span, word.to_owned()));
                    }
                }
                StmtKind::Run(run) => {
                    let all =
                        |e: &Self, word: &str| e.own.iter().any(|o| o == word) || e.word(word) == Some(word);
                    if !run.gates().all(|word| all(self, word)) {
                        run.statements().try_for_each(|s| self.statements(&[s]))?;
                    }
                }
                // Braket's bits hold outcomes alone, and each measurement names its bit.
                StmtKind::Measure { target: None, .. } | StmtKind::Assign { .. }
                    if self.form == Emit::Braket =>
                {
                    return None;
                }
                StmtKind::Declare { constant: false, ty, value: Some(value), .. }
                    if self.form == Emit::Braket
                        && ty.kind == TypeKind::Bit
                        && !matches!(value.kind, ExprKind::Measure(_)) =>
                {
                    return None;
                }
                StmtKind::If(_, then, otherwise) => {
                    self.statements(then)?;
                    self.statements(otherwise)?;
                }
                StmtKind::For(_, _, _, body)
                | StmtKind::While(_, body)
                | StmtKind::Box(_, body)
                | StmtKind::Scope(body) => self.statements(body)?,
                StmtKind::Switch(_, cases, default) => {
                    cases.iter().try_for_each(|(_, body)| self.statements(body))?;
                    default.iter().try_for_each(|body| self.statements(body))?;
                }
                _ => {}
            }
        }
        Some(())
    }

    /// What the form calls a gate.
    fn word<'a>(&self, name: &'a str) -> Option<&'a str> {
        if matches!(name, "measure_ff" | "cc_prx") {
            return (self.form == Emit::Braket).then_some(name);
        }
        if matches!(name, "U" | "gphase") {
            return (self.form != Emit::Braket).then_some(name);
        }
        let gate = Gate::named(name)?;
        match self.form {
            Emit::Braket => Some(gate.row().name),
            Emit::OpenQasm3 => {
                // The standard library has some gates by several names.
                let known = matches!(
                    name,
                    "u1" | "u2" | "u3" | "phase" | "cphase" | "CX" | "crx" | "cry" | "crz" | "ch" | "cu"
                );
                if known { Some(name) } else { standard_name(gate) }
            }
            Emit::OpenQasm2 => Some(name),
        }
    }

    fn applied(mut self, text: &str) -> Option<String> {
        let two = self.version.as_ref().is_some_and(|(_, v)| v.starts_with('2'));
        if self.form == Emit::OpenQasm2 {
            return two.then(|| text.to_owned());
        }
        let wanted = self.version.as_ref().is_none_or(|(_, v)| match self.form {
            Emit::Braket => !matches!(v.as_str(), "3" | "3.0"),
            _ => !v.starts_with('3'),
        });
        let mut head = if wanted { "OPENQASM 3.0;".to_owned() } else { String::new() };
        if self.form == Emit::OpenQasm3 && !self.include {
            head.push_str(if head.is_empty() { "" } else { "\n" });
            head.push_str("include \"stdgates.inc\";");
        }
        match self.version.take() {
            Some((span, _)) if wanted => self.edits.push((span, head)),
            Some((span, _)) if !head.is_empty() => {
                self.edits.push((Span::new(span.end, span.end), format!("\n{head}")));
            }
            None if !head.is_empty() => self.edits.push((Span::new(0, 0), format!("{head}\n"))),
            _ => {}
        }
        self.edits.sort_by_key(|(span, _)| span.start);
        let (mut out, mut at) = (String::with_capacity(text.len() + 64), 0usize);
        for (span, replacement) in &self.edits {
            let (start, end) = (span.start as usize, span.end as usize);
            out.push_str(text.get(at..start)?);
            out.push_str(replacement);
            at = end;
            // A removed statement takes its line with it.
            let alone = replacement.is_empty()
                && out.lines().next_back().is_none_or(|l| l.trim().is_empty() || out.ends_with('\n'));
            if alone && text.get(end..)?.starts_with('\n') {
                at += 1;
            }
        }
        out.push_str(text.get(at..)?);
        Some(out)
    }
}

/// Explicit measurements behind a program that has none and asks for nothing else.
fn with_measurements(reading: &Reading, mut text: String) -> String {
    let Some(circuit) = &reading.circuit else { return text };
    let mut measured = !circuit.results.is_empty();
    circuit.walk(&mut |op, _| measured |= matches!(op, crate::circuit::Op::Measure { .. }));
    let register = match &circuit.labels {
        crate::circuit::QubitLabels::Registers(list) => list.first(),
        crate::circuit::QubitLabels::Physical(_) => None,
    };
    if let (false, Some((name, n))) = (measured, register) {
        let newline = if text.ends_with('\n') { "" } else { "\n" };
        text.push_str(&format!("{newline}bit[{n}] b;\nb = measure {name};\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(text: &str, form: Emit) -> Option<String> {
        let reading = read("t", text, &ParseOptions::default(), &Inputs::new());
        assert!(reading.circuit.is_some(), "{:#?}", reading.diagnostics);
        rewrite(&reading, form, &Inputs::new())
    }

    #[test]
    fn comments_and_layout_survive_a_change_of_words() {
        let standard = "OPENQASM 3.0;\ninclude \"stdgates.inc\";\n\n// a pair\nqubit[2] q;\nbit[2] c;\n\n\
                        h   q[0]; /* up */\ncx q[0],q[1];\nsdg q[1];\n\nc = measure q;\n";
        let braket = "OPENQASM 3.0;\n\n// a pair\nqubit[2] q;\nbit[2] c;\n\n\
                      h   q[0]; /* up */\ncnot q[0],q[1];\nsi q[1];\n\nc = measure q;\n";
        assert_eq!(written(standard, Emit::Braket).as_deref(), Some(braket));
        assert_eq!(written(braket, Emit::OpenQasm3).as_deref(), Some(standard));
    }

    #[test]
    fn a_clean_program_comes_back_as_it_was() {
        for (text, form) in [
            (
                "OPENQASM 3;\n\tqubit[2] q; // two\nbit[2] c;\nxx(0.5) q[0], q[1];\nc = measure q;",
                Emit::Braket,
            ),
            (
                "OPENQASM 3.1;\ninclude \"stdgates.inc\";\nqubit q;\nfor int i in [0:3] { x q; } // on\n",
                Emit::OpenQasm3,
            ),
            (
                "OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[2];\ncreg c[2];\nh q;\nmeasure q -> c;\n",
                Emit::OpenQasm2,
            ),
        ] {
            assert_eq!(written(text, form).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_words_cannot_say_is_left_to_the_writer() {
        assert_eq!(
            written(
                "OPENQASM 3.0;\nqubit[2] q;\nctrl @ x q[0], q[1];\nbit b;\nb = measure q[0];",
                Emit::Braket
            ),
            None
        );
        assert_eq!(written("OPENQASM 3.0;\nqubit[2] q;\niswap q[0], q[1];", Emit::OpenQasm3), None);
        assert_eq!(written("OPENQASM 3.0;\nqubit q;\nh q;", Emit::OpenQasm2), None);
    }

    #[test]
    fn measurements_are_made_explicit() {
        let text = "OPENQASM 2.0;\ninclude \"qelib1.inc\";\nqreg q[2];\nh q[0];\ncx q[0], q[1];\n";
        let expected = "OPENQASM 3.0;\nqreg q[2];\nh q[0];\ncnot q[0], q[1];\nbit[2] b;\nb = measure q;\n";
        assert_eq!(written(text, Emit::Braket).as_deref(), Some(expected));
    }
}
