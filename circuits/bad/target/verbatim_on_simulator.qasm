// A managed simulator has no native gates.
OPENQASM 3.0;
bit[1] b;
#pragma braket verbatim
box {
  x $0;
}
b[0] = measure $0;
