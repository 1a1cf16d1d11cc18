// Ground state of molecular hydrogen in two qubits: a one-parameter ansatz whose energy is a sum
// of these five terms. Give `theta` with --input theta=VALUE.
OPENQASM 3.0;
input float theta;
qubit[2] q;

x q[0];
ry(pi / 2) q[1];
rx(-pi / 2) q[0];
cnot q[1], q[0];
rz(theta) q[0];
cnot q[1], q[0];
ry(-pi / 2) q[1];
rx(pi / 2) q[0];

#pragma braket result expectation z(q[0])
#pragma braket result expectation z(q[1])
#pragma braket result expectation z(q[0]) @ z(q[1])
#pragma braket result expectation x(q[0]) @ x(q[1])
#pragma braket result expectation y(q[0]) @ y(q[1])
