// Teleportation with feed-forward: the state ry(1.2)|0> moves from `alice` to `bob`; undoing the
// rotation there must give 0 every time, whatever the two messages were.
OPENQASM 3.0;
include "stdgates.inc";

qubit alice;
qubit half;
qubit bob;
bit z_message;
bit x_message;
bit check;

ry(1.2) alice;
h half;
cx half, bob;

cx alice, half;
h alice;
z_message = measure alice;
x_message = measure half;

if (x_message == 1) {
  x bob;
}
if (z_message) {
  z bob;
}

ry(-1.2) bob;
check = measure bob;
