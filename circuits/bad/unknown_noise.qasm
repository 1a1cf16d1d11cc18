OPENQASM 3.0;
qubit q;
h q;
#pragma braket noise bitflip(0.1) q
