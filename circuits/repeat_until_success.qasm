// Repeat until success: draw until the helper reads 0; the data qubit then always reads 1.
OPENQASM 3.0;
include "stdgates.inc";

qubit data;
qubit helper;
bit flag = 1;
bit out;

while (flag == 1) {
  reset data;
  reset helper;
  x data;
  h helper;
  cx helper, data;
  flag = measure helper;
}
out = measure data;
