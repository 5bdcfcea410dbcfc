/* Pointers that a position-independent executable has to relocate, and a thread-local variable. */
static long private_value = 5;
static long *pointer = &private_value;
static const char *const names[] = {"one", "two", "three"};
__thread long first_local = 9;
__thread long second_local = 10;

static long plus(long x) { return x + private_value; }
static long times(long x) { return x * private_value; }
static long (*const operations[])(long) = {plus, times};

long apply(long i, long x) { return operations[i & 1](x) + *pointer; }
int letter(int i, int j) { return names[i][j]; }
long thread_value(void) { return first_local * 100 + second_local; }
void _start(void) {
  for (;;) apply(0, 0);
}
