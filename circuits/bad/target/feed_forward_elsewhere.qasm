// Feed-forward is an experimental capability of IQM.
OPENQASM 3.0;
bit[1] b;
#pragma braket verbatim
box {
  rx(pi / 2) $0;
  measure_ff(0) $0;
}
b[0] = measure $0;
