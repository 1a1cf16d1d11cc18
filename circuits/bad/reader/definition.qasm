OPENQASM 3.0;
gate pair a, b { h a; cnot a, b; }
qubit[2] q;
bit[2] c;
pair q[0], q[1];
c = measure q;
