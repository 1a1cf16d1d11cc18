OPENQASM 3.0;
output bit c;
qubit q;
h q;
c = measure q;
