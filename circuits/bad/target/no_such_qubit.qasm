// Garnet counts its qubits from 1.
OPENQASM 3.0;
bit[1] b;
h $0;
b[0] = measure $0;
