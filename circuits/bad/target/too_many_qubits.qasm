// Thirteen qubits do not fit a device of twelve.
OPENQASM 3.0;
qubit[13] q;
bit[13] b;
h q;
b = measure q;
