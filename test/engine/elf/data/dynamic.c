/* A shared object: its start-up relocations name symbols. */
extern long outside(long x);
extern long absent(long x) __attribute__((weak));
extern long far_away;
long own = 3;
long *own_pointer = &own;
long *far_pointer = &far_away + 1;
__thread long earlier = 1;
__thread long local = 40;

long call_outside(long x) { return outside(x) + own; }
long has_absent(void) { return absent != 0; }
long through_pointers(void) { return *own_pointer + (far_pointer == &far_away + 1); }
/* The thread pointer is the function's argument, so that the test may choose it. */
long read_local(char *thread_pointer) {
  long offset;
  asm("adrp %0, :gottprel:local\n\tldr %0, [%0, #:gottprel_lo12:local]" : "=r"(offset));
  return *(long *)(thread_pointer + offset);
}
void _start(void) { call_outside(own); }
