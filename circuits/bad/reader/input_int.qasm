OPENQASM 3.0;
input int[8] n;
qubit[1] q;
bit[1] c;
rx(n) q[0];
c = measure q;
