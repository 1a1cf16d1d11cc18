OPENQASM 3.0;
gate pair a, b {
    h a;
    cnott a, b;
}
qubit[2] q;
pair q[0], q[1];
