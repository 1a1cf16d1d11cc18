OPENQASM 3.0;
qubit[3] q;
h q[0];
cnot q[2], q[3];
