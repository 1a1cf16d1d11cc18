// Swap test: the probe is 0 with probability (1 + |<a|b>|^2) / 2; here a and b are 0.8 rad apart.
OPENQASM 3.0;
qubit probe;
qubit a;
qubit b;
bit same;

ry(0.3) a;
ry(1.1) b;
h probe;
cswap probe, a, b;
h probe;
same = measure probe;
