OPENQASM 3.0;
gate g0 q { x q; }
gate g1 q { g0 q; g0 q; }
gate g2 q { g1 q; g1 q; }
gate g3 q { g2 q; g2 q; }
gate g4 q { g3 q; g3 q; }
gate g5 q { g4 q; g4 q; }
gate g6 q { g5 q; g5 q; }
gate g7 q { g6 q; g6 q; }
gate g8 q { g7 q; g7 q; }
gate g9 q { g8 q; g8 q; }
gate g10 q { g9 q; g9 q; }
gate g11 q { g10 q; g10 q; }
gate g12 q { g11 q; g11 q; }
gate g13 q { g12 q; g12 q; }
gate g14 q { g13 q; g13 q; }
gate g15 q { g14 q; g14 q; }
gate g16 q { g15 q; g15 q; }
gate g17 q { g16 q; g16 q; }
gate g18 q { g17 q; g17 q; }
gate g19 q { g18 q; g18 q; }
gate g20 q { g19 q; g19 q; }
gate g21 q { g20 q; g20 q; }
gate g22 q { g21 q; g21 q; }
gate g23 q { g22 q; g22 q; }
gate g24 q { g23 q; g23 q; }
gate g25 q { g24 q; g24 q; }
gate g26 q { g25 q; g25 q; }
gate g27 q { g26 q; g26 q; }
gate g28 q { g27 q; g27 q; }
gate g29 q { g28 q; g28 q; }
gate g30 q { g29 q; g29 q; }
gate g31 q { g30 q; g30 q; }
gate g32 q { g31 q; g31 q; }
gate g33 q { g32 q; g32 q; }
gate g34 q { g33 q; g33 q; }
gate g35 q { g34 q; g34 q; }
gate g36 q { g35 q; g35 q; }
gate g37 q { g36 q; g36 q; }
gate g38 q { g37 q; g37 q; }
gate g39 q { g38 q; g38 q; }
qubit q;
g39 q;
