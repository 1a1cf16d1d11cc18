OPENQASM 3.0;
def again(qubit q) {
    h q;
    again(q);
}
qubit q;
again(q);
