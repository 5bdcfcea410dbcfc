/* The programs as WebAssembly modules: exports program(rounds), imports what the machine offers. */
#include "port.h"
#include "program.h"

__attribute__((import_module("port"), import_name("write"))) void import_write(const char *text, size_t length);
__attribute__((import_module("port"), import_name("exit"))) _Noreturn void import_exit(int status);

void port_write(const char *text, size_t length)
{
	import_write(text, length);
}

void port_exit(int status)
{
	import_exit(status);
}

/* 64 x 64 -> 128 bits, which clang calls for __int128 products here: compiler-rt's name and signature. */
__int128 __multi3(__int128 a, __int128 b);

__int128 __multi3(__int128 a, __int128 b)
{
	const uint64_t a0 = (uint32_t)a, a1 = (uint64_t)a >> 32;
	const uint64_t b0 = (uint32_t)b, b1 = (uint64_t)b >> 32;
	const uint64_t low = a0 * b0;
	const uint64_t middle = a1 * b0 + (low >> 32);
	const uint64_t other = a0 * b1 + (uint32_t)middle;
	const uint64_t high = a1 * b1 + (middle >> 32) + (other >> 32);
	const uint64_t cross = (uint64_t)a * (uint64_t)(b >> 64) + (uint64_t)(a >> 64) * (uint64_t)b;
	return (__int128)(((unsigned __int128)(high + cross) << 64) | (other << 32) | (uint32_t)low);
}
