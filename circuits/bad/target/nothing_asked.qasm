// Without shots only a result pragma says what to compute.
OPENQASM 3.0;
qubit[1] q;
bit[1] b;
h q[0];
b = measure q;
