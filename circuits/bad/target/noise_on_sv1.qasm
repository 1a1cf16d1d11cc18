// Only dm1 and the built-in simulator run noise.
OPENQASM 3.0;
qubit[1] q;
bit[1] b;
h q[0];
#pragma braket noise bit_flip(0.1) q[0]
b = measure q;
