OPENQASM 3.0;
#pragma braket verbatim
x $0;
