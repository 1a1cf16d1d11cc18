// The ring graph state of five qubits: every stabilizer X on a vertex and Z on its neighbours is 1.
OPENQASM 3.0;
qubit[5] q;

h q;
cz q[0], q[1];
cz q[1], q[2];
cz q[2], q[3];
cz q[3], q[4];
cz q[4], q[0];

#pragma braket result expectation x(q[0]) @ z(q[1]) @ z(q[4])
#pragma braket result expectation z(q[1]) @ x(q[2]) @ z(q[3])
#pragma braket result expectation x(q[2])
#pragma braket result density_matrix q[0]
