// Branches on a measurement run on the built-in simulator only.
OPENQASM 3.0;
qubit[2] q;
bit[2] b;
h q[0];
b[0] = measure q[0];
if (b[0]) {
  x q[1];
}
b[1] = measure q[1];
