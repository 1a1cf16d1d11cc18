OPENQASM 3.0;
qubit[2] q;
bit[2] b;
ecr q[0], q[1];
b = measure q;
