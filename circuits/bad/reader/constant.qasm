OPENQASM 3.0;
const float turn = 0.5;
qubit[1] q;
bit[1] c;
rx(turn) q[0];
c = measure q;
