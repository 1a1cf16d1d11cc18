// A Bell pair on a noisy machine, by Braket's noise pragmas; the density matrix is exact.
OPENQASM 3.0;
qubit[2] q;

h q[0];
#pragma braket noise depolarizing(0.05) q[0]
cnot q[0], q[1];
#pragma braket noise two_qubit_depolarizing(0.1) q[0], q[1]
#pragma braket noise amplitude_damping(0.2) q[0]
#pragma braket noise phase_flip(0.1) q[1]
#pragma braket noise kraus([[0.9486832980505138, 0], [0, 0.9486832980505138]], [[0, 0.31622776601683794], [0.31622776601683794, 0]]) q[1]

#pragma braket result density_matrix
#pragma braket result expectation z(q[0]) @ z(q[1])
#pragma braket result probability all
