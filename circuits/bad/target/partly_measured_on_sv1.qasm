// A managed simulator measures every qubit or is told of no measurement.
OPENQASM 3.0;
qubit[3] q;
bit[2] b;
h q[0];
cnot q[0], q[1];
h q[2];
b[0] = measure q[0];
b[1] = measure q[1];
