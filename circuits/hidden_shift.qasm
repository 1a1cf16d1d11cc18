// Hidden shift of a bent function: the shift 1010 comes out in one query.
OPENQASM 3.0;
qubit[4] q;
bit[4] shift;

h q;
// f(x + s) with s = 1010
x q[0];
x q[2];
cz q[0], q[1];
cz q[2], q[3];
x q[0];
x q[2];
h q;
// the dual of f
cz q[0], q[1];
cz q[2], q[3];
h q;
shift = measure q;
