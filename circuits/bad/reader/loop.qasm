OPENQASM 3.0;
qubit[2] q;
bit[2] c;
for int i in [0:1] { h q[i]; }
c = measure q;
