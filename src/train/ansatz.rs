//! Circuits with angles that need not be written by hand.

use std::fmt::Write as _;

use super::graph::Graph;

/// Layers of RY and RZ on all qubits with a chain of an entangling gate between them.
///
/// `entangler` is `cnot` or `cz`. Source: Kandala et al., Nature 549, 242 (2017).
pub fn hardware_efficient(qubits: u32, layers: u32, entangler: &str) -> String {
    let each = 2 * qubits;
    let mut text = head(qubits, each * (layers + 1), &[]);
    for layer in 0..=layers {
        if layer > 0 {
            chain(&mut text, qubits, entangler);
        }
        for q in 0..qubits {
            let first = layer * each + 2 * q;
            let _ = writeln!(text, "ry(a{first}) q[{q}];\nrz(a{}) q[{q}];", first + 1);
        }
    }
    text
}

/// A layer of RY, then layers of a chain of CX and RY: real amplitudes.
pub fn real_amplitudes(qubits: u32, layers: u32) -> String {
    let mut text = head(qubits, qubits * (layers + 1), &[]);
    for layer in 0..=layers {
        if layer > 0 {
            chain(&mut text, qubits, "cnot");
        }
        for q in 0..qubits {
            let _ = writeln!(text, "ry(a{}) q[{q}];", layer * qubits + q);
        }
    }
    text
}

/// QAOA: H on all, then layers of ZZ(-gamma w) on every edge and RX(2 beta) on every vertex.
///
/// Inputs are gamma and beta of each layer in turn. Source: Farhi et al., arXiv:1411.4028.
pub fn qaoa(graph: &Graph, layers: u32) -> String {
    let mut text = String::from("OPENQASM 3.0;\n");
    for layer in 0..layers {
        let _ = writeln!(text, "input float gamma{layer};\ninput float beta{layer};");
    }
    let _ = writeln!(text, "qubit[{}] q;\nh q;", graph.n);
    for layer in 0..layers {
        for (a, b, w) in &graph.edges {
            let _ = writeln!(text, "zz({:?}*gamma{layer}) q[{a}], q[{b}];", -w);
        }
        for (q, h) in graph.fields.iter().enumerate().filter(|f| *f.1 != 0.0) {
            let _ = writeln!(text, "rz({:?}*gamma{layer}) q[{q}];", -h);
        }
        let _ = writeln!(text, "rx(2*beta{layer}) q;");
    }
    text
}

/// Most qubits whose excitations of three and four are written too.
const MOST_FOURFOLD: u32 = 10;

/// A basis state, then every excitation out of it, of up to four qubits, as a rotation about one
/// Pauli string: Y X, Y X X, Y X X X; and each qubit turned by itself.
///
/// `occupied` are the qubits that start in 1. Mapped and tapered operators keep no number of ones, so
/// an excitation flips any qubits, empty or not. One string of each is enough for a real ground state.
/// Beyond ten qubits excitations of two qubits are all.
pub fn coupled_cluster(qubits: u32, occupied: &[u32]) -> String {
    let most = if qubits <= MOST_FOURFOLD { 4 } else { 2 };
    let mut strings: Vec<Vec<u32>> = (0..qubits).map(|q| vec![q]).collect();
    let mut from = 0;
    // Each string with every later qubit, so that each set of qubits comes once.
    for _ in 1..most {
        let longer = strings[from..]
            .iter()
            .flat_map(|s| (s[s.len() - 1] + 1..qubits).map(|q| [&s[..], &[q]].concat()))
            .collect::<Vec<_>>();
        from = strings.len();
        strings.extend(longer);
    }
    strings.drain(..qubits as usize);
    let mut text = head(qubits, strings.len() as u32 + qubits, &[]);
    for q in occupied {
        let _ = writeln!(text, "x q[{q}];");
    }
    for (number, string) in strings.iter().enumerate() {
        excitation(&mut text, number, string);
    }
    for q in 0..qubits {
        let _ = writeln!(text, "ry(a{}) q[{q}];", strings.len() as u32 + q);
    }
    text
}

/// exp(-i angle/2 Y X X ..) by a ladder of CX.
fn excitation(text: &mut String, number: usize, string: &[u32]) {
    let (first, rest) = (string[0], &string[1..]);
    let _ = writeln!(text, "rx(pi/2) q[{first}];");
    for q in rest {
        let _ = writeln!(text, "h q[{q}];");
    }
    for pair in string.windows(2) {
        let _ = writeln!(text, "cnot q[{}], q[{}];", pair[0], pair[1]);
    }
    let _ = writeln!(text, "rz(a{number}) q[{}];", string[string.len() - 1]);
    for pair in string.windows(2).rev() {
        let _ = writeln!(text, "cnot q[{}], q[{}];", pair[0], pair[1]);
    }
    for q in rest {
        let _ = writeln!(text, "h q[{q}];");
    }
    let _ = writeln!(text, "rx(-pi/2) q[{first}];");
}

/// The dressed circuit: features in H RY, then layers of CX on neighbours and RY.
///
/// Inputs `x0`, `x1`, .. take features, `a0`, `a1`, .. are trained. Source: Mari et al. 2020,
/// arXiv:1912.08278.
pub fn dressed(qubits: u32, layers: u32, entangled: bool) -> String {
    let features: Vec<String> = (0..qubits).map(|q| format!("x{q}")).collect();
    let mut text = head(qubits, qubits * layers, &features);
    for q in 0..qubits {
        let _ = writeln!(text, "h q[{q}];\nry(x{q}) q[{q}];");
    }
    for layer in 0..layers {
        for start in [0, 1].into_iter().filter(|_| entangled) {
            for a in (start..qubits.saturating_sub(1)).step_by(2) {
                let _ = writeln!(text, "cnot q[{a}], q[{}];", a + 1);
            }
        }
        for q in 0..qubits {
            let _ = writeln!(text, "ry(a{}) q[{q}];", layer * qubits + q);
        }
    }
    text
}

fn head(qubits: u32, angles: u32, features: &[String]) -> String {
    let mut text = String::from("OPENQASM 3.0;\n");
    for name in features {
        let _ = writeln!(text, "input float {name};");
    }
    for i in 0..angles {
        let _ = writeln!(text, "input float a{i};");
    }
    let _ = writeln!(text, "qubit[{qubits}] q;");
    text
}

fn chain(text: &mut String, qubits: u32, gate: &str) {
    for q in 1..qubits {
        let _ = writeln!(text, "{gate} q[{}], q[{q}];", q - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::train::circuit;

    #[test]
    fn every_maker_writes_a_circuit() {
        let graph = Graph::read("0 1\n1 2 -0.5\n").unwrap();
        for (text, qubits, inputs) in [
            (hardware_efficient(3, 2, "cz"), 3, 18),
            (real_amplitudes(4, 2), 4, 12),
            (qaoa(&graph, 2), 3, 4),
            (coupled_cluster(4, &[0, 1]), 4, 6 + 4 + 1 + 4),
            (coupled_cluster(11, &[0]), 11, 55 + 11),
            (dressed(5, 5, true), 5, 30),
        ] {
            let circuit = circuit(&text).unwrap_or_else(|e| panic!("{e}\n{text}"));
            assert_eq!((circuit.n_qubits, circuit.inputs.len()), (qubits, inputs), "{text}");
        }
    }
}
