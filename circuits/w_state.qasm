// W state of three qubits: exactly one qubit is 1, each with the same chance.
OPENQASM 2.0;
include "qelib1.inc";

gate shared(theta) a, b {
  ry(-theta) b;
  cz a, b;
  ry(theta) b;
}

qreg q[3];
creg c[3];

x q[2];
shared(0.9553166181245093) q[2], q[1];
shared(pi/4) q[1], q[0];
cx q[1], q[2];
cx q[0], q[1];
measure q -> c;
