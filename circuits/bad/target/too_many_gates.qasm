// IonQ takes 2,000 gates a circuit on demand.
OPENQASM 3.0;
qubit[1] q;
bit[1] b;
for int i in [1:2001] {
  x q[0];
}
b = measure q;
