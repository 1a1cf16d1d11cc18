// Simon's problem with the hidden string 110: every answer is orthogonal to it.
OPENQASM 2.0;
include "qelib1.inc";

qreg x[3];
qreg f[3];
creg c[3];

h x;
// copy x, then xor 110 in when x0 is 1: f(x) = f(x + 110)
cx x[0], f[0];
cx x[1], f[1];
cx x[2], f[2];
cx x[0], f[0];
cx x[0], f[1];
h x;
measure x -> c;
