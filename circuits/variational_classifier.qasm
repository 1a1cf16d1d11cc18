// A small variational classifier: two features encoded as angles, two trained layers, and the sign
// of the readout as the class. All eight angles are inputs.
OPENQASM 3.0;
input float x0;
input float x1;
input float w0;
input float w1;
input float w2;
input float w3;

qubit[2] q;

ry(x0) q[0];
ry(x1) q[1];
cz q[0], q[1];
ry(w0) q[0];
ry(w1) q[1];
cz q[0], q[1];
ry(x0 + 0.5 * x1) q[0];
ry(w2 * w3) q[1];
cnot q[0], q[1];

#pragma braket result expectation z(q[1])
