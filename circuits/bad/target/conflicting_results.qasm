// Shots measure a qubit in one basis; x and z ask for two.
OPENQASM 3.0;
qubit[1] q;
h q[0];
#pragma braket result expectation x(q[0])
#pragma braket result variance z(q[0])
