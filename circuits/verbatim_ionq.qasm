// A Bell pair in the native gates of IonQ (gpi, gpi2, zz), angles in radians, run as written.
OPENQASM 3.0;
bit[2] b;

#pragma braket verbatim
box {
  gpi2(1.5707963267948966) $0;
  gpi2(1.5707963267948966) $1;
  zz(1.5707963267948966) $0, $1;
  gpi2(0.0) $1;
}
b[0] = measure $0;
b[1] = measure $1;
