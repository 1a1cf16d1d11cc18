// Iterative phase estimation: one ancilla reads the three digits of 3/8 of a turn, least
// significant first, each correcting the next.
OPENQASM 3.0;
include "stdgates.inc";

qubit ancilla;
qubit eigen;
bit[3] digit;

x eigen;

h ancilla;
cp(4 * 2 * pi * 3 / 8) ancilla, eigen;
h ancilla;
digit[2] = measure ancilla;

reset ancilla;
h ancilla;
cp(2 * 2 * pi * 3 / 8) ancilla, eigen;
if (digit[2]) {
  p(-pi / 2) ancilla;
}
h ancilla;
digit[1] = measure ancilla;

reset ancilla;
h ancilla;
cp(2 * pi * 3 / 8) ancilla, eigen;
if (digit[2]) {
  p(-pi / 4) ancilla;
}
if (digit[1]) {
  p(-pi / 2) ancilla;
}
h ancilla;
digit[0] = measure ancilla;
