/*
 * What a machine of cmodx has in its memory, executed by threads: for qemu-aarch64, which gives each a thread of the host.
 *
 *   threads rate IMAGE CALLERS CALLER COUNTS STRIDE STOP PATCHER LEFT PERIOD WARM_UP DURATION
 *      CALLERS threads call the function at CALLER with their number; one more calls PATCHER(0) each PERIOD nanoseconds, having
 *      stored 1 at LEFT, unless PERIOD is 0. Each caller counts its calls in the doubleword at COUNTS + its number * STRIDE.
 *      After WARM_UP milliseconds, counts for DURATION milliseconds; then stores 1 at STOP, and waits for all.
 *      Prints "nanoseconds calls updates nanoseconds-of-processors".
 *   threads samples IMAGE CALLERS CALLER PATCHER SAMPLES COUNT
 *      The same threads until all have returned. Prints the COUNT doublewords at SAMPLES, a line each.
 *
 * IMAGE is an ELF file whose segments do not overlap this program's. A guest that executes BRK has found a call to be wrong:
 * status 1.
 */
#include <elf.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CALLERS = 64, SECOND = 1000000000 };

typedef uint64_t function(uint64_t number);

static void check(int holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	exit(2);
}

static uint64_t clock_now(clockid_t clock)
{
	struct timespec t;
	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * SECOND + (uint64_t)t.tv_nsec;
}

static uint64_t now(void)
{
	return clock_now(CLOCK_MONOTONIC);
}

static void sleep_until(uint64_t nanoseconds)
{
	struct timespec t = { (time_t)(nanoseconds / SECOND), (long)(nanoseconds % SECOND) };
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) != 0)
		;
}

/* Puts the segments where they want to be; code can be written in place. */
static void load(const char *path)
{
	Elf64_Ehdr header;
	int file = open(path, O_RDONLY);
	check(file >= 0 && pread(file, &header, sizeof(header), 0) == sizeof(header), path);
	for (int i = 0; i < header.e_phnum; i++) {
		Elf64_Phdr segment;
		check(pread(file, &segment, sizeof(segment), (off_t)(header.e_phoff + sizeof(segment) * i)) == sizeof(segment), path);
		int protection = PROT_READ | PROT_WRITE | (segment.p_flags & PF_X ? PROT_EXEC : 0);
		void *at = mmap((void *)segment.p_vaddr, segment.p_filesz, protection, MAP_PRIVATE | MAP_FIXED_NOREPLACE, file,
				(off_t)segment.p_offset);
		check(at == (void *)segment.p_vaddr, "mmap");
	}
	close(file);
}

static uint64_t number(char **argument)
{
	return strtoull(*argument, NULL, 0);
}

static function *caller;

static void *call(void *which)
{
	return (void *)caller((uint64_t)which);
}

static pthread_t threads[MAX_CALLERS];

static void start(uint64_t callers)
{
	check(callers <= MAX_CALLERS, "too many callers");
	for (uint64_t i = 0; i < callers; i++)
		check(pthread_create(&threads[i], NULL, call, (void *)i) == 0, "pthread_create");
}

static void join(uint64_t callers)
{
	for (uint64_t i = 0; i < callers; i++)
		pthread_join(threads[i], NULL);
}

struct patching {
	function *patcher;
	volatile uint64_t *left;
	uint64_t period;
	volatile uint64_t updates;
	volatile int stop;
};

static void *patch(void *argument)
{
	struct patching *patching = argument;
	for (uint64_t next = now(); !patching->stop; next += patching->period) {
		*patching->left = 1;
		patching->patcher(0);
		patching->updates++;
		sleep_until(next + patching->period);
	}
	return NULL;
}

static uint64_t sum(uint64_t callers, uint64_t counts, uint64_t stride)
{
	uint64_t calls = 0;
	for (uint64_t i = 0; i < callers; i++)
		calls += *(volatile uint64_t *)(counts + i * stride);
	return calls;
}

static int rate(char **arguments)
{
	uint64_t callers = number(&arguments[1]), counts = number(&arguments[3]), stride = number(&arguments[4]);
	struct patching patching = { (function *)number(&arguments[6]), (uint64_t *)number(&arguments[7]),
				     number(&arguments[8]), 0, 0 };
	pthread_t patcher;
	load(arguments[0]);
	caller = (function *)number(&arguments[2]);
	start(callers);
	if (patching.period != 0)
		check(pthread_create(&patcher, NULL, patch, &patching) == 0, "pthread_create");
	sleep_until(now() + number(&arguments[9]) * 1000000);
	uint64_t before = now(), time = clock_now(CLOCK_PROCESS_CPUTIME_ID), calls = sum(callers, counts, stride), updates = patching.updates;
	sleep_until(before + number(&arguments[10]) * 1000000);
	calls = sum(callers, counts, stride) - calls;
	updates = patching.updates - updates;
	uint64_t duration = now() - before;
	time = clock_now(CLOCK_PROCESS_CPUTIME_ID) - time;
	patching.stop = 1;
	if (patching.period != 0)
		pthread_join(patcher, NULL);
	*(volatile uint32_t *)number(&arguments[5]) = 1;
	join(callers);
	printf("%llu %llu %llu %llu\n", (unsigned long long)duration, (unsigned long long)calls, (unsigned long long)updates,
	       (unsigned long long)time);
	return 0;
}

static int samples(char **arguments)
{
	uint64_t callers = number(&arguments[1]), count = number(&arguments[5]);
	load(arguments[0]);
	caller = (function *)number(&arguments[2]);
	start(callers);
	((function *)number(&arguments[3]))(callers);
	join(callers);
	uint64_t *found = (uint64_t *)number(&arguments[4]);
	for (uint64_t i = 0; i < count; i++)
		printf("%llu\n", (unsigned long long)found[i]);
	return 0;
}

static void trapped(int signal)
{
	(void)signal;
	static const char text[] = "the guest has stopped at BRK: a call was wrong\n";
	if (write(STDERR_FILENO, text, sizeof(text) - 1) > 0)
		_exit(1);
	_exit(1);
}

int main(int argc, char **argv)
{
	signal(SIGTRAP, trapped);
	if (argc == 13 && strcmp(argv[1], "rate") == 0)
		return rate(argv + 2);
	if (argc == 8 && strcmp(argv[1], "samples") == 0)
		return samples(argv + 2);
	fprintf(stderr, "usage: threads rate|samples IMAGE ...: see threads.c\n");
	return 2;
}
