// Delays belong to pulse programs.
OPENQASM 3.0;
qubit[1] q;
bit[1] b;
h q[0];
delay[100ns] q[0];
b = measure q;
