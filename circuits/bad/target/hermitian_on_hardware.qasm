// Hardware measures Paulis and H only.
OPENQASM 3.0;
qubit[1] q;
h q[0];
#pragma braket result expectation hermitian([[0, 1], [1, 0]]) q[0]
