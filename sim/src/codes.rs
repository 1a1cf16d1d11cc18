//! The table of diagnostic codes: one row per code, printed by `help CODE` and the error pages.

/// What a code means and what to type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeRow {
    /// `SB5001`.
    pub code: &'static str,
    /// What is wrong, in a few words.
    pub title: &'static str,
    /// Why it is refused.
    pub why: &'static str,
    /// What to write instead.
    pub help: &'static str,
    /// A program that gives it.
    pub example: &'static str,
}

const fn row(
    code: &'static str,
    title: &'static str,
    why: &'static str,
    help: &'static str,
    example: &'static str,
) -> CodeRow {
    CodeRow { code, title, why, help, example }
}

/// All codes of programs, by number.
pub static ROWS: [CodeRow; 54] = [
    row(
        "SB5001",
        "unexpected text",
        "The grammar of OpenQASM has nothing like this here.",
        "Compare with the statement that `shotbook help gates` shows, or look one token back.",
        "qubit q;\nh + q;",
    ),
    row(
        "SB5002",
        "a brace closes nothing",
        "Every `}` belongs to a `{` before it.",
        "Remove it, or add the `{` that it should close.",
        "qubit q;\n}",
    ),
    row(
        "SB5003",
        "a text or comment without its end",
        "A `\"` or `/*` was opened and never closed.",
        "Close it.",
        "include \"stdgates.inc;",
    ),
    row(
        "SB5004",
        "expected `;`",
        "Every simple statement ends with a semicolon.",
        "Add `;`; `shotbook check --fix` does it.",
        "qubit q;\nh q\nx q;",
    ),
    row(
        "SB5005",
        "unknown version",
        "Only OpenQASM 2 and 3 exist.",
        "Write `OPENQASM 3.0;` or `OPENQASM 2.0;`.",
        "OPENQASM 7.0;",
    ),
    row(
        "SB5006",
        "a file cannot be included",
        "Only built-in files and files below the program's folder may be included.",
        "Copy the file beside the program, or define its gates there.",
        "include \"../secret.inc\";",
    ),
    row(
        "SB5007",
        "unreadable envelope",
        "A text that begins with `{` is read as JSON and must be a whole program.",
        "Compare with what `shotbook translate --to json` prints.",
        "{\"braketSchemaHeader\":{\"name\":\"braket.ir.openqasm.program\",\"version\":\"1\"}}",
    ),
    row(
        "SB5008",
        "unknown envelope",
        "The JSON names another kind of program.",
        "Use `braket.ir.openqasm.program`.",
        "{\"braketSchemaHeader\":{\"name\":\"other\",\"version\":\"1\"}}",
    ),
    row(
        "SB5010",
        "nested too deep",
        "Deeper nesting could exhaust the stack.",
        "Split the expression or block.",
        "",
    ),
    row("SB5011", "name too long", "Names have at most 256 bytes.", "Shorten it.", ""),
    row(
        "SB5012",
        "number out of range",
        "Integers have 64 bits, floats double precision.",
        "Use a smaller number.",
        "qubit q;\nrx(1e999) q;",
    ),
    row(
        "SB5013",
        "too many modifiers",
        "A gate takes at most 16 modifiers.",
        "Define a gate for the inner part.",
        "",
    ),
    row(
        "SB5014",
        "too large when unrolled",
        "Loops and definitions are counted before they are unrolled, and this is more than any engine runs.",
        "Make the program smaller.",
        "qubit q;\nfor int i in [0:2000000] { x q; }",
    ),
    row(
        "SB5015",
        "over a limit",
        "The limit keeps one program from taking the whole machine.",
        "Use a smaller size.",
        "qubit[100000] q;",
    ),
    row(
        "SB5020",
        "declared twice",
        "A name means one thing in a scope.",
        "Choose another name.",
        "qubit q;\nbit q;",
    ),
    row(
        "SB5021",
        "not declared",
        "A name must be declared before it is used.",
        "Declare it, or mind the spelling: the nearest name is shown.",
        "qubit q;\nh p;",
    ),
    row(
        "SB5022",
        "index or size out of range",
        "The register or array has no such element.",
        "Indices run from 0 to size - 1; negative ones count from the end.",
        "qubit[2] q;\nh q[2];",
    ),
    row(
        "SB5023",
        "not a qubit",
        "Gates act on qubits.",
        "Name a qubit or register, such as `q[0]`.",
        "bit b;\nh b;",
    ),
    row(
        "SB5024",
        "wrong number of operands",
        "Every gate, function and channel takes a fixed number.",
        "Give as many as it takes.",
        "qubit[2] q;\ncnot q[0];",
    ),
    row(
        "SB5025",
        "physical and declared qubits mixed",
        "A program names hardware qubits or registers, not both.",
        "Use `$n` throughout, or registers throughout.",
        "qubit q;\ncnot q, $1;",
    ),
    row(
        "SB5026",
        "not bits",
        "Outcomes go into a `bit` register.",
        "Declare one: `bit[2] b;`",
        "qubit[2] q;\nq[0] = measure q[1];",
    ),
    row(
        "SB5027",
        "a single qubit was indexed",
        "`qubit q;` declares one qubit, not a register.",
        "Write `q`, or declare `qubit[1] q;`.",
        "qubit q;\nh q[0];",
    ),
    row(
        "SB5028",
        "not at the top level",
        "Qubits, inputs, outputs, gates and subroutines are declared at the top level.",
        "Move the declaration out of the block.",
        "qubit q;\nif (true) { qubit r; }",
    ),
    row(
        "SB5029",
        "a constant without a value",
        "A constant is known when it is declared.",
        "Write `= value`.",
        "const int n;",
    ),
    row(
        "SB5030",
        "an input has no value",
        "The program asks for a value that was not given.",
        "Give it: `--input NAME=VALUE` or `--inputs FILE.json`.",
        "input int n;\nqubit[n] q;",
    ),
    row(
        "SB5031",
        "no value of this kind",
        "The expression needs another kind of value here.",
        "Use a number, a bit or a variable that holds one.",
        "qubit q;\nrx(q) q;",
    ),
    row(
        "SB5032",
        "the expression has no value",
        "A division by zero, or a result that is not finite.",
        "Change the expression.",
        "qubit q;\nrx(1 / 0) q;",
    ),
    row(
        "SB5033",
        "not known beforehand",
        "Sizes, loops and matrices must be known before the program runs.",
        "Use constants or inputs.",
        "qubit q;\nbit b;\nb = measure q;\nfor int i in [0:b] { x q; }",
    ),
    row(
        "SB5034",
        "wrong type of input",
        "The value given does not fit the declared type.",
        "Give another value.",
        "",
    ),
    row(
        "SB5035",
        "not a gate",
        "The body of a gate holds gates only.",
        "Use `def` for measurements and resets.",
        "gate g q { reset q; }",
    ),
    row(
        "SB5036",
        "sizes differ",
        "As many bits are needed as qubits are measured.",
        "Measure element by element, or declare a register of that size.",
        "qubit[2] q;\nbit b;\nb = measure q;",
    ),
    row(
        "SB5037",
        "cannot be changed",
        "Constants, inputs and parameters keep their value.",
        "Copy it into a variable.",
        "const int n = 1;\nn = 2;",
    ),
    row(
        "SB5038",
        "cannot depend on a measurement",
        "This is decided before the program runs.",
        "Use variables or bits in place of the array; they may wait for a measurement.",
        "qubit q;\nbit b;\narray[int[8], 2] a = {0, 0};\nb = measure q;\nif (b) { a[0] = 1; }",
    ),
    row(
        "SB5039",
        "registers of different size",
        "A gate on registers is applied element by element.",
        "Use registers of one size, or single qubits.",
        "qubit[2] a;\nqubit[3] b;\ncnot a, b;",
    ),
    row(
        "SB5040",
        "verbatim pragma without `braket`",
        "Braket's pragmas begin with its name.",
        "Write `#pragma braket verbatim`.",
        "#pragma verbatim\nbox { }",
    ),
    row(
        "SB5041",
        "unknown pragma",
        "Braket knows verbatim, result, noise and unitary.",
        "Mind the spelling.",
        "#pragma braket magic",
    ),
    row(
        "SB5042",
        "unknown result type",
        "Braket knows state_vector, density_matrix, probability, amplitude, expectation, variance, sample and adjoint_gradient.",
        "Mind the spelling.",
        "qubit q;\nx q;\n#pragma braket result parity",
    ),
    row(
        "SB5043",
        "unknown observable",
        "Observables are x, y, z, h, i and hermitian.",
        "Mind the spelling, and name qubits in a product.",
        "qubit q;\nx q;\n#pragma braket result expectation w(q)",
    ),
    row(
        "SB5044",
        "verbatim without a box",
        "The verbatim pragma speaks of the box after it.",
        "Write `box { … }` on the next line.",
        "#pragma braket verbatim\nx $0;",
    ),
    row(
        "SB5045",
        "the same qubit twice",
        "The operands of a gate are different qubits.",
        "Name each qubit once.",
        "qubit[2] q;\ncnot q[0], q[0];",
    ),
    row(
        "SB5046",
        "body outside the program",
        "Nothing in the program says what an opaque gate or extern function does.",
        "Define it with `gate` or `def`.",
        "OPENQASM 2.0;\nopaque magic a;\nqreg q[1];\nmagic q[0];",
    ),
    row(
        "SB5047",
        "unknown gate",
        "The name is no gate of Braket, stdgates.inc or qelib1.inc, and is not defined here.",
        "Mind the spelling: the nearest name is shown. Or define it with `gate`.",
        "qubit q;\nhadamard q;",
    ),
    row(
        "SB5048",
        "unknown feedback key",
        "`cc_prx` waits for a key that `measure_ff` set before.",
        "Measure with the same key first.",
        "cc_prx(3.14, 0, 0) $0;",
    ),
    row(
        "SB5049",
        "subroutine cannot be inlined",
        "Subroutines are inlined, so they end, and return what they promise.",
        "Use a loop instead of recursion; return on every path.",
        "def f() -> int { int x = 1; }\nint y = f();",
    ),
    row(
        "SB5050",
        "power without a value",
        "A fractional power needs constant angles and at most five qubits.",
        "Write the root as a gate of its own.",
        "input float t;\nqubit q;\npow(0.5) @ U(t, 0, 0) q;",
    ),
    row(
        "SB5051",
        "a pragma of somebody else",
        "It is kept word for word and does nothing.",
        "Nothing to do.",
        "",
    ),
    row(
        "SB5052",
        "matrix without its property",
        "A unitary preserves length, a Hermitian matrix equals its adjoint, Kraus operators preserve the trace; within 1e-6.",
        "Give more digits, or mend the matrix.",
        "qubit q;\n#pragma braket unitary([[1, 0], [0, 2]]) q",
    ),
    row(
        "SB5053",
        "matrix of the wrong size",
        "A matrix on n qubits has 2^n rows and columns, and n is at most 8.",
        "Give as many rows and columns, and name its qubits.",
        "qubit q;\n#pragma braket unitary([[1]]) q",
    ),
    row(
        "SB5054",
        "unknown noise channel",
        "Channels are bit_flip, phase_flip, depolarizing, pauli_channel, amplitude_damping, phase_damping, generalized_amplitude_damping, two_qubit_depolarizing, two_qubit_dephasing and kraus.",
        "Mind the spelling.",
        "qubit q;\n#pragma braket noise fading(0.1) q",
    ),
    row(
        "SB5055",
        "not a probability",
        "A probability lies between 0 and 1.",
        "Use one that does.",
        "qubit q;\n#pragma braket noise bit_flip(1.5) q",
    ),
    row(
        "SB5056",
        "not a basis state",
        "A basis state has one digit for each qubit, qubit 0 first.",
        "Give as many digits as there are qubits.",
        "qubit[2] q;\nh q;\n#pragma braket result amplitude \"0\"",
    ),
    row(
        "SB5057",
        "a value without its input",
        "A value was given for a name that the program does not declare as an input; it does nothing.",
        "Mind the spelling: the nearest name is shown.",
        "",
    ),
    row(
        "SB5058",
        "nothing to leave",
        "`break` and `continue` leave a loop or its round, `return` a subroutine; here is none.",
        "Remove it; `end;` ends the program.",
        "qubit q;\nbreak;\nx q;",
    ),
    row(
        "SB5060",
        "cannot be said in this form",
        "The dialect has no words for it.",
        "Run it here, or write it for another dialect.",
        "",
    ),
];

/// The row of a code.
pub fn find(code: &str) -> Option<&'static CodeRow> {
    ROWS.iter().find(|r| r.code.eq_ignore_ascii_case(code))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qasm::{Inputs, ParseOptions, read};

    #[test]
    fn codes_are_unique_and_in_order() {
        assert!(ROWS.windows(2).all(|w| w[0].code < w[1].code));
    }

    #[test]
    fn every_example_gives_its_code_first() {
        for row in ROWS.iter().filter(|r| !r.example.is_empty()) {
            let reading = read("example", row.example, &ParseOptions::default(), &Inputs::new());
            let codes: Vec<_> = reading.diagnostics.iter().map(|d| d.code).collect();
            assert_eq!(codes.first(), Some(&row.code), "{}\n{:#?}", row.example, reading.diagnostics);
        }
    }
}
