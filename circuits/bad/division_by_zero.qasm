OPENQASM 3.0;
qubit q;
rx(pi / 0) q;
