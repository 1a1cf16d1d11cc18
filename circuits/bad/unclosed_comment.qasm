OPENQASM 3.0;
qubit q;
/* the rest is explained below
h q;
