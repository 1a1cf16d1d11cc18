//! Pragmas: results, noise, unitary, verbatim.

use num_complex::Complex64;

use super::{Lowered, Lowering};
use crate::circuit::{MatrixId, Op};
use crate::diagnostic::{Diagnostic, Span};
use crate::limits;
use crate::noise::Channel;
use crate::qasm::ast::{Expr, FactorSpec, Name, Pragma, ResultSpec, Targets};
use crate::result::{Factor, Observable, ResultRequest, ResultType};

/// How far a matrix may be from unitary, Hermitian or trace-preserving. Source: the local simulator's.
const TOLERANCE: f64 = 1e-6;

impl Lowering<'_> {
    pub(super) fn pragma(&mut self, pragma: &Pragma, span: Span) -> Lowered<()> {
        match pragma {
            Pragma::Verbatim => {
                self.verbatim_next = Some(span);
                Ok(())
            }
            Pragma::Other(text) => {
                let word = text.split_whitespace().next().unwrap_or("").to_owned();
                let warning =
                    Diagnostic::warning("SB5051", span, format!("the pragma `{word}` means nothing here"))
                        .with_help("it is kept word for word and does nothing");
                self.note(warning);
                Ok(())
            }
            Pragma::Result(spec) => self.result(spec, span),
            Pragma::Noise(name, parameters, targets) => self.noise(name, parameters, targets, span),
            Pragma::Kraus(matrices, targets) => self.kraus(matrices, targets, span),
            Pragma::Unitary(rows, targets) => {
                let qubits = self.each(targets)?;
                let matrix = self.matrix(rows, qubits.len(), span)?;
                if distance_to_unitary(&matrix) > TOLERANCE {
                    return self.error(
                        "SB5052",
                        span,
                        "the matrix is not unitary",
                        "its rows must be orthonormal",
                    );
                }
                self.count(1, span)?;
                let matrix = self.new_matrix(qubits.len() as u32, matrix);
                let qubits = self.range(&qubits);
                self.push(Op::Unitary { matrix, qubits, n_controls: 0 }, span);
                Ok(())
            }
        }
    }

    /// Qubits of several operands, each once.
    fn each(&mut self, operands: &[Expr]) -> Lowered<Vec<u32>> {
        let mut out = Vec::new();
        for operand in operands {
            for qubit in self.qubits(operand)?.list {
                if out.contains(&qubit) {
                    return self.error(
                        "SB5045",
                        operand.span,
                        "the same qubit is named twice",
                        "name each once",
                    );
                }
                out.push(qubit);
            }
        }
        Ok(out)
    }

    fn matrix(&mut self, rows: &[Vec<Expr>], n_qubits: usize, span: Span) -> Lowered<Vec<Complex64>> {
        if n_qubits == 0 || n_qubits as u32 > limits::MATRIX_QUBITS {
            let message = format!("a matrix acts on 1 to {} qubits", limits::MATRIX_QUBITS);
            return self.error("SB5053", span, message, "name its qubits");
        }
        let side = 1usize << n_qubits;
        if rows.len() != side || rows.iter().any(|r| r.len() != side) {
            let message = format!("{n_qubits} qubits take a matrix of {side} by {side}");
            return self.error("SB5053", span, message, "give as many rows and columns");
        }
        let mut out = Vec::with_capacity(side * side);
        for entry in rows.iter().flatten() {
            out.push(self.complex(entry)?);
        }
        Ok(out)
    }

    fn noise(&mut self, name: &Name, parameters: &[Expr], targets: &[Expr], span: Span) -> Lowered<()> {
        let Some(channel) = Channel::named(&name.text) else {
            let near = super::suggest::nearest(&name.text, crate::noise::ROWS.iter().map(|r| r.name));
            let help =
                near.map_or("see `shotbook help SB5054`".to_owned(), |n| format!("did you mean `{n}`?"));
            return self.error(
                "SB5054",
                name.span,
                format!("there is no noise channel `{}`", name.text),
                &help,
            );
        };
        let row = channel.row();
        if parameters.len() != row.n_params as usize {
            let message =
                format!("`{}` takes {} probabilities, {} given", row.name, row.n_params, parameters.len());
            return self.error("SB5024", name.span, message, "give as many as it takes");
        }
        let mut terms = Vec::new();
        let mut sum = 0.0;
        for parameter in parameters {
            let term = self.value(parameter)?;
            if let Some(p) = super::number(term) {
                if !(0.0..=1.0).contains(&p) {
                    return self.error(
                        "SB5055",
                        parameter.span,
                        format!("{p} is no probability"),
                        "use 0 to 1",
                    );
                }
                sum += p;
            }
            terms.push(term);
        }
        if channel == Channel::PauliChannel && sum > 1.0 + 1e-12 {
            return self.error(
                "SB5055",
                span,
                format!("the probabilities add up to {sum}"),
                "keep their sum below 1",
            );
        }
        let qubits = self.each(targets)?;
        let arity = row.n_qubits as usize;
        if qubits.is_empty() || (arity == 2 && qubits.len() != 2) {
            let message = format!("`{}` acts on {arity} qubits, {} given", row.name, qubits.len());
            return self.error("SB5024", name.span, message, "name as many as it takes");
        }
        self.count(qubits.len() as u64, span)?;
        for group in qubits.chunks(arity) {
            let params = self.circuit.angles.len() as u32;
            for &term in &terms {
                let angle = self.angle(term);
                self.circuit.angles.push(angle);
            }
            let qubits = self.range(group).start;
            self.push(Op::Noise { channel, qubits, params }, span);
        }
        Ok(())
    }

    fn kraus(&mut self, matrices: &[Vec<Vec<Expr>>], targets: &[Expr], span: Span) -> Lowered<()> {
        let qubits = self.each(targets)?;
        let mut operators = Vec::new();
        for rows in matrices {
            operators.push(self.matrix(rows, qubits.len(), span)?);
        }
        if operators.len() > 256 {
            return self.error("SB5053", span, "more than 256 Kraus operators", "combine them");
        }
        if distance_to_trace_preserving(&operators) > TOLERANCE {
            let help = "the sum of K†K over all operators must be the identity";
            return self.error("SB5052", span, "the Kraus operators do not preserve the trace", help);
        }
        self.count(1, span)?;
        let count = operators.len() as u16;
        let ids: Vec<MatrixId> =
            operators.into_iter().map(|m| self.new_matrix(qubits.len() as u32, m)).collect();
        let qubits = self.range(&qubits);
        self.push(Op::Kraus { first: ids[0], count, qubits }, span);
        Ok(())
    }

    fn result(&mut self, spec: &ResultSpec, span: Span) -> Lowered<()> {
        let kind = match spec {
            ResultSpec::StateVector => ResultType::StateVector,
            ResultSpec::DensityMatrix(targets) => ResultType::DensityMatrix(self.targets(targets)?),
            ResultSpec::Probability(targets) => ResultType::Probability(self.targets(targets)?),
            ResultSpec::Amplitude(states) => {
                let mut out = Vec::new();
                for (text, place) in states {
                    match text.parse() {
                        Ok(state) if text.len() as u32 == self.circuit.n_qubits => out.push(state),
                        _ => {
                            let message =
                                format!("a basis state here has {} digits of 0 and 1", self.circuit.n_qubits);
                            return self.error(
                                "SB5056",
                                *place,
                                message,
                                "one digit for each qubit, qubit 0 first",
                            );
                        }
                    }
                }
                ResultType::Amplitude(out)
            }
            ResultSpec::Observable(name, factors) => {
                let make = match name.text.as_str() {
                    "expectation" => ResultType::Expectation,
                    "variance" => ResultType::Variance,
                    _ => ResultType::Sample,
                };
                let observable = self.observable(factors, span)?;
                for observable in self.one_by_one(observable, span)? {
                    self.circuit.results.push(ResultRequest { kind: make(observable), span });
                }
                return Ok(());
            }
            ResultSpec::Gradient(terms, names) => {
                let mut sum = Vec::new();
                for (weight, factors) in terms {
                    let weight = self.known_number(weight)?;
                    let observable = self.observable(factors, span)?;
                    sum.extend(self.one_by_one(observable, span)?.into_iter().map(|o| (weight, o)));
                }
                ResultType::AdjointGradient { terms: sum, inputs: self.input_indices(names)? }
            }
        };
        self.circuit.results.push(ResultRequest { kind, span });
        Ok(())
    }

    /// A one-qubit observable on several qubits, or on all, is one request for each.
    fn one_by_one(&mut self, observable: Observable, span: Span) -> Lowered<Vec<Observable>> {
        let [(factor, qubits)] = observable.factors.as_slice() else {
            for (factor, qubits) in &observable.factors {
                if qubits.len() != 1 && !matches!(factor, Factor::Hermitian(_)) {
                    return self.error(
                        "SB5043",
                        span,
                        "a factor of a product acts on one qubit",
                        "write `z(q[0])`",
                    );
                }
            }
            return Ok(vec![observable]);
        };
        let every: Vec<u32> = (0..self.circuit.n_qubits).collect();
        let targets = if qubits.is_empty() { &every } else { qubits };
        let arity = match factor {
            Factor::Hermitian(entries) => entries.len().isqrt().trailing_zeros() as usize,
            _ => 1,
        };
        if arity > 1 && targets.len() != arity {
            return self.error("SB5053", span, format!("the matrix acts on {arity} qubits"), "name as many");
        }
        let groups = targets.chunks(arity.max(1));
        Ok(groups.map(|group| Observable { factors: vec![(factor.clone(), group.to_vec())] }).collect())
    }

    fn input_indices(&mut self, names: &[Name]) -> Lowered<Vec<u32>> {
        let mut out = Vec::new();
        for name in names {
            match self.circuit.inputs.iter().position(|i| i.name == name.text) {
                Some(i) => out.push(i as u32),
                None => {
                    let message = format!("`{}` is no free input", name.text);
                    return self.error("SB5021", name.span, message, "declare it: `input float name;`");
                }
            }
        }
        Ok(out)
    }

    fn targets(&mut self, targets: &Targets) -> Lowered<Option<Vec<u32>>> {
        match targets {
            Targets::All => Ok(None),
            Targets::These(operands) => self.each(operands).map(Some),
        }
    }

    fn observable(&mut self, factors: &[FactorSpec], span: Span) -> Lowered<Observable> {
        let mut out = Vec::new();
        let mut used: Vec<u32> = Vec::new();
        for spec in factors {
            let qubits = match &spec.targets {
                Targets::All if factors.len() == 1 => Vec::new(),
                Targets::All => {
                    return self.error(
                        "SB5043",
                        spec.name.span,
                        "a factor of a product names its qubits",
                        "write `z(q[0])`",
                    );
                }
                Targets::These(operands) => self.each(operands)?,
            };
            if let Some(twice) = qubits.iter().find(|q| used.contains(q)) {
                let message = format!("qubit {twice} stands in two factors");
                return self.error("SB5045", spec.name.span, message, "use each qubit once in a product");
            }
            used.extend(&qubits);
            let factor = match spec.name.text.as_str() {
                "i" => Factor::I,
                "x" => Factor::X,
                "y" => Factor::Y,
                "z" => Factor::Z,
                "h" => Factor::H,
                _ => {
                    let n = if qubits.is_empty() {
                        spec.matrix.len().trailing_zeros() as usize
                    } else {
                        qubits.len()
                    };
                    let matrix = self.matrix(&spec.matrix, n, span)?;
                    if !is_hermitian(&matrix) {
                        return self.error(
                            "SB5052",
                            span,
                            "the matrix is not Hermitian",
                            "it must equal its adjoint",
                        );
                    }
                    Factor::Hermitian(matrix)
                }
            };
            out.push((factor, qubits));
        }
        Ok(Observable { factors: out })
    }
}

fn distance_to_unitary(m: &[Complex64]) -> f64 {
    distance_to_trace_preserving(std::slice::from_ref(&m.to_vec()))
}

/// Largest entry of the sum of K†K less the identity; infinite where an entry is no number.
fn distance_to_trace_preserving(operators: &[Vec<Complex64>]) -> f64 {
    let side = operators.first().map_or(0, |k| k.len().isqrt());
    let mut worst = 0.0f64;
    for a in 0..side {
        for b in 0..side {
            let sum: Complex64 = operators
                .iter()
                .map(|k| (0..side).map(|r| k[r * side + a].conj() * k[r * side + b]).sum::<Complex64>())
                .sum();
            let off = (sum - f64::from(u8::from(a == b))).norm();
            worst = if off.is_finite() { worst.max(off) } else { f64::INFINITY };
        }
    }
    worst
}

fn is_hermitian(m: &[Complex64]) -> bool {
    let side = m.len().isqrt();
    (0..side * side).all(|i| (m[i] - m[i % side * side + i / side].conj()).norm() <= TOLERANCE)
}
