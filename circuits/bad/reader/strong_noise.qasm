OPENQASM 3.0;
qubit[1] q;
#pragma braket noise bit_flip(0.7) q[0]
#pragma braket result probability
