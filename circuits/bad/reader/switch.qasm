OPENQASM 3.0;
qubit[1] q;
bit[1] c;
int i = 1;
switch (i) { case 1 { x q[0]; } }
c = measure q;
