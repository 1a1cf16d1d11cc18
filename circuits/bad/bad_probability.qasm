OPENQASM 3.0;
qubit q;
h q;
#pragma braket noise bit_flip(1.5) q
