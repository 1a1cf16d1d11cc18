OPENQASM 3.0;
qubit[2] q;
bit[1] a;
bit[1] c;
a[0] = measure q[0];
c[0] = measure q[1];
