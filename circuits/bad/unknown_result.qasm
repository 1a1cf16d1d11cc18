OPENQASM 3.0;
qubit q;
h q;
#pragma braket result expectations z(q)
