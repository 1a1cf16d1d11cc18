// Quantum Fourier transform of |0101> on four qubits, the qelib1 way: every outcome is equally
// likely, the answer sits in the phases; the inverse transform brings the number back.
OPENQASM 2.0;
include "qelib1.inc";

qreg q[4];
creg c[4];

x q[1];
x q[3];
barrier q;

// forward
h q[3];
cu1(pi/2) q[2], q[3];
h q[2];
cu1(pi/4) q[1], q[3];
cu1(pi/2) q[1], q[2];
h q[1];
cu1(pi/8) q[0], q[3];
cu1(pi/4) q[0], q[2];
cu1(pi/2) q[0], q[1];
h q[0];
barrier q;

// and back
h q[0];
cu1(-pi/2) q[0], q[1];
cu1(-pi/4) q[0], q[2];
cu1(-pi/8) q[0], q[3];
h q[1];
cu1(-pi/2) q[1], q[2];
cu1(-pi/4) q[1], q[3];
h q[2];
cu1(-pi/2) q[2], q[3];
h q[3];
measure q -> c;
