// Two coins from one qubit: measured, reset, and used again.
OPENQASM 3.0;
include "stdgates.inc";

qubit q;
bit[2] coin;

h q;
coin[0] = measure q;
reset q;
h q;
coin[1] = measure q;
