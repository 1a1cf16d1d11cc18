OPENQASM 3.0;
input float theta;
qubit[1] q;
bit[1] b;
rx(theta) q[0];
b = measure q;
