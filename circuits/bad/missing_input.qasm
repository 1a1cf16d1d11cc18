OPENQASM 3.0;
input int n;
qubit[n] q;
h q;
