// Active reset on IQM hardware: measure_ff remembers the outcome, cc_prx flips when it was 1.
OPENQASM 3.0;
bit[1] c;

#pragma braket verbatim
box {
  prx(1.5707963267948966, 0.0) $1;
  measure_ff(0) $1;
  cc_prx(3.141592653589793, 0.0, 0) $1;
}
c[0] = measure $1;
