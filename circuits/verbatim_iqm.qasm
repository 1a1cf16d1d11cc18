// A Bell pair in the native gates of IQM (prx, cz), on coupled qubits of Garnet, run as written.
OPENQASM 3.0;
bit[2] b;

#pragma braket verbatim
box {
  prx(1.5707963267948966, 1.5707963267948966) $1;
  prx(1.5707963267948966, 1.5707963267948966) $2;
  cz $1, $2;
  prx(-1.5707963267948966, 1.5707963267948966) $2;
}
b[0] = measure $1;
b[1] = measure $2;
