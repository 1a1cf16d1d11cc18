// Grover search for |101> among eight entries: two rounds find it with probability 0.945.
OPENQASM 3.0;
include "stdgates.inc";

const int rounds = 2;

gate mark_101 a, b, c {
  x b;
  ctrl(2) @ z a, b, c;
  x b;
}

gate about_mean a, b, c {
  h a; h b; h c;
  x a; x b; x c;
  ctrl(2) @ z a, b, c;
  x a; x b; x c;
  h a; h b; h c;
}

qubit[3] q;
bit[3] found;

h q;
for uint i in [1:rounds] {
  mark_101 q[0], q[1], q[2];
  about_mean q[0], q[1], q[2];
}
found = measure q;
