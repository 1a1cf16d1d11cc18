OPENQASM 5.0;
qubit q;
