OPENQASM 3.0;
qubit[1] q;
bit[1] c;
pow(1/2) @ x q[0];
c = measure q;
