OPENQASM 3.0;
input float a;
qubit[1] q;
rx(a) q[0];
#pragma braket result adjoint_gradient expectation(1.0 * z(q[0])) a
