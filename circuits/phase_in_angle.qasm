// Iterative phase estimation that keeps its outcome in an angle: 3/8 of a turn reads 0.011.
OPENQASM 3.0;
include "stdgates.inc";

const float theta = 2 * pi * 3 / 8;
qubit q;
qubit r;
angle[3] c = 0;
bit[3] phase;

x r;
for uint k in [0:2] {
  reset q;
  h q;
  ctrl @ pow(2 ** (2 - k)) @ p(theta) q, r;
  c >>= 1;
  p(-c) q;
  h q;
  c[2] = measure q;
}
phase = bit[3](c);
