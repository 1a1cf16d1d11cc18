// A task returns measured qubits.
OPENQASM 3.0;
