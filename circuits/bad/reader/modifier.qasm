OPENQASM 3.0;
qubit[2] q;
bit[2] c;
ctrl @ x q[0], q[1];
c = measure q;
