OPENQASM 3.0;
gate prepare q {
    reset q;
    h q;
}
qubit q;
prepare q;
