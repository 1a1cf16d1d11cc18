// In a verbatim box Rigetti turns about X by quarter turns only.
OPENQASM 3.0;
bit[1] b;
#pragma braket verbatim
box {
  rx(pi / 2) $0;
  rx(0.3) $0;
}
b[0] = measure $0;
