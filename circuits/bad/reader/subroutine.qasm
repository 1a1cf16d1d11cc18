OPENQASM 3.0;
def turn(qubit a) { h a; }
qubit[1] q;
bit[1] c;
turn(q[0]);
c = measure q;
