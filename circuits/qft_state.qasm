// Amplitudes of the three-qubit Fourier transform of |001>: eight equal sizes, phases one eighth
// of a turn apart. Exact, so it runs with 0 shots.
OPENQASM 3.0;
qubit[3] q;

x q[2];
h q[0];
cphaseshift(pi / 2) q[1], q[0];
cphaseshift(pi / 4) q[2], q[0];
h q[1];
cphaseshift(pi / 2) q[2], q[1];
h q[2];
swap q[0], q[2];

#pragma braket result state_vector
#pragma braket result amplitude "000", "101"
