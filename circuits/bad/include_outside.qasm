OPENQASM 3.0;
include "../secret.inc";
qubit q;
