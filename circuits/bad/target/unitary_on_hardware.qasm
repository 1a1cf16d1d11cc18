// Hardware takes no explicit matrix.
OPENQASM 3.0;
qubit[2] q;
bit[2] b;
#pragma braket unitary([[1, 0, 0, 0], [0, 0, 1, 0], [0, 1, 0, 0], [0, 0, 0, 1]]) q[0], q[1]
b = measure q;
