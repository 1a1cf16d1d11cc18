// Bernstein-Vazirani: one question reveals the hidden string 10110.
OPENQASM 2.0;
include "qelib1.inc";

qreg x[5];
qreg y[1];
creg s[5];

x y[0];
h y[0];
h x;

// the oracle: parity with 10110
cx x[0], y[0];
cx x[2], y[0];
cx x[3], y[0];

h x;
measure x -> s;
