// Cepheus has no qubit 8.
OPENQASM 3.0;
bit[1] b;
rx(pi) $8;
b[0] = measure $8;
