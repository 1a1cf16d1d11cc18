OPENQASM 3.0;
qubit[1] q;
bit[1] c;
for int i in [0:1000] { x q[0]; }
c = measure q;
