//! Random programs: what they do survives every translation, and what is broken is refused in bounds.
//!
//! `SHOTBOOK_TEST_SIZE` says how many; each failure names its seed, and a seed gives its program again.

use std::fmt::Write as _;
use std::path::Path;

use shotbook_sim::circuit::{Circuit, Gate, gates::ROWS};
use shotbook_sim::draw;
use shotbook_sim::engine::Options;
use shotbook_sim::limits;
use shotbook_sim::qasm::{self, Emit, Inputs, ParseOptions, Reading};
use shotbook_sim::sample::Rng;
use shotbook_sim::target::{self, Catalogue, Profile};
use shotbook_sim::verify;

const FORMS: [Emit; 3] = [Emit::Braket, Emit::OpenQasm3, Emit::OpenQasm2];

fn cases(small: u64) -> u64 {
    match std::env::var("SHOTBOOK_TEST_SIZE").as_deref() {
        Ok("gate") => small * 10,
        Ok("release") => small * 100,
        _ => small,
    }
}

fn read(text: &str) -> Reading {
    qasm::read("program", text, &ParseOptions::default(), &Inputs::new())
}

/// A valid program in the making.
struct Maker {
    rng: Rng,
    out: String,
    /// Qubits of the register `q`.
    n: u64,
    /// Own gates: name, qubits, angles.
    own: Vec<(String, u64, u64)>,
    /// What an angle may be written with here.
    names: Vec<&'static str>,
    measured: bool,
}

impl Maker {
    fn pick<'a>(&mut self, of: &[&'a str]) -> &'a str {
        of[self.rng.below(of.len() as u64) as usize]
    }

    /// An expression of an angle.
    fn angle(&mut self, depth: u32) -> String {
        if depth == 0 || self.rng.below(3) == 0 {
            let names = self.names.clone();
            return match self.rng.below(4) {
                0 if !names.is_empty() => self.pick(&names).to_owned(),
                0 | 1 => self.pick(&["pi", "tau", "pi/2", "-pi/4", "euler"]).to_owned(),
                2 => format!("{:?}", self.rng.unit() * 6.0),
                _ => format!("{}", 1 + self.rng.below(9)),
            };
        }
        let (a, b) = (self.angle(depth - 1), self.angle(depth - 1));
        match self.rng.below(8) {
            0 => format!("({a} + {b})"),
            1 => format!("{a} - {b}"),
            2 => format!("{a} * ({b})"),
            3 => format!("({a}) / 3"),
            4 => format!("-({a})"),
            5 => format!("sin({a})"),
            6 => format!("cos({a}) * {b}"),
            _ => format!("({a}) ** 2 / 7"),
        }
    }

    fn angles(&mut self, n: u64) -> String {
        if n == 0 {
            return String::new();
        }
        let list: Vec<String> = (0..n).map(|_| self.angle(2)).collect();
        format!("({})", list.join(", "))
    }

    /// Different qubits of the register as operands.
    fn qubits(&mut self, n: u64, names: &[String]) -> String {
        let mut all = names.to_vec();
        self.rng.shuffle(&mut all);
        all.truncate(n as usize);
        all.join(", ")
    }

    fn register(&mut self) -> Vec<String> {
        let n = self.n;
        (0..n)
            .map(|i| if self.rng.below(8) == 0 { format!("q[-{}]", n - i) } else { format!("q[{i}]") })
            .collect()
    }

    /// A gate call on some of these qubits.
    fn gate(&mut self, names: &[String], modifiers: bool) -> String {
        let most = names.len() as u64;
        let (name, n_qubits, n_angles) = loop {
            if !self.own.is_empty() && self.rng.below(4) == 0 {
                let k = self.rng.below(self.own.len() as u64) as usize;
                break self.own[k].clone();
            }
            let row = &ROWS[self.rng.below(ROWS.len() as u64) as usize];
            if row.gate == Gate::Gphase {
                continue;
            }
            let k = self.rng.below(row.aliases.len() as u64 + 1) as usize;
            let name = if k == 0 { row.name } else { row.aliases[k - 1] };
            // Names of the second version only, and those with other angles than their row.
            if matches!(name, "u0" | "u1" | "u2" | "u3" | "u" | "CX") {
                continue;
            }
            break (name.to_owned(), u64::from(row.n_qubits), u64::from(row.n_angles));
        };
        if n_qubits > most {
            let qubit = self.qubits(1, names);
            return format!("h {qubit};");
        }
        let (mut text, mut qubits) = (String::new(), n_qubits);
        while modifiers && self.rng.below(3) == 0 {
            match self.rng.below(4) {
                0 if qubits < most => {
                    text += "ctrl @ ";
                    qubits += 1;
                }
                1 if qubits < most => {
                    text += "negctrl @ ";
                    qubits += 1;
                }
                2 => text += "inv @ ",
                _ => write!(text, "pow({}) @ ", self.rng.below(5) as i64 - 2).unwrap(),
            }
        }
        let angles = self.angles(n_angles);
        let operands = self.qubits(qubits, names);
        format!("{text}{name}{angles} {operands};")
    }

    fn line(&mut self, text: &str) {
        self.out += text;
        self.out.push('\n');
    }

    fn definition(&mut self, k: usize) {
        let (n_qubits, n_angles) = (1 + self.rng.below(2), self.rng.below(3));
        let operands: Vec<String> =
            ["a_", "b_"][..n_qubits as usize].iter().map(|s| (*s).to_owned()).collect();
        let parameters = &["t_", "s_"][..n_angles as usize];
        self.names = parameters.to_vec();
        let body: Vec<String> = (0..1 + self.rng.below(3)).map(|_| self.gate(&operands, true)).collect();
        self.names.clear();
        let list = if n_angles == 0 { String::new() } else { format!("({})", parameters.join(", ")) };
        self.line(&format!("gate own{k}{list} {} {{ {} }}", operands.join(", "), body.join(" ")));
        self.own.push((format!("own{k}"), n_qubits, n_angles));
    }

    fn statement(&mut self) {
        let all = self.register();
        match self.rng.below(14) {
            0 => {
                let (n, call) = (1 + self.rng.below(4), self.gate(&all, false));
                self.line(&format!(
                    "for uint i_ in [0:{n}] {{ {call} rz(i_ * 0.3) q[i_ % {}]; }}",
                    all.len()
                ));
            }
            1 => {
                let (a, b) = (self.gate(&all, true), self.gate(&all, true));
                let n = self.rng.below(3);
                self.line(&format!("if (k_ > {n}) {{ {a} }} else {{ {b} }}"));
            }
            2 => {
                let call = self.gate(&all, false);
                self.line(&format!("k_ = 3; while (k_ > 1) {{ {call} k_ -= 1; }}"));
            }
            3 => {
                let (a, b) = (self.gate(&all, false), self.gate(&all, false));
                self.line(&format!("switch (k_) {{ case 0, 2 {{ {a} }} case 1 {{ {b} }} default {{ }} }}"));
            }
            4 => {
                let to = 1 + self.rng.below(self.n - 1);
                let angle = self.angle(1);
                self.line(&format!("{{ let part = q[0:{to}]; rx({angle}) part; h part[0]; }}"));
            }
            5 => self.line("barrier q;"),
            6 => self.line("rest(q[0], 0.25);"),
            7 => {
                let set = if self.n > 2 { "{0, 2}" } else { "{0, 1}" };
                self.line(&format!("sx q[{set}];"));
            }
            8 if self.rng.below(3) == 0 => {
                let (at, call) = (self.rng.below(self.n), self.gate(&all, false));
                self.line(&format!("c[{at}] = measure q[{at}]; if (c[{at}]) {{ {call} }}"));
                self.measured = true;
            }
            9 if self.rng.below(4) == 0 => {
                let at = self.rng.below(self.n);
                self.line(&format!("reset q[{at}];"));
                self.measured = true;
            }
            _ => {
                let call = self.gate(&all, true);
                self.line(&call);
            }
        }
    }
}

/// A valid program, the same for the same seed, and whether it measures on the way.
fn program(seed: u64) -> (String, bool) {
    let mut rng = Rng::new(seed);
    let n = 2 + rng.below(3);
    let mut maker = Maker { rng, out: String::new(), n, own: Vec::new(), names: Vec::new(), measured: false };
    maker.line("OPENQASM 3.0;\ninclude \"stdgates.inc\";");
    maker.line("def rest(qubit a, float[64] t) { rz(t * 2) a; for int i in {1, 2} { rx(t / i) a; } }");
    for k in 0..maker.rng.below(3) as usize {
        maker.definition(k);
    }
    let k = maker.rng.below(4);
    maker.line(&format!("qubit[{n}] q;\nbit[{n}] c;\nint[8] k_ = {k};"));
    for _ in 0..4 + maker.rng.below(14) {
        maker.statement();
    }
    maker.line("c = measure q;");
    (maker.out, maker.measured)
}

fn circuit(reading: &Reading, seed: u64, text: &str) -> Circuit {
    reading.circuit.clone().unwrap_or_else(|| panic!("seed {seed}\n{text}\n{:#?}", reading.diagnostics))
}

#[test]
fn a_random_program_does_the_same_in_every_form() {
    let (mut translated, mut dynamic) = (0, 0);
    for seed in 0..cases(150) {
        let (text, measured) = program(seed);
        let before = circuit(&read(&text), seed, &text);
        dynamic += u32::from(measured);
        for form in FORMS {
            // What a form cannot say is refused; that it can say most is asked below.
            let Ok(written) = qasm::emit(&before, form) else { continue };
            let after = circuit(&read(&written), seed, &written);
            if let Err(differs) = verify::same(&before, &after, &Options::default(), 1) {
                panic!("seed {seed} as {form:?}: {differs}\n{text}\n{written}");
            }
            translated += 1;
        }
    }
    let all = cases(150) as u32;
    assert!(translated > 2 * all && dynamic > all / 20, "{translated} translations, {dynamic} dynamic");
}

#[test]
fn what_is_printed_is_read_as_the_same_tree() {
    let mut texts: Vec<(String, String)> =
        (0..cases(150)).map(|seed| (format!("seed {seed}"), program(seed).0)).collect();
    texts.extend(corpus());
    for (name, text) in texts {
        let first = read(&text);
        if first.circuit.is_none() {
            continue;
        }
        let printed = qasm::print(&first.program);
        let again = read(&printed);
        assert!(again.circuit.is_some(), "{name}\n{printed}\n{:#?}", again.diagnostics);
        assert_eq!(qasm::print(&again.program), printed, "{name}");
        let meaning = |r: &Reading| r.circuit.as_ref().map(|c| qasm::emit(c, Emit::OpenQasm3).ok());
        assert_eq!(meaning(&first), meaning(&again), "{name}");
    }
}

/// The programs of `circuits/`, good and bad.
fn corpus() -> Vec<(String, String)> {
    let mut out = Vec::new();
    for folder in ["", "bad", "bad/target", "bad/reader"] {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../circuits").join(folder);
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|e| e == "qasm") {
                let name = path.file_name().unwrap().to_string_lossy().into_owned();
                out.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    out.sort();
    out
}

/// What a mutation puts in.
const SEEDS: &[&str] = &[
    ";",
    "{",
    "}",
    "(",
    ")",
    "[",
    "]",
    "@",
    "ctrl @ ",
    "inv @ ",
    "pow(0.5) @ ",
    "pow(1e9) @ ",
    "-",
    "**",
    "/ 0",
    "<< 200",
    "[-1]",
    "[0:1:-1]",
    "[{0,0}]",
    "q",
    "$0",
    "$65536",
    "let z = q ++ q;",
    "for int i in [0:9] {",
    "while (true) {",
    "if (c[0]) {",
    "else {",
    "switch (1) { case 0 {",
    "return;",
    "break;",
    "def f() {",
    "gate g a {",
    "const int n = 70;",
    "array[int[8], 9, 9] m;",
    "input float t;",
    "9223372036854775807",
    "1e308",
    "0x",
    "\"",
    "/*",
    "//",
    "#pragma braket ",
    "#pragma braket result expectation x(q[0])\n",
    "box[1dt] {",
    "delay[1ns] q;",
    "measure q;",
    "reset q;",
    "OPENQASM 2.0;",
    "cal {",
    "\u{0}",
    "é",
    "\u{202e}",
    "bit[64] w;",
    "end;",
    "!",
    "~",
    "%",
    "sizeof(",
    "durationof({",
    "popcount(",
];

/// A program that was right and is changed in a few places.
fn mutated(rng: &mut Rng, corpus: &[(String, String)]) -> String {
    let any = |rng: &mut Rng| &corpus[rng.below(corpus.len() as u64) as usize].1;
    let mut text = if rng.below(3) == 0 { program(rng.bits()).0 } else { any(rng).clone() };
    let place = |rng: &mut Rng, text: &str| {
        let mut at = rng.below(text.len() as u64 + 1) as usize;
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    for _ in 0..=rng.below(4) {
        let at = place(rng, &text);
        let mut to = (at + rng.below(24) as usize).min(text.len());
        while !text.is_char_boundary(to) {
            to -= 1;
        }
        let to = to.max(at);
        match rng.below(6) {
            0 => text.replace_range(at..to, ""),
            1 | 2 => text.insert_str(at, SEEDS[rng.below(SEEDS.len() as u64) as usize]),
            3 => {
                let piece = text[at..to].to_owned();
                let at = place(rng, &text);
                text.insert_str(at, &piece);
            }
            4 => text.truncate(at),
            _ => {
                let other = any(rng);
                let from = place(rng, other);
                text.replace_range(at.., &other[from..]);
            }
        }
    }
    text
}

/// Reads, writes, prints, draws and judges a text; only a panic or a hang is wrong.
fn exercise(name: &str, text: &str) {
    let reading = read(text);
    assert!(reading.circuit.is_some() || !reading.diagnostics.is_empty(), "{name}: nothing said\n{text}");
    assert!(reading.diagnostics.len() <= limits::DIAGNOSTICS, "{name}\n{text}");
    for d in &reading.diagnostics {
        assert!(d.span.start <= d.span.end && d.span.end as usize <= text.len() + 1, "{name}: {d:?}\n{text}");
    }
    let _printed = qasm::print(&reading.program);
    let Some(circuit) = &reading.circuit else { return };
    assert!(circuit.ops.ops.len() as u64 <= limits::GATES, "{name}\n{text}");
    // What is large is right by the same code as what is small.
    if circuit.ops.ops.len() > 2_000 || circuit.n_qubits > 200 {
        return;
    }
    for form in FORMS {
        if let Ok(written) = qasm::emit(circuit, form) {
            let again = read(&written);
            assert!(
                again.circuit.is_some(),
                "{name} as {form:?}: {:#?}\n{text}\n{written}",
                again.diagnostics
            );
        }
        let _kept = qasm::rewrite(&reading, form, &Inputs::new());
    }
    for (_, profile) in Profile::ALL {
        let _found = profile.check(&reading);
    }
    for device in ["sv1", "garnet", "forte-1"] {
        let _found = target::check(circuit, Catalogue::embedded().find(device).unwrap(), Some(100));
    }
    let _picture = draw::text(circuit, Some(80));
}

#[test]
fn a_changed_program_is_read_or_refused_and_never_harms() {
    let corpus = corpus();
    for seed in 0..cases(1_500) {
        let mut rng = Rng::new(0x5eed_0000 + seed);
        let text = mutated(&mut rng, &corpus);
        exercise(&format!("seed {seed}"), &text);
    }
    assert!(peak_mib() < 1_024, "reading changed programs took {} MiB", peak_mib());
}

/// Most memory that this process ever had, 0 where the system does not say. Units: MiB.
fn peak_mib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|l| l.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|n| n.parse::<u64>().ok()).unwrap_or(0) / 1024
}
