OPENQASM 3.0;
qubit[1] a;
qubit[1] b;
bit[1] c;
cnot a[0], b[0];
c[0] = measure b[0];
