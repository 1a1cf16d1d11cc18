// IonQ takes all gates in the box, or none.
OPENQASM 3.0;
bit[2] b;
h $0;
#pragma braket verbatim
box {
  gpi2(0.0) $1;
}
b[0] = measure $0;
b[1] = measure $1;
