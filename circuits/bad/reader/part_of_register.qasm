OPENQASM 3.0;
qubit[3] q;
bit[3] c;
h q[0:1];
c = measure q;
