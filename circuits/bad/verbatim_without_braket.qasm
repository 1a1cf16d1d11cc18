OPENQASM 3.0;
#pragma verbatim
box {
    x $0;
}
