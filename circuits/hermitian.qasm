// Observables by matrix: a Hermitian one on one qubit and a tensor product with a Pauli, exact.
OPENQASM 3.0;
qubit[2] q;

rx(0.4) q[0];
ry(1.3) q[1];
cnot q[0], q[1];
t q[1];

#pragma braket result expectation hermitian([[1, 0.5-0.5im], [0.5+0.5im, -2]]) q[0]
#pragma braket result variance hermitian([[1, 0.5-0.5im], [0.5+0.5im, -2]]) q[0]
#pragma braket result expectation z(q[0]) @ hermitian([[0, -1im], [1im, 0]]) q[1]
#pragma braket result expectation h(q[1])
