// The service measures at the end only.
OPENQASM 3.0;
qubit[2] q;
bit[2] b;
h q[0];
b[0] = measure q[0];
x q[0];
b[1] = measure q[1];
