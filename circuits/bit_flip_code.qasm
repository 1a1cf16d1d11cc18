// Three-qubit bit-flip code with one round of syndrome measurement and correction: an error on the
// middle qubit is found, undone, and the logical 1 survives.
OPENQASM 3.0;
include "stdgates.inc";

qubit[3] data;
qubit[2] ancilla;
bit[2] syndrome;
bit[3] out;

x data[0];
cx data[0], data[1];
cx data[0], data[2];

x data[1]; // the error

cx data[0], ancilla[0];
cx data[1], ancilla[0];
cx data[1], ancilla[1];
cx data[2], ancilla[1];
syndrome = measure ancilla;

if (syndrome[0] && !syndrome[1]) {
  x data[0];
} else if (syndrome[0] && syndrome[1]) {
  x data[1];
} else if (syndrome[1]) {
  x data[2];
}
out = measure data;
