// $1 and $3 of Garnet share no coupler.
OPENQASM 3.0;
bit[2] b;
h $1;
cnot $1, $3;
b[0] = measure $1;
b[1] = measure $3;
