/*
 * A bytecode interpreter with 16 registers, a memory of words and a stack, and an assembler for its language. The
 * programs vm_switch and vm_goto include it: they differ only in how the next instruction is dispatched.
 */
#include "program.h"

#define OPERATIONS(X)                                                                                                  \
	X(li, "ri") X(mov, "rr") X(add, "rrr") X(sub, "rrr") X(mul, "rrr") X(mod, "rrr") X(shr, "rri") X(and, "rri")   \
	X(addi, "rri") X(load, "rr") X(store, "rr") X(jump, "l") X(beq, "rrl") X(bne, "rrl") X(blt, "rrl")             \
	X(call, "l") X(ret, "") X(push, "r") X(pop, "r") X(halt, "")

enum operation {
#define X(name, operands) OP_##name,
	OPERATIONS(X)
#undef X
};

static const struct {
	const char *name, *operands;
} syntax[] = {
#define X(name, operands) { #name, operands },
	OPERATIONS(X)
#undef X
};

struct instruction {
	uint8_t operation, a, b, c;
	int32_t immediate; /* A number, or the index of an instruction. */
};

#define MEMORY_WORDS 4096
#define STACK_WORDS 512
#define LONGEST_PROGRAM 64

struct machine {
	uint64_t registers[16];
	uint64_t memory[MEMORY_WORDS];
	uint64_t stack[STACK_WORDS];
};

static const char *skip_blanks(const char *at)
{
	while (*at == ' ' || *at == '\t')
		at++;
	return at;
}

static const char *take_name(const char *at, char *name)
{
	int length = 0;
	at = skip_blanks(at);
	for (; (*at >= 'a' && *at <= 'z') || *at == '_'; at++)
		if (length < 15)
			name[length++] = *at;
	name[length] = 0;
	return at;
}

static const char *take_number(const char *at, int32_t *number)
{
	bool negative = *(at = skip_blanks(at)) == '-';
	int32_t value = 0;
	for (at += negative; *at >= '0' && *at <= '9'; at++)
		value = value * 10 + (*at - '0');
	*number = negative ? -value : value;
	return at;
}

struct label {
	char name[16];
	int at;
};

static const char *take_operands(const char *at, const char *operands, struct instruction *into, const struct label *labels,
				 int label_count)
{
	uint8_t *registers[] = { &into->a, &into->b, &into->c };
	char name[16];
	int32_t number;
	for (int used = 0; *operands != 0; operands++) {
		at = skip_blanks(at);
		if (*operands == 'r') {
			CHECK(*at == 'r');
			at = take_number(at + 1, &number);
			CHECK(number >= 0 && number < 16);
			*registers[used++] = (uint8_t)number;
		} else if (*operands == 'i') {
			at = take_number(at, &into->immediate);
		} else {
			at = take_name(at, name);
			for (int i = 0; i < label_count; i++)
				if (strcmp(labels[i].name, name) == 0)
					into->immediate = labels[i].at;
		}
	}
	return at;
}

/* Lines of [label:] operation operands; in two passes, the first for the labels. */
static int assemble(const char *source, struct instruction *code)
{
	static struct label labels[32];
	int label_count = 0, count = 0;
	for (int pass = 0; pass < 2; pass++) {
		count = 0;
		for (const char *at = source; *at != 0; at += *at == '\n') {
			char name[16];
			at = take_name(at, name);
			if (*at == ':') {
				if (pass == 0) {
					CHECK(label_count < 32);
					strcpy(labels[label_count].name, name);
					labels[label_count++].at = count;
				}
				at = take_name(at + 1, name);
			}
			if (name[0] == 0)
				continue;
			unsigned operation = 0;
			while (operation < COUNT_OF(syntax) && strcmp(syntax[operation].name, name) != 0)
				operation++;
			CHECK(operation < COUNT_OF(syntax) && count < LONGEST_PROGRAM);
			code[count] = (struct instruction){ .operation = (uint8_t)operation };
			at = take_operands(at, syntax[operation].operands, &code[count++], labels, label_count);
		}
	}
	return count;
}

#ifdef DISPATCH_BY_GOTO
#define CASE(name) do_##name:
#define NEXT                                                                                                           \
	do {                                                                                                           \
		i = at++;                                                                                              \
		executed++;                                                                                            \
		goto *places[i->operation];                                                                            \
	} while (0)
#else
#define CASE(name) case OP_##name:
#define NEXT break
#endif

/* Returns how many instructions it executed. */
static uint64_t run(struct machine *machine, const struct instruction *code)
{
	uint64_t *r = machine->registers, *top = machine->stack, executed = 0;
	const struct instruction *at = code, *i;
#ifdef DISPATCH_BY_GOTO
	static const void *const places[] = {
#define X(name, operands) &&do_##name,
		OPERATIONS(X)
#undef X
	};
	NEXT;
#else
	for (;;) {
		i = at++;
		executed++;
		switch ((enum operation)i->operation) {
#endif
	CASE(li) r[i->a] = (uint64_t)(int64_t)i->immediate; NEXT;
	CASE(mov) r[i->a] = r[i->b]; NEXT;
	CASE(add) r[i->a] = r[i->b] + r[i->c]; NEXT;
	CASE(sub) r[i->a] = r[i->b] - r[i->c]; NEXT;
	CASE(mul) r[i->a] = r[i->b] * r[i->c]; NEXT;
	CASE(mod) r[i->a] = r[i->c] == 0 ? 0 : r[i->b] % r[i->c]; NEXT;
	CASE(shr) r[i->a] = r[i->b] >> (i->immediate & 63); NEXT;
	CASE(and) r[i->a] = r[i->b] & (uint64_t)(int64_t)i->immediate; NEXT;
	CASE(addi) r[i->a] = r[i->b] + (uint64_t)(int64_t)i->immediate; NEXT;
	CASE(load) r[i->a] = machine->memory[r[i->b] % MEMORY_WORDS]; NEXT;
	CASE(store) machine->memory[r[i->b] % MEMORY_WORDS] = r[i->a]; NEXT;
	CASE(jump) at = code + i->immediate; NEXT;
	CASE(beq) if (r[i->a] == r[i->b]) at = code + i->immediate; NEXT;
	CASE(bne) if (r[i->a] != r[i->b]) at = code + i->immediate; NEXT;
	CASE(blt) if (r[i->a] < r[i->b]) at = code + i->immediate; NEXT;
	CASE(call)
		CHECK(top < machine->stack + STACK_WORDS);
		*top++ = (uint64_t)(at - code);
		at = code + i->immediate;
		NEXT;
	CASE(ret) at = code + *--top; NEXT;
	CASE(push)
		CHECK(top < machine->stack + STACK_WORDS);
		*top++ = r[i->a];
		NEXT;
	CASE(pop) r[i->a] = *--top; NEXT;
	CASE(halt) return executed;
#ifndef DISPATCH_BY_GOTO
		}
	}
#endif
}

/* How many primes are below r0, by a sieve in memory. */
static const char sieve[] = "	li r1 0\n"
			    "	li r2 1\n"
			    "clear: store r1 r1\n"
			    "	mov r3 r1\n"
			    "	li r4 0\n"
			    "	store r4 r3\n"
			    "	addi r1 r1 1\n"
			    "	blt r1 r0 clear\n"
			    "	li r1 2\n"
			    "	li r5 0\n"
			    "next: load r3 r1\n"
			    "	bne r3 r4 composite\n"
			    "	addi r5 r5 1\n"
			    "	mul r6 r1 r1\n"
			    "	jump test\n"
			    "mark: store r2 r6\n"
			    "	add r6 r6 r1\n"
			    "test: blt r6 r0 mark\n"
			    "composite: addi r1 r1 1\n"
			    "	blt r1 r0 next\n"
			    "	mov r0 r5\n"
			    "	halt\n";

/* The longest Collatz sequence that starts below r0: its start in r0, its length in r1. */
static const char collatz[] = "	li r8 0\n"
			      "	li r9 1\n"
			      "	li r10 3\n"
			      "	li r2 1\n"
			      "	li r1 0\n"
			      "start: mov r3 r2\n"
			      "	li r4 1\n"
			      "	jump test\n"
			      "step: and r5 r3 1\n"
			      "	bne r5 r8 odd\n"
			      "	shr r3 r3 1\n"
			      "	jump counted\n"
			      "odd: mul r3 r3 r10\n"
			      "	addi r3 r3 1\n"
			      "counted: addi r4 r4 1\n"
			      "test: bne r3 r9 step\n"
			      "	blt r1 r4 better\n"
			      "	jump go\n"
			      "better: mov r1 r4\n"
			      "	mov r7 r2\n"
			      "go: addi r2 r2 1\n"
			      "	blt r2 r0 start\n"
			      "	mov r0 r7\n"
			      "	halt\n";

/* fibonacci(r0), by recursion. */
static const char fibonacci[] = "	call fib\n"
				"	halt\n"
				"fib: li r1 2\n"
				"	blt r0 r1 done\n"
				"	push r0\n"
				"	addi r0 r0 -1\n"
				"	call fib\n"
				"	pop r1\n"
				"	push r0\n"
				"	addi r0 r1 -2\n"
				"	call fib\n"
				"	pop r1\n"
				"	add r0 r0 r1\n"
				"done: ret\n";

/* The greatest common divisor of r0 and r1. */
static const char euclid[] = "	li r3 0\n"
			     "	jump test\n"
			     "step: mod r2 r0 r1\n"
			     "	mov r0 r1\n"
			     "	mov r1 r2\n"
			     "test: bne r1 r3 step\n"
			     "	halt\n";

static struct machine machine;

static uint64_t execute(const struct instruction *code, uint64_t r0, uint64_t r1, uint64_t *executed)
{
	machine.registers[0] = r0;
	machine.registers[1] = r1;
	*executed += run(&machine, code);
	return machine.registers[0];
}

int program(uint32_t rounds)
{
	static struct instruction primes[LONGEST_PROGRAM], sequences[LONGEST_PROGRAM], fib[LONGEST_PROGRAM],
		gcd[LONGEST_PROGRAM];
	uint64_t executed = 0, sum = 0;
	assemble(sieve, primes);
	assemble(collatz, sequences);
	assemble(fibonacci, fib);
	assemble(euclid, gcd);
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		/* 303 primes below 2,000; 327 has the longest sequence below 500: 144 terms. */
		CHECK(execute(primes, 2000, 0, &executed) == 303);
		CHECK(execute(sequences, 500, 0, &executed) == 327 && machine.registers[1] == 144);
		CHECK(execute(fib, 15, 0, &executed) == 610);
		for (int i = 0; i < 20; i++) {
			uint64_t common = 1 + random_below(&random, 10000), a = common * random_below(&random, 1000000),
				 b = common * (1 + random_below(&random, 1000000)), divisor;
			divisor = execute(gcd, a, b, &executed);
			CHECK(divisor % common == 0 && a % divisor == 0 && b % divisor == 0);
			sum += divisor;
		}
	}
	print("vm %llu instructions, %llx\n", (unsigned long long)executed, (unsigned long long)sum);
	return 0;
}
