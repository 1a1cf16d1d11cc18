OPENQASM 3.0;
qubit[1] q;
bit[1] c;
#pragma braket noise bit_flip(0.1) q[0]
c = measure q;
