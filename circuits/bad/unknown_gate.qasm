OPENQASM 3.0;
qubit[2] q;
bit[2] b;
phaseshft(0.5) q[0];
cnot q[0], q[1];
b = measure q;
