// No device of the service resets in mid-circuit.
OPENQASM 3.0;
qubit[1] q;
bit[1] b;
h q[0];
reset q[0];
b = measure q;
