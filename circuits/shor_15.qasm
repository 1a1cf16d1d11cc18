// Order of 7 modulo 15, the compiled circuit: three counting qubits, four for the product.
// The order 4 shows as peaks at 0, 2, 4, 6 eighths.
OPENQASM 3.0;
include "stdgates.inc";

// multiplies by 7 modulo 15, when `control` is 1
gate times_7 control, a, b, c, d {
  cswap control, a, b;
  cswap control, b, c;
  cswap control, c, d;
  cx control, a;
  cx control, b;
  cx control, c;
  cx control, d;
}

qubit[3] count;
qubit[4] work;
bit[3] eighths;

h count;
x work[3];

// count[0] is the most significant digit: 7^4 = 1, 7^2 = 4, 7^1 = 7
times_7 count[2], work[0], work[1], work[2], work[3];
for int i in [1:2] {
  times_7 count[1], work[0], work[1], work[2], work[3];
}
for int i in [1:4] {
  times_7 count[0], work[0], work[1], work[2], work[3];
}

// inverse Fourier transform, read in reverse order instead of swapped
h count[0];
cp(-pi / 2) count[0], count[1];
h count[1];
cp(-pi / 4) count[0], count[2];
cp(-pi / 2) count[1], count[2];
h count[2];
eighths[0] = measure count[2];
eighths[1] = measure count[1];
eighths[2] = measure count[0];
