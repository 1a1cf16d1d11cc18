OPENQASM 3;
// The shortest useful program: one fair coin.
qubit q;
h q;
bit b = measure q;
