OPENQASM 3.0;
prx(3.14, 0.0) $1;
measure $1;
