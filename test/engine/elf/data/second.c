/* The other half; `shared` is a common symbol. */
extern long counter;
extern long sum_table(long n);
char shared[40];

long other(long x) {
  shared[2] = (char)x;
  return sum_table(x) * 2 + counter;
}

void _start(void) {
  for (;;) other(1);
}
