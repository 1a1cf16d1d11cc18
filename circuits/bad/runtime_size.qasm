OPENQASM 3.0;
qubit[2] q;
bit b;
b = measure q[0];
for int i in [0:b] {
    x q[1];
}
