/*
 * A small language: a scanner, a parser by recursive descent that makes a tree, and an interpreter that walks it, with
 * functions, scopes and strings. Its programs compute what is known, and what C computes beside them.
 */
#include "program.h"

enum node_kind { NUMBER_NODE, STRING_NODE, NAME_NODE, UNARY, BINARY, ASSIGN, CALL, IF, WHILE, BLOCK_NODE, FUNCTION, RETURN };

struct node {
	enum node_kind kind;
	char operator; /* Of UNARY and BINARY: = for ==, ! for !=, l for <=, g for >=. */
	uint16_t symbol;
	int64_t number;
	struct node *a, *b, *c, *next; /* Operands, arguments or statements by `next`. */
};

enum value_kind { NOTHING, INTEGER, TEXT, CLOSURE };

struct value {
	enum value_kind kind;
	union {
		int64_t integer;
		const char *text;
		const struct node *function;
	} as;
};

#define SYMBOLS 128
#define ARENA 65536
#define DEPTH 600

static char symbol_names[SYMBOLS][16];
static uint16_t symbol_buckets[64], symbol_next[SYMBOLS], symbol_count;
static uint8_t arena[ARENA] __attribute__((aligned(16)));
static size_t arena_used;

static void *allocate(size_t bytes)
{
	void *place = arena + arena_used;
	arena_used += (bytes + 15) & ~(size_t)15;
	CHECK(arena_used <= ARENA);
	return place;
}

/* A name's number; names are kept by hash. */
static uint16_t symbol_of(const char *name, size_t length)
{
	uint64_t hash = fnv(FNV_START, name, length);
	uint16_t *bucket = &symbol_buckets[(hash ^ hash >> 32) % 64];
	for (uint16_t at = *bucket; at != 0; at = symbol_next[at])
		if (strncmp(symbol_names[at], name, length) == 0 && symbol_names[at][length] == 0)
			return at;
	uint16_t symbol = ++symbol_count;
	CHECK(symbol < SYMBOLS && length < 16);
	memcpy(symbol_names[symbol], name, length);
	symbol_next[symbol] = *bucket;
	*bucket = symbol;
	return symbol;
}

/* Scanner. */
enum token { END, NUMBER_TOKEN, STRING_TOKEN, NAME_TOKEN, SIGN_TOKEN };

struct parser {
	const char *at;
	enum token token;
	char sign;
	uint16_t symbol;
	int64_t number;
	const char *string;
	uint16_t word_if, word_else, word_while, word_fn, word_return;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static void advance(struct parser *p)
{
	while (*p->at == ' ' || *p->at == '\n' || *p->at == '\t')
		p->at++;
	const char *start = p->at;
	if (*start == 0) {
		p->token = END;
	} else if (*start >= '0' && *start <= '9') {
		p->token = NUMBER_TOKEN;
		for (p->number = 0; *p->at >= '0' && *p->at <= '9'; p->at++)
			p->number = p->number * 10 + (*p->at - '0');
	} else if (is_letter(*start)) {
		while (is_letter(*p->at))
			p->at++;
		p->token = NAME_TOKEN;
		p->symbol = symbol_of(start, (size_t)(p->at - start));
	} else if (*start == '\'') {
		while (*++p->at != '\'')
			;
		size_t length = (size_t)(p->at++ - start) - 1;
		char *string = allocate(length + 1);
		memcpy(string, start + 1, length);
		string[length] = 0;
		p->token = STRING_TOKEN;
		p->string = string;
	} else {
		static const char twins[] = "==!=<=>=", signs[] = "=!lg";
		p->token = SIGN_TOKEN;
		p->sign = *p->at++;
		for (int i = 0; i < 4; i++)
			if (start[0] == twins[2 * i] && start[1] == twins[2 * i + 1]) {
				p->sign = signs[i];
				p->at++;
				return;
			}
		if (p->sign == '=')
			p->sign = ':'; /* Assignment. */
	}
}

static bool is_sign(const struct parser *p, char sign)
{
	return p->token == SIGN_TOKEN && p->sign == sign;
}

static bool take(struct parser *p, char sign)
{
	if (!is_sign(p, sign))
		return false;
	advance(p);
	return true;
}

static bool take_word(struct parser *p, uint16_t word)
{
	if (p->token != NAME_TOKEN || p->symbol != word)
		return false;
	advance(p);
	return true;
}

static struct node *make(enum node_kind kind, struct node *a, struct node *b)
{
	struct node *node = allocate(sizeof(*node));
	*node = (struct node){ .kind = kind, .a = a, .b = b };
	return node;
}

/* Parser. */
static struct node *parse_expression(struct parser *p);
static struct node *parse_block(struct parser *p);

static struct node *parse_list(struct parser *p, char end)
{
	struct node *first = NULL, **last = &first;
	while (!take(p, end)) {
		*last = parse_expression(p);
		last = &(*last)->next;
		CHECK(take(p, ',') || is_sign(p, end));
	}
	return first;
}

static struct node *parse_primary(struct parser *p)
{
	struct node *node;
	if (take(p, '(')) {
		node = parse_expression(p);
		CHECK(take(p, ')'));
	} else if (take(p, '-')) {
		node = make(UNARY, parse_primary(p), NULL);
		node->operator = '-';
	} else if (p->token == NUMBER_TOKEN) {
		node = make(NUMBER_NODE, NULL, NULL);
		node->number = p->number;
		advance(p);
	} else if (p->token == STRING_TOKEN) {
		node = make(STRING_NODE, NULL, NULL);
		node->number = (int64_t)(uintptr_t)p->string;
		advance(p);
	} else if (take_word(p, p->word_fn)) {
		CHECK(take(p, '('));
		struct node *parameters = parse_list(p, ')');
		node = make(FUNCTION, parameters, parse_block(p));
	} else {
		CHECK(p->token == NAME_TOKEN);
		node = make(NAME_NODE, NULL, NULL);
		node->symbol = p->symbol;
		advance(p);
	}
	while (take(p, '('))
		node = make(CALL, node, parse_list(p, ')'));
	return node;
}

static int precedence(const struct parser *p)
{
	if (p->token != SIGN_TOKEN)
		return 0;
	switch (p->sign) {
	case '*':
	case '/':
	case '%':
		return 4;
	case '+':
	case '-':
		return 3;
	case '<':
	case '>':
	case 'l':
	case 'g':
		return 2;
	case '=':
	case '!':
		return 1;
	default:
		return 0;
	}
}

static struct node *parse_binary(struct parser *p, int least)
{
	struct node *left = parse_primary(p);
	for (int level; (level = precedence(p)) >= least && level > 0;) {
		char operator = p->sign;
		advance(p);
		left = make(BINARY, left, parse_binary(p, level + 1));
		left->operator = operator;
	}
	return left;
}

static struct node *parse_expression(struct parser *p)
{
	struct node *left = parse_binary(p, 1);
	if (left->kind == NAME_NODE && take(p, ':')) {
		left->kind = ASSIGN;
		left->a = parse_expression(p);
	}
	return left;
}

static struct node *parse_statement(struct parser *p)
{
	struct node *node;
	if (take_word(p, p->word_if)) {
		struct node *condition = parse_expression(p);
		node = make(IF, condition, parse_block(p));
		if (take_word(p, p->word_else))
			node->c = parse_block(p);
	} else if (take_word(p, p->word_while)) {
		struct node *condition = parse_expression(p);
		node = make(WHILE, condition, parse_block(p));
	} else {
		bool returns = take_word(p, p->word_return);
		node = parse_expression(p);
		if (returns)
			node = make(RETURN, node, NULL);
		CHECK(take(p, ';'));
	}
	return node;
}

static struct node *parse_block(struct parser *p)
{
	struct node *first = NULL, **last = &first;
	CHECK(take(p, '{'));
	while (!take(p, '}')) {
		*last = parse_statement(p);
		last = &(*last)->next;
	}
	return make(BLOCK_NODE, first, NULL);
}

static struct node *parse(const char *text)
{
	struct parser p = { .at = text };
	struct node *first = NULL, **last = &first;
	p.word_if = symbol_of("if", 2);
	p.word_else = symbol_of("else", 4);
	p.word_while = symbol_of("while", 5);
	p.word_fn = symbol_of("fn", 2);
	p.word_return = symbol_of("return", 6);
	advance(&p);
	while (p.token != END) {
		*last = parse_statement(&p);
		last = &(*last)->next;
	}
	return make(BLOCK_NODE, first, NULL);
}

/* Interpreter: names of the innermost function, then of the whole program. */
struct binding {
	uint16_t symbol;
	struct value value;
};

struct frame {
	struct binding *bindings;
	int count;
	bool returned;
	struct value result;
};

static struct binding stack[DEPTH];
static int stack_used;
static struct frame globals;
static uint64_t evaluated;

static struct value *lookup(struct frame *frame, uint16_t symbol)
{
	for (int i = frame->count; i-- > 0;)
		if (frame->bindings[i].symbol == symbol)
			return &frame->bindings[i].value;
	return frame == &globals ? NULL : lookup(&globals, symbol);
}

static void bind(struct frame *frame, uint16_t symbol, struct value value)
{
	CHECK(stack_used < DEPTH && frame->bindings + frame->count == stack + stack_used);
	frame->bindings[frame->count++] = (struct binding){ symbol, value };
	stack_used++;
}

static struct value integer(int64_t number)
{
	return (struct value){ INTEGER, { .integer = number } };
}

static struct value evaluate(struct frame *frame, const struct node *node);

static struct value join(const char *a, const char *b)
{
	size_t length = strlen(a);
	char *text = allocate(length + strlen(b) + 1);
	strcpy(text, a);
	strcpy(text + length, b);
	return (struct value){ TEXT, { .text = text } };
}

static struct value binary(char operator, struct value left, struct value right)
{
	if (left.kind == TEXT && right.kind == TEXT) {
		if (operator == '+')
			return join(left.as.text, right.as.text);
		CHECK(operator == '=' || operator == '!');
		return integer((strcmp(left.as.text, right.as.text) == 0) == (operator == '='));
	}
	CHECK(left.kind == INTEGER && right.kind == INTEGER);
	int64_t a = left.as.integer, b = right.as.integer;
	switch (operator) {
	case '+':
		return integer(a + b);
	case '-':
		return integer(a - b);
	case '*':
		return integer(a * b);
	case '/':
		CHECK(b != 0);
		return integer(a / b);
	case '%':
		CHECK(b != 0);
		return integer(a % b);
	case '<':
		return integer(a < b);
	case '>':
		return integer(a > b);
	case 'l':
		return integer(a <= b);
	case 'g':
		return integer(a >= b);
	case '=':
		return integer(a == b);
	default:
		return integer(a != b);
	}
}

static struct value call(struct frame *frame, const struct node *node)
{
	struct value function = evaluate(frame, node->a), arguments[6];
	int count = 0, base;
	CHECK(function.kind == CLOSURE);
	for (const struct node *argument = node->b; argument != NULL; argument = argument->next) {
		CHECK(count < 6);
		arguments[count++] = evaluate(frame, argument);
	}
	base = stack_used;
	struct frame inner = { stack + base, 0, false, integer(0) };
	int bound = 0;
	for (const struct node *name = function.as.function->a; name != NULL; name = name->next) {
		CHECK(bound < count);
		bind(&inner, name->symbol, arguments[bound++]);
	}
	struct value last = evaluate(&inner, function.as.function->b);
	stack_used = base;
	return inner.returned ? inner.result : last;
}

static struct value evaluate(struct frame *frame, const struct node *node)
{
	struct value value = integer(0), *place;
	evaluated++;
	switch (node->kind) {
	case NUMBER_NODE:
		return integer(node->number);
	case STRING_NODE:
		return (struct value){ TEXT, { .text = (const char *)(uintptr_t)node->number } };
	case NAME_NODE:
		place = lookup(frame, node->symbol);
		CHECK(place != NULL);
		return *place;
	case UNARY:
		return integer(-evaluate(frame, node->a).as.integer);
	case BINARY:
		value = evaluate(frame, node->a);
		return binary(node->operator, value, evaluate(frame, node->b));
	case ASSIGN:
		value = evaluate(frame, node->a);
		place = lookup(frame, node->symbol);
		if (place != NULL)
			*place = value;
		else
			bind(frame, node->symbol, value);
		return value;
	case CALL:
		return call(frame, node);
	case IF:
		if (evaluate(frame, node->a).as.integer != 0)
			return evaluate(frame, node->b);
		return node->c == NULL ? value : evaluate(frame, node->c);
	case WHILE:
		while (!frame->returned && evaluate(frame, node->a).as.integer != 0)
			value = evaluate(frame, node->b);
		return value;
	case BLOCK_NODE:
		for (const struct node *at = node->a; at != NULL && !frame->returned; at = at->next)
			value = evaluate(frame, at);
		return value;
	case FUNCTION:
		return (struct value){ CLOSURE, { .function = node } };
	case RETURN:
		frame->result = evaluate(frame, node->a);
		frame->returned = true;
		return frame->result;
	}
	return value;
}

static struct value run(const char *text)
{
	stack_used = 0;
	globals = (struct frame){ stack, 0, false, integer(0) };
	struct value value = evaluate(&globals, parse(text));
	return globals.returned ? globals.result : value;
}

static int64_t number_of(const char *text)
{
	struct value value = run(text);
	CHECK(value.kind == INTEGER);
	return value.as.integer;
}

static const char perfect[] = "divisors = fn(n) { s = 0; i = 1; while i < n { if n % i == 0 { s = s + i; } i = i + 1; } s; };"
			      "found = 0; n = 2;"
			      "while n < 60 { if divisors(n) == n { found = found * 1000 + n; } n = n + 1; } found;";
static const char twice[] = "compose = fn(f, x, times) { while times > 0 { x = f(x); times = times - 1; } x; };"
			    "compose(fn(x) { if x % 2 == 0 { return x / 2; } 3 * x + 1; }, 27, 111);";
static const char fibonacci[] = "fib = fn(n) { if n < 2 { return n; } return fib(n - 1) + fib(n - 2); }; fib(13);";

int program(uint32_t rounds)
{
	char text[256];
	uint64_t hash = FNV_START;
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		arena_used = 0;
		CHECK(number_of(perfect) == 6028);
		CHECK(number_of(twice) == 1);
		CHECK(number_of(fibonacci) == 233);
		struct value joined = run("s = ''; n = 0; while n < 20 { s = s + 'ab'; n = n + 1; } s;");
		CHECK(joined.kind == TEXT && strlen(joined.as.text) == 40);
		CHECK(number_of("'a' + 'b' == 'ab';") == 1 && number_of("2 + 3 * 4 - 10 / (1 + 1) % 3 < 12 == 0;") == 1);
		for (int i = 0; i < 30; i++) {
			int a = (int)random_below(&random, 2000) - 1000, b = (int)random_below(&random, 2000) - 1000,
			    c = 1 + (int)random_below(&random, 99);
			print_to(text, sizeof(text), "x = %d; y = %d; (x * y + %d) / %d - (x - y) %% %d * (x >= y);", a, b, c, c, c);
			int64_t expected = ((int64_t)a * b + c) / c - (a - b) % c * (a >= b);
			CHECK(number_of(text) == expected);
			hash = hash * 31 + (uint64_t)expected;
		}
	}
	print("script %llu evaluated, %016llx\n", (unsigned long long)evaluated, (unsigned long long)hash);
	return 0;
}
