//! Gates of `stdgates.inc`, `qelib1.inc`, `hqslib1.inc` and Qiskit's exports that are no rows of the gate table,
//! as definitions over rows; read when first used.

/// Name and definition.
pub const LIBRARY: &[(&str, &str)] = &[
    ("ch", "gate ch a, b { ctrl @ h a, b; }"),
    ("crx", "gate crx(t) a, b { ctrl @ rx(t) a, b; }"),
    ("cry", "gate cry(t) a, b { ctrl @ ry(t) a, b; }"),
    ("crz", "gate crz(t) a, b { ctrl @ rz(t) a, b; }"),
    ("cu", "gate cu(t, f, l, g) a, b { p(g) a; ctrl @ U(t, f, l) a, b; }"),
    ("cu3", "gate cu3(t, f, l) a, b { ctrl @ U(t, f, l) a, b; }"),
    ("Rz", "gate Rz(t) q { rz(t) q; }"),
    ("U1q", "gate U1q(t, f) q { prx(t, f) q; }"),
    ("ZZ", "gate ZZ a, b { zz(pi / 2) a, b; }"),
    ("RZZ", "gate RZZ(t) a, b { zz(t) a, b; }"),
    ("Rxxyyzz", "gate Rxxyyzz(x, y, z) a, b { xx(x) a, b; yy(y) a, b; zz(z) a, b; }"),
    ("u0", "gate u0(g) q { i q; }"),
    ("u2", "gate u2(f, l) q { U(pi / 2, f, l) q; }"),
    ("cs", "gate cs a, b { cp(pi / 2) a, b; }"),
    ("csdg", "gate csdg a, b { cp(-pi / 2) a, b; }"),
    ("ccz", "gate ccz a, b, c { ctrl @ cz a, b, c; }"),
    ("dcx", "gate dcx a, b { cx a, b; cx b, a; }"),
    ("rzx", "gate rzx(t) a, b { h b; rzz(t) a, b; h b; }"),
    ("c3x", "gate c3x a, b, c, d { ctrl(3) @ x a, b, c, d; }"),
    ("mcx", "gate mcx a, b, c, d { ctrl(3) @ x a, b, c, d; }"),
    ("c4x", "gate c4x a, b, c, d, e { ctrl(4) @ x a, b, c, d, e; }"),
    ("c3sx", "gate c3sx a, b, c, d { ctrl(3) @ sx a, b, c, d; }"),
    ("c3sqrtx", "gate c3sqrtx a, b, c, d { ctrl(3) @ sx a, b, c, d; }"),
    (
        "rccx",
        "gate rccx a, b, c { u2(0, pi) c; u1(pi / 4) c; cx b, c; u1(-pi / 4) c; cx a, c; u1(pi / 4) c; cx b, c; \
         u1(-pi / 4) c; u2(0, pi) c; }",
    ),
    (
        "rc3x",
        "gate rc3x a, b, c, d { u2(0, pi) d; u1(pi / 4) d; cx c, d; u1(-pi / 4) d; u2(0, pi) d; cx a, d; \
         u1(pi / 4) d; cx b, d; u1(-pi / 4) d; cx a, d; u1(pi / 4) d; cx b, d; u1(-pi / 4) d; u2(0, pi) d; \
         u1(pi / 4) d; cx c, d; u1(-pi / 4) d; u2(0, pi) d; }",
    ),
];
