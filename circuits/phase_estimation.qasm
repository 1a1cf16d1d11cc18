// Phase estimation with four digits: the phase 5/16 of a turn is exact, so 0101 is certain.
OPENQASM 3.0;
include "stdgates.inc";

const int n = 4;
const float turn = 5 / 16.0;

gate wheel a {
  p(2 * pi * turn) a;
}

qubit[n] digit;
qubit eigen;
bit[n] phase;

x eigen;
h digit;
// digit[0] is the most significant and asks for the largest power
for int k in [0:n - 1] {
  ctrl @ pow(2 ** (n - 1 - k)) @ wheel digit[k], eigen;
}

// inverse Fourier transform; digit[0] holds the least significant bit, so nothing is swapped
h digit[0];
for int i in [1:n - 1] {
  for int j in [0:i - 1] {
    cp(-pi / 2 ** (i - j)) digit[j], digit[i];
  }
  h digit[i];
}

// read the most significant bit first
phase[0] = measure digit[3];
phase[1] = measure digit[2];
phase[2] = measure digit[1];
phase[3] = measure digit[0];
