/* What a machine must offer to the programs: one file port-*.c for each. */
#ifndef PORT_H
#define PORT_H

#include <stddef.h>

/* Text to where the harness reads it; text[length] is NUL. */
void port_write(const char *text, size_t length);

_Noreturn void port_exit(int status);

#endif
