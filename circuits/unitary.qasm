// An explicit matrix: the square root of SWAP, applied twice, moves a 1 from q[0] to q[1].
OPENQASM 3.0;
qubit[2] q;
bit[2] b;

x q[0];
#pragma braket unitary([[1, 0, 0, 0], [0, 0.5+0.5im, 0.5-0.5im, 0], [0, 0.5-0.5im, 0.5+0.5im, 0], [0, 0, 0, 1]]) q[0], q[1]
#pragma braket unitary([[1, 0, 0, 0], [0, 0.5+0.5im, 0.5-0.5im, 0], [0, 0.5-0.5im, 0.5+0.5im, 0], [0, 0, 0, 1]]) q[0], q[1]
b = measure q;
