OPENQASM 3.0;
qubit[2] q;
bit[1] a;
bit[1] b;
h q[0];
a[0] = measure q[0];
b[0] = measure q[1];
