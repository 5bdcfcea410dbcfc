/* The programs as ordinary processes of this machine: PROGRAM [ROUNDS]. */
#include <stdio.h>
#include <stdlib.h>

#include "port.h"
#include "program.h"

void port_write(const char *text, size_t length)
{
	fwrite(text, 1, length, stdout);
}

void port_exit(int status)
{
	exit(status);
}

int main(int argc, char **argv)
{
	return program(argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 0) : 1);
}
