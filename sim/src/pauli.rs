//! Weighted sums of Pauli strings.

use std::f64::consts::FRAC_1_SQRT_2;

use num_complex::Complex64;

use crate::result::{Factor, Observable};

/// One letter of a Pauli string.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Pauli {
    /// Bit flip.
    X,
    /// Both.
    Y,
    /// Phase flip.
    Z,
}

/// A product of Paulis on distinct qubits, rising; identity elsewhere.
pub type PauliString = Vec<(u32, Pauli)>;

/// A real combination of Pauli strings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PauliSum {
    /// Weight and string of each term.
    pub terms: Vec<(f64, PauliString)>,
}

/// What is wrong with the text of a Pauli sum.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} at byte {at}")]
pub struct PauliError {
    /// Where in the text.
    pub at: usize,
    /// What is wrong.
    pub message: &'static str,
}

impl PauliSum {
    /// Reads `0.5*Z0 Z1 - X2 + 3`: signed terms of an optional factor and letters with qubits, or
    /// `0.5*ZZI - IIX`: a letter for each qubit, the first for qubit 0.
    ///
    /// # Errors
    /// Says at which byte the text stops making sense; a qubit may stand once in a term.
    pub fn parse(text: &str) -> Result<Self, PauliError> {
        Reader { text, at: 0 }.sum()
    }

    /// The same observable times a weight, as a sum of Pauli strings.
    ///
    /// A Hermitian factor on k qubits may give 4^k terms, a Hadamard factor gives two.
    pub fn from_observable(observable: &Observable, weight: f64) -> Self {
        let mut terms = vec![(weight, PauliString::new())];
        for (factor, qubits) in &observable.factors {
            let letters = expand(factor, qubits);
            terms = terms
                .iter()
                .flat_map(|(w, string)| {
                    letters.iter().map(move |(v, more)| (w * v, [string.as_slice(), more].concat()))
                })
                .collect();
        }
        for (_, string) in &mut terms {
            string.sort_unstable();
        }
        Self { terms }
    }

    /// Reads the terms of a Hamiltonian as strings of letters with weights: `ZIII`, leftmost qubit 0.
    ///
    /// # Errors
    /// Says what is wrong, at byte 0 of the term.
    pub fn from_strings<'a>(terms: impl IntoIterator<Item = (&'a str, f64)>) -> Result<Self, PauliError> {
        let wrong = |message| PauliError { at: 0, message };
        let mut out = Self::default();
        let mut length = None;
        for (text, weight) in terms {
            if !weight.is_finite() {
                return Err(wrong("a weight is not finite"));
            }
            if *length.get_or_insert(text.len()) != text.len() {
                return Err(wrong("strings differ in length"));
            }
            let mut string = PauliString::new();
            for (qubit, letter) in (0..).zip(text.bytes()) {
                match letter {
                    b'I' => {}
                    b'X' => string.push((qubit, Pauli::X)),
                    b'Y' => string.push((qubit, Pauli::Y)),
                    b'Z' => string.push((qubit, Pauli::Z)),
                    _ => return Err(wrong("a letter is not I, X, Y or Z")),
                }
            }
            out.terms.push((weight, string));
        }
        Ok(out)
    }

    /// The least eigenvalue, by diagonalising the whole matrix of 2^n rows.
    ///
    /// # Errors
    /// More than 8 qubits, where the matrix would be too large.
    pub fn ground_energy(&self) -> Result<f64, PauliError> {
        let n = self.n_qubits();
        if n > 8 {
            return Err(PauliError { at: 0, message: "more than 8 qubits cannot be diagonalised" });
        }
        let side = 1usize << n;
        let mut matrix = vec![Complex64::default(); side * side];
        for (weight, string) in &self.terms {
            for row in 0..side {
                let (mut column, mut value) = (row, Complex64::new(*weight, 0.0));
                for &(qubit, letter) in string {
                    let bit = 1 << (n - 1 - qubit);
                    let sign = if row & bit == 0 { 1.0 } else { -1.0 };
                    match letter {
                        Pauli::X => column ^= bit,
                        Pauli::Y => {
                            column ^= bit;
                            value *= Complex64::new(0.0, -sign);
                        }
                        Pauli::Z => value *= sign,
                    }
                }
                matrix[row * side + column] += value;
            }
        }
        let (values, _) = crate::engine::eigen::diagonalize(&matrix);
        Ok(values.into_iter().fold(f64::INFINITY, f64::min))
    }

    /// One past the largest qubit named.
    pub fn n_qubits(&self) -> u32 {
        self.terms.iter().flat_map(|(_, s)| s).map(|&(q, _)| q + 1).max().unwrap_or(0)
    }
}

/// One factor as weighted strings on its qubits.
fn expand(factor: &Factor, qubits: &[u32]) -> Vec<(f64, PauliString)> {
    let all = |letter| vec![(1.0, qubits.iter().map(|&q| (q, letter)).collect())];
    match factor {
        Factor::I => vec![(1.0, Vec::new())],
        Factor::X => all(Pauli::X),
        Factor::Y => all(Pauli::Y),
        Factor::Z => all(Pauli::Z),
        Factor::H => {
            let one = |letter| (FRAC_1_SQRT_2, qubits.iter().map(|&q| (q, letter)).collect());
            vec![one(Pauli::X), one(Pauli::Z)]
        }
        Factor::Hermitian(m) => (0..m.len()).filter_map(|code| coefficient(m, qubits, code)).collect(),
    }
}

/// The part of a Hermitian matrix along one string: two bits of `code` a qubit, X and Z.
fn coefficient(m: &[Complex64], qubits: &[u32], code: usize) -> Option<(f64, PauliString)> {
    let (k, side) = (qubits.len(), m.len().isqrt());
    let (x, z) = (code / side, code % side);
    // P |i> = i^(number of Y) (-1)^(i & z) |i ^ x>, so tr(P m) adds m[i, i ^ x] with that factor.
    let sum: Complex64 = (0..side)
        .map(|i| if (i & z).count_ones() & 1 == 1 { -m[i * side + (i ^ x)] } else { m[i * side + (i ^ x)] })
        .sum();
    let value = match (x & z).count_ones() % 4 {
        0 => sum.re,
        1 => -sum.im,
        2 => -sum.re,
        _ => sum.im,
    } / side as f64;
    let letter = |at: usize| {
        let bit = k - 1 - at;
        match (x >> bit & 1, z >> bit & 1) {
            (1, 0) => Some((qubits[at], Pauli::X)),
            (1, 1) => Some((qubits[at], Pauli::Y)),
            (0, 1) => Some((qubits[at], Pauli::Z)),
            _ => None,
        }
    };
    (value != 0.0).then(|| (value, (0..k).filter_map(letter).collect()))
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<char> {
        let rest = &self.text[self.at..];
        self.at += rest.len() - rest.trim_start().len();
        self.text[self.at..].chars().next()
    }

    fn fail<T>(&self, message: &'static str) -> Result<T, PauliError> {
        Err(PauliError { at: self.at, message })
    }

    fn take(&mut self, accept: impl Fn(char, char) -> bool) -> &str {
        let start = self.at;
        let mut last = ' ';
        for c in self.text[start..].chars().take_while(|&c| {
            let yes = accept(last, c);
            last = c;
            yes
        }) {
            self.at += c.len_utf8();
        }
        &self.text[start..self.at]
    }

    fn sum(&mut self) -> Result<PauliSum, PauliError> {
        let mut terms = Vec::new();
        while let Some(c) = self.peek() {
            let sign = match c {
                '+' | '-' => {
                    self.at += 1;
                    if c == '-' { -1.0 } else { 1.0 }
                }
                _ if terms.is_empty() => 1.0,
                _ => return self.fail("expected + or -"),
            };
            terms.push(self.term(sign)?);
        }
        if terms.is_empty() { self.fail("expected a term") } else { Ok(PauliSum { terms }) }
    }

    /// A run of letters without numbers, one for each qubit from qubit 0.
    fn letters(&mut self, string: &mut PauliString) -> bool {
        let rest = &self.text[self.at..];
        let run = rest.len() - rest.trim_start_matches(|c: char| "XYZIxyzi".contains(c)).len();
        if rest[run..].starts_with(|c: char| c.is_ascii_digit()) {
            return false;
        }
        for (qubit, c) in (0u32..).zip(rest[..run].chars()) {
            match c.to_ascii_uppercase() {
                'X' => string.push((qubit, Pauli::X)),
                'Y' => string.push((qubit, Pauli::Y)),
                'Z' => string.push((qubit, Pauli::Z)),
                _ => {}
            }
        }
        self.at += run;
        true
    }

    fn term(&mut self, sign: f64) -> Result<(f64, PauliString), PauliError> {
        let mut weight = sign;
        let mut string = PauliString::new();
        let mut empty = true;
        if self.peek().is_some_and(|c| c.is_ascii_digit() || c == '.') {
            let start = self.at;
            let number = self.take(|last, c| {
                c.is_ascii_digit()
                    || matches!(c, '.' | 'e' | 'E')
                    || (matches!(c, '+' | '-') && matches!(last, 'e' | 'E'))
            });
            match number.parse::<f64>() {
                Ok(value) if value.is_finite() => weight *= value,
                _ => return Err(PauliError { at: start, message: "expected a number" }),
            }
            empty = false;
        }
        loop {
            match self.peek() {
                Some('*' | '@') if !empty => self.at += 1,
                Some(c @ ('X' | 'Y' | 'Z' | 'I' | 'x' | 'y' | 'z' | 'i')) => {
                    if string.is_empty() && self.letters(&mut string) {
                        empty = false;
                        continue;
                    }
                    self.at += 1;
                    let digits = self.take(|_, c| c.is_ascii_digit());
                    let Ok(qubit) = digits.parse::<u16>() else {
                        return self.fail("expected a qubit number");
                    };
                    let qubit = u32::from(qubit);
                    if string.iter().any(|&(q, _)| q == qubit) {
                        return self.fail("this qubit already stands in the term");
                    }
                    match c.to_ascii_uppercase() {
                        'X' => string.push((qubit, Pauli::X)),
                        'Y' => string.push((qubit, Pauli::Y)),
                        'Z' => string.push((qubit, Pauli::Z)),
                        _ => {}
                    }
                    empty = false;
                }
                Some('+' | '-') | None if !empty => break,
                _ => return self.fail("expected X, Y, Z or I with a qubit number"),
            }
        }
        string.sort_unstable();
        Ok((weight, string))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_becomes_terms() {
        let sum = PauliSum::parse(" 0.5*Z0 Z1 - x2 @ Y0 + 3e-1 - I4").unwrap();
        assert_eq!(
            sum.terms,
            vec![
                (0.5, vec![(0, Pauli::Z), (1, Pauli::Z)]),
                (-1.0, vec![(0, Pauli::Y), (2, Pauli::X)]),
                (0.3, vec![]),
                (-1.0, vec![]),
            ]
        );
        assert_eq!(sum.n_qubits(), 3);
    }

    #[test]
    fn letters_without_numbers_start_at_qubit_0() {
        let sum = PauliSum::parse("0.18*ZIXI - 0.22*YZ + II").unwrap();
        assert_eq!(
            sum.terms,
            vec![
                (0.18, vec![(0, Pauli::Z), (2, Pauli::X)]),
                (-0.22, vec![(0, Pauli::Y), (1, Pauli::Z)]),
                (1.0, vec![]),
            ]
        );
    }

    #[test]
    fn nonsense_is_placed() {
        for (text, at) in [
            ("", 0),
            ("Z Z", 3),
            ("ZZ1", 1),
            ("Z0 Z0", 5),
            ("1..2 Z0", 0),
            ("Z0 q", 3),
            ("+", 1),
            ("Z99999", 6),
            ("2 é", 2),
        ] {
            let e = PauliSum::parse(text).unwrap_err();
            assert_eq!(e.at, at, "{text}: {e}");
        }
    }
}
