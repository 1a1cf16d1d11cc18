// Three qubits in a GHZ state with a bit flip of 5 % on each before it is read, by shots.
OPENQASM 3.0;
qubit[3] q;
bit[3] c;

h q[0];
cnot q[0], q[1];
cnot q[1], q[2];
#pragma braket noise bit_flip(0.05) q[0]
#pragma braket noise bit_flip(0.05) q[1]
#pragma braket noise bit_flip(0.05) q[2]
c = measure q;
