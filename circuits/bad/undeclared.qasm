OPENQASM 3.0;
qubit[2] qubits;
h qubit_s[0];
