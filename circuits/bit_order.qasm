// Which qubit is on the left: a 1 on q[0] alone reads 100, and classical bits decide the columns.
OPENQASM 3.0;
qubit[3] q;
bit[3] c;

x q[0];
i q[1];
i q[2];
c[0] = measure q[0];
c[1] = measure q[1];
c[2] = measure q[2];
