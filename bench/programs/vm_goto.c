/* The bytecode interpreter, dispatching by a computed goto at the end of each instruction. */
#define DISPATCH_BY_GOTO
#include "vm.h"
