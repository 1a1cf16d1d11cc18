OPENQASM 3.0;
qubit[3] q;
bit[1] b;
cnot q[0], q[2];
b[0] = measure q[2];
