OPENQASM 3.0;
const int n = 2;
qubit[n] q;
n = 3;
