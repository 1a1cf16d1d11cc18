// A verbatim box is not compiled, so H is refused in it.
OPENQASM 3.0;
bit[1] b;
#pragma braket verbatim
box {
  prx(3.14, 0.0) $1;
  h $1;
}
b[0] = measure $1;
