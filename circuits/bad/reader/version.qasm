OPENQASM 3.1;
qubit[1] q;
bit[1] c;
h q[0];
c = measure q;
