// Superdense coding: one qubit carries the two bits 1 and 0.
OPENQASM 2.0;
include "qelib1.inc";

qreg q[2];
creg message[2];

h q[0];
cx q[0], q[1];
// the sender encodes: z for the first bit, x for the second
z q[0];
// the receiver decodes
cx q[0], q[1];
h q[0];
measure q -> message;
