// A result pragma measures by itself.
OPENQASM 3.0;
qubit[1] q;
bit[1] b;
h q[0];
b = measure q;
#pragma braket result expectation z(q[0])
