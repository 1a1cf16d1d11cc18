// A Bell pair in the native gates of Rigetti (rx by quarter turns, rz, cz), run as written.
OPENQASM 3.0;
bit[2] b;

#pragma braket verbatim
box {
  rz(1.5707963267948966) $0;
  rx(1.5707963267948966) $0;
  rz(1.5707963267948966) $0;
  rz(1.5707963267948966) $1;
  rx(1.5707963267948966) $1;
  rz(1.5707963267948966) $1;
  cz $0, $1;
  rz(1.5707963267948966) $1;
  rx(1.5707963267948966) $1;
  rz(1.5707963267948966) $1;
}
b[0] = measure $0;
b[1] = measure $1;
