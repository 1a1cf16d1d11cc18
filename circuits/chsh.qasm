// CHSH: the four correlations of a Bell pair that together reach 2 sqrt(2). Exact, 0 shots.
// `H` observables stand for the axis between X and Z.
OPENQASM 3.0;
qubit[2] q;

h q[0];
cnot q[0], q[1];
// turn the second qubit so that its Z and X are the diagonal axes
ry(-pi / 4) q[1];

#pragma braket result expectation z(q[0]) @ z(q[1])
#pragma braket result expectation z(q[0]) @ x(q[1])
#pragma braket result expectation x(q[0]) @ z(q[1])
#pragma braket result expectation x(q[0]) @ x(q[1])
