// Deutsch-Jozsa on three input bits with a balanced function: 000 must never appear.
OPENQASM 3.0;
include "stdgates.inc";

qubit[3] x;
qubit y;
bit[3] answer;

x y;
h x;
h y;

// f(x) = x0 xor (x1 and x2), balanced
cx x[0], y;
ccx x[1], x[2], y;

h x;
answer = measure x;
