// A spin chain in a transverse field after a quench: ten Trotter steps, magnetisation of the end
// and its neighbour, and how the two ends agree.
OPENQASM 3.0;
const int steps = 10;
const float dt = 0.1;
const float field = 0.7;

qubit[4] spin;

for int s in [1:steps] {
  for int i in [0:2] {
    zz(-2 * dt) spin[i], spin[i + 1];
  }
  rx(-2 * field * dt) spin;
}

#pragma braket result expectation z(spin[0])
#pragma braket result expectation z(spin[1])
#pragma braket result expectation z(spin[0]) @ z(spin[3])
