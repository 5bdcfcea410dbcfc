/* One half of the test program: what compilers make of ordinary code, without a library. */
extern long other(long x);
extern long missing(long x) __attribute__((weak));
extern char shared[40];

long counter = 7;
static long *pointer = &counter;
static const int table[5] = {3, 1, 4, 1, 5};
static char buffer[4096];

long sum_table(long n) {
  long sum = 0;
  for (long i = 0; i < n; i++) sum += table[i % 5];
  return sum + *pointer;
}

unsigned hash(const char *text) {
  unsigned value = 0x811c9dc5;
  for (; *text; text++) value = (value ^ (unsigned char)*text) * 0x01000193;
  return value;
}

static const char *const names[] = {"adrp", "add", "br", "bti c"};
unsigned hash_name(long i) { return hash(names[i & 3]); }

long choose(int x) {
  switch (x) {
    case 0: return 11;
    case 1: return 220;
    case 2: return other(1);
    case 3: return -44;
    case 4: return counter;
    case 5: return 9000;
    case 6: return buffer[6];
    default: return -1;
  }
}

static long twice(long x) { return 2 * x; }
static long square(long x) { return x * x; }
static long negative(long x) { return -x; }
static long (*const operations[])(long) = {twice, square, negative, other};
long dispatch(long i, long x) { return operations[i & 3](x); }

long bump(long by) {
  counter += by;
  buffer[4095] += 1;
  shared[1] += 2;
  return counter + buffer[4095] + shared[1];
}

long call_missing(long x) { return missing ? missing(x) : -x; }

long fibonacci(long n) { return n < 2 ? n : fibonacci(n - 1) + fibonacci(n - 2); }
