OPENQASM 3.0;
qubit[1] q;
bit[1] c;
#pragma vendor fast
h q[0];
c = measure q;
