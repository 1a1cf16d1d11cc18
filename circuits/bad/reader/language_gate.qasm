OPENQASM 3.0;
qubit[1] q;
bit[1] c;
U(0.1, 0.2, 0.3) q[0];
c = measure q;
