// A Bell pair in the native gates of AQT (prx, rz, xx), run as written.
OPENQASM 3.0;
bit[2] b;

#pragma braket verbatim
box {
  xx(1.5707963267948966) $0, $1;
  rz(1.5707963267948966) $0;
  prx(3.141592653589793, 0.0) $0;
  prx(3.141592653589793, 0.0) $1;
}
b[0] = measure $0;
b[1] = measure $1;
