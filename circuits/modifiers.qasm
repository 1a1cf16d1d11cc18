// Modifiers of OpenQASM 3: controls on 1 and on 0, inverses, and powers, also fractional ones.
// Each line turns one more qubit to 1.
OPENQASM 3.0;
include "stdgates.inc";

qubit[4] q;
bit[4] c;

// half powers: 1/2 is one half, not an integer division
pow(1/2) @ x q[0];
pow(0.5) @ x q[0];
// two controlled inverse roots make one controlled x
ctrl @ inv @ sx q[0], q[1];
ctrl @ inv @ sx q[0], q[1];
// acts when q[3] is 0 and q[1] is 1
negctrl @ ctrl @ x q[3], q[1], q[2];
// s s s inverted, then its square root twice: together s^-3 s = z
h q[3];
inv @ pow(3) @ s q[3];
pow(1/2) @ s q[3];
pow(0.5) @ s q[3];
// a controlled global phase is a phase gate; this pair is the identity
ctrl @ gphase(pi / 3) q[3];
inv @ ctrl @ gphase(pi / 3) q[3];
h q[3];
c = measure q;
