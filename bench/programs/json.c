/* A JSON parser (RFC 8259) into a tree, and a printer. What is printed and parsed again must be the same tree. */
#include "program.h"

enum kind { NIL, FALSE, TRUE, NUMBER, STRING, ARRAY, OBJECT };

/* Numbers are decimal: mantissa * 10^exponent. */
struct value {
	enum kind kind;
	int32_t exponent;
	int64_t mantissa;
	const char *string;
	const char *key; /* Where this is a member of an object. */
	struct value *first, *next;
};

static uint8_t arena[256 * 1024] __attribute__((aligned(16)));
static size_t arena_used;

static void *allocate(size_t bytes)
{
	void *place = arena + arena_used;
	arena_used += (bytes + 15) & ~(size_t)15;
	CHECK(arena_used <= sizeof(arena));
	return place;
}

struct parser {
	const char *at;
	int depth;
};

static void skip_white(struct parser *parser)
{
	while (*parser->at == ' ' || *parser->at == '\n' || *parser->at == '\t' || *parser->at == '\r')
		parser->at++;
}

static unsigned hexadecimal(struct parser *parser)
{
	unsigned value = 0;
	for (int i = 0; i < 4; i++) {
		char c = *parser->at++;
		unsigned digit = c >= '0' && c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 32) - 'a') + 10;
		if (digit > 15)
			return 0xffffffff;
		value = value << 4 | digit;
	}
	return value;
}

static char *put_utf8(char *to, unsigned character)
{
	if (character < 0x80) {
		*to++ = (char)character;
		return to;
	}
	int more = character < 0x800 ? 1 : character < 0x10000 ? 2 : 3;
	*to++ = (char)((0xff00u >> (more + 1) & 0xff) | character >> (6 * more));
	while (more-- > 0)
		*to++ = (char)(0x80 | (character >> (6 * more) & 0x3f));
	return to;
}

/* NULL if it is none. */
static const char *parse_string(struct parser *parser)
{
	if (*parser->at++ != '"')
		return NULL;
	size_t longest = 0;
	for (const char *end = parser->at; *end != '"'; end++, longest++) {
		if ((uint8_t)*end < 0x20)
			return NULL;
		if (*end == '\\' && *++end == 0)
			return NULL;
	}
	char *string = allocate(longest + 1), *to = string;
	while (*parser->at != '"') {
		char c = *parser->at++;
		if (c != '\\') {
			*to++ = c;
			continue;
		}
		unsigned character;
		switch (c = *parser->at++) {
		case 'n':
			*to++ = '\n';
			break;
		case 't':
			*to++ = '\t';
			break;
		case '"':
		case '\\':
		case '/':
			*to++ = c;
			break;
		case 'u':
			character = hexadecimal(parser);
			if (character >= 0xd800 && character < 0xdc00) {
				if (*parser->at++ != '\\' || *parser->at++ != 'u')
					return NULL;
				character = 0x10000 + ((character & 0x3ff) << 10) + (hexadecimal(parser) & 0x3ff);
			}
			if (character > 0x10ffff)
				return NULL;
			to = put_utf8(to, character);
			break;
		default:
			return NULL;
		}
	}
	parser->at++;
	*to = 0;
	return string;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool parse_number(struct parser *parser, struct value *value)
{
	bool negative = *parser->at == '-';
	int64_t mantissa = 0;
	int32_t exponent = 0;
	parser->at += negative;
	if (!is_digit(*parser->at))
		return false;
	for (; is_digit(*parser->at); parser->at++)
		mantissa = mantissa * 10 + (*parser->at - '0');
	if (*parser->at == '.') {
		parser->at++;
		if (!is_digit(*parser->at))
			return false;
		for (; is_digit(*parser->at); parser->at++, exponent--)
			mantissa = mantissa * 10 + (*parser->at - '0');
	}
	if ((*parser->at | 32) == 'e') {
		int sign = *++parser->at == '-' ? -1 : 1;
		int32_t more = 0;
		parser->at += *parser->at == '-' || *parser->at == '+';
		if (!is_digit(*parser->at))
			return false;
		for (; is_digit(*parser->at); parser->at++)
			more = more * 10 + (*parser->at - '0');
		exponent += sign * more;
	}
	value->mantissa = negative ? -mantissa : mantissa;
	value->exponent = exponent;
	return true;
}

static bool take_word(struct parser *parser, const char *word)
{
	size_t length = strlen(word);
	if (strncmp(parser->at, word, length) != 0)
		return false;
	parser->at += length;
	return true;
}

static struct value *parse_value(struct parser *parser);

static bool parse_members(struct parser *parser, struct value *value, char end)
{
	struct value **last = &value->first;
	if (parser->depth++ > 60)
		return false;
	parser->at++;
	skip_white(parser);
	for (bool any = false; *parser->at != end; any = true) {
		const char *key = NULL;
		if (any && *parser->at++ != ',')
			return false;
		skip_white(parser);
		if (end == '}') {
			if ((key = parse_string(parser)) == NULL)
				return false;
			skip_white(parser);
			if (*parser->at++ != ':')
				return false;
		}
		struct value *member = parse_value(parser);
		if (member == NULL)
			return false;
		member->key = key;
		*last = member;
		last = &member->next;
		skip_white(parser);
	}
	parser->at++;
	parser->depth--;
	return true;
}

/* NULL where the text is not JSON. */
static struct value *parse_value(struct parser *parser)
{
	struct value *value = allocate(sizeof(*value));
	*value = (struct value){ 0 };
	bool good;
	skip_white(parser);
	switch (*parser->at) {
	case '{':
		value->kind = OBJECT;
		good = parse_members(parser, value, '}');
		break;
	case '[':
		value->kind = ARRAY;
		good = parse_members(parser, value, ']');
		break;
	case '"':
		value->kind = STRING;
		good = (value->string = parse_string(parser)) != NULL;
		break;
	case 'n':
		value->kind = NIL;
		good = take_word(parser, "null");
		break;
	case 't':
		value->kind = TRUE;
		good = take_word(parser, "true");
		break;
	case 'f':
		value->kind = FALSE;
		good = take_word(parser, "false");
		break;
	default:
		value->kind = NUMBER;
		good = parse_number(parser, value);
	}
	return good ? value : NULL;
}

static struct value *parse(const char *text)
{
	struct parser parser = { text, 0 };
	struct value *value = parse_value(&parser);
	skip_white(&parser);
	return *parser.at == 0 ? value : NULL;
}

struct writer {
	char *at, *end;
	int indent; /* Spaces a level, or -1 for one line. */
	int level;
};

static void put(struct writer *writer, char c)
{
	CHECK(writer->at < writer->end);
	*writer->at++ = c;
}

static void put_text(struct writer *writer, const char *text)
{
	while (*text != 0)
		put(writer, *text++);
}

static void put_string(struct writer *writer, const char *string)
{
	put(writer, '"');
	for (; *string != 0; string++) {
		switch (*string) {
		case '"':
		case '\\':
			put(writer, '\\');
			put(writer, *string);
			break;
		case '\n':
			put_text(writer, "\\n");
			break;
		default:
			if ((uint8_t)*string >= 0x20) {
				put(writer, *string);
			} else {
				char escape[8];
				print_to(escape, sizeof(escape), "\\u%04x", (unsigned)(uint8_t)*string);
				put_text(writer, escape);
			}
		}
	}
	put(writer, '"');
}

static void put_line(struct writer *writer)
{
	if (writer->indent < 0)
		return;
	put(writer, '\n');
	for (int i = 0; i < writer->indent * writer->level; i++)
		put(writer, ' ');
}

static void put_value(struct writer *writer, const struct value *value)
{
	static const char *const words[] = { [NIL] = "null", [FALSE] = "false", [TRUE] = "true" };
	char number[48];
	switch (value->kind) {
	case NIL:
	case FALSE:
	case TRUE:
		put_text(writer, words[value->kind]);
		break;
	case NUMBER:
		print_to(number, sizeof(number), value->exponent == 0 ? "%lld" : "%llde%d", (long long)value->mantissa,
			 value->exponent);
		put_text(writer, number);
		break;
	case STRING:
		put_string(writer, value->string);
		break;
	case ARRAY:
	case OBJECT:
		put(writer, value->kind == ARRAY ? '[' : '{');
		writer->level++;
		for (const struct value *member = value->first; member != NULL; member = member->next) {
			if (member != value->first)
				put(writer, ',');
			put_line(writer);
			if (value->kind == OBJECT) {
				put_string(writer, member->key);
				put(writer, ':');
			}
			put_value(writer, member);
		}
		writer->level--;
		if (value->first != NULL)
			put_line(writer);
		put(writer, value->kind == ARRAY ? ']' : '}');
	}
}

static void write(const struct value *value, char *text, size_t size, int indent)
{
	struct writer writer = { text, text + size, indent, 0 };
	put_value(&writer, value);
	put(&writer, 0);
}

static bool same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool same(const struct value *a, const struct value *b)
{
	if (a->kind != b->kind || a->mantissa != b->mantissa || a->exponent != b->exponent ||
	    !same_text(a->string, b->string) || !same_text(a->key, b->key))
		return false;
	a = a->first;
	b = b->first;
	for (; a != NULL && b != NULL; a = a->next, b = b->next)
		if (!same(a, b))
			return false;
	return a == b;
}

static const struct value *member(const struct value *object, const char *key)
{
	for (const struct value *each = object->first; each != NULL; each = each->next)
		if (strcmp(each->key, key) == 0)
			return each;
	return NULL;
}

static void known_texts(void)
{
	static const char *const bad[] = { "",	      "[1,]",	 "{\"a\"1}", "nul",    "[1 2]",	   "\"\\x\"", "01x",
					   "{\"a\":}", "[\"a]", "1.",	    "-",      "{1:2}",	   "\"a\nb\"", "[] []" };
	for (unsigned i = 0; i < COUNT_OF(bad); i++)
		CHECK(parse(bad[i]) == NULL);
	const struct value *good = parse(" { \"a\\u00e9\\ud83d\\ude00\" : [ -1.50e+2 , true, null ] } ");
	CHECK(good != NULL && good->kind == OBJECT);
	CHECK(strcmp(good->first->key, "a\xc3\xa9\xf0\x9f\x98\x80") == 0);
	CHECK(good->first->first->mantissa == -150 && good->first->first->exponent == 0);
}

#define RECORDS 60

/* A list of records; returns the sum of what its "amount"s are. */
static int64_t make_text(struct random *random, char *text, size_t size)
{
	int64_t sum = 0;
	size_t at = print_to(text, size, "{ \"version\": 3, \"records\": [");
	for (int i = 0; i < RECORDS; i++) {
		/* One after the other: the order of arguments is a compiler's to choose. */
		int amount = (int)random_below(random, 2000000) - 1000000;
		unsigned name = random_u32(random), tag = random_below(random, 100), price = random_below(random, 100000);
		unsigned deep = random_below(random, 10);
		bool sold = random_below(random, 2) != 0;
		sum += amount;
		at += print_to(text + at, size - at,
			       "%s\n  {\"id\": %d, \"name\": \"item \\\"%x\\\"\", \"amount\": %d, \"tags\": [\"t%u\", null, "
			       "%s],\t\"price\": %u.%02u, \"nested\": {\"deep\": [[[%u]]], \"path\": \"a\\\\b\\n\"}}",
			       i > 0 ? "," : "", i, name, amount, tag, sold ? "true" : "false", price / 100, price % 100,
			       deep);
		CHECK(at < size);
	}
	at += print_to(text + at, size - at, "] }\n");
	CHECK(at < size);
	return sum;
}

int program(uint32_t rounds)
{
	static char text[20000], compact[20000], indented[40000], again[20000];
	uint64_t hash = FNV_START;
	known_texts();
	for (uint32_t round = 0; round < rounds; round++) {
		struct random random = random_seeded(round);
		int64_t sum = make_text(&random, text, sizeof(text));
		arena_used = 0;
		const struct value *tree = parse(text);
		CHECK(tree != NULL);
		for (const struct value *each = member(tree, "records")->first; each != NULL; each = each->next)
			sum -= member(each, "amount")->mantissa;
		CHECK(sum == 0);
		write(tree, compact, sizeof(compact), -1);
		write(tree, indented, sizeof(indented), 2);
		const struct value *other = parse(indented);
		CHECK(other != NULL && same(tree, other));
		write(other, again, sizeof(again), -1);
		CHECK(strcmp(compact, again) == 0);
		hash = fnv(hash, compact, strlen(compact));
	}
	print("json %016llx\n", (unsigned long long)hash);
	return 0;
}
