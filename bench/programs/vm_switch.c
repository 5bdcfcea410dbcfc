/* The bytecode interpreter, dispatching by a switch in a loop. */
#include "vm.h"
