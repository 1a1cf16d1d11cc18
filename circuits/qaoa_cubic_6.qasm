// One layer of QAOA for MaxCut on the prism, a cubic graph of six vertices and nine edges.
// The expected cut is the sum of (1 - ZZ) / 2 over the edges.
OPENQASM 3.0;
input float gamma;
input float beta;
qubit[6] q;

h q;
// two triangles
zz(gamma) q[0], q[1];
zz(gamma) q[1], q[2];
zz(gamma) q[0], q[2];
zz(gamma) q[3], q[4];
zz(gamma) q[4], q[5];
zz(gamma) q[3], q[5];
// and the rungs between them
zz(gamma) q[0], q[3];
zz(gamma) q[1], q[4];
zz(gamma) q[2], q[5];
rx(2 * beta) q;

#pragma braket result expectation z(q[0]) @ z(q[1])
#pragma braket result expectation z(q[0]) @ z(q[3])
#pragma braket result variance z(q[1]) @ z(q[4])
#pragma braket result probability q[0], q[3]
