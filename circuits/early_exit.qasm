// Leaving early: at most three attempts to read 1, each of them with two chances.
OPENQASM 3.0;
include "stdgates.inc";

def attempt(qubit q) -> bit {
  reset q;
  h q;
  bit first = measure q;
  if (first) { return 1; }
  h q;
  bit second = measure q;
  return second;
}

qubit q;
bit found;
bit[2] tries;

for uint i in [1:3] {
  tries = i;
  found = attempt(q);
  if (found) { break; }
}
