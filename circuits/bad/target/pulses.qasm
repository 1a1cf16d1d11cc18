// What is sent holds gates, so the pulses would be lost.
OPENQASM 3.0;
bit[1] b;
cal {
  waveform wf = constant(1e-6, 0.1);
}
b[0] = measure $1;
