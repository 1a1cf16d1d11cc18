// A verbatim box names hardware qubits.
OPENQASM 3.0;
qubit[1] q;
bit[1] b;
#pragma braket verbatim
box {
  prx(3.14, 0.0) q[0];
}
b = measure q;
