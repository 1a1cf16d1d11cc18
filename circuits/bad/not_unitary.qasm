OPENQASM 3.0;
qubit q;
#pragma braket unitary([[1.0, 0.0], [0.0, 2.0]]) q
