/* The small printf, and checks. Text goes out by the line. */
#include "port.h"
#include "program.h"

struct sink {
	char *buffer;
	size_t size;
	size_t length;
	bool lines; /* Whether to write a full line or buffer out, and begin anew. */
};

static char line[256];
static struct sink out = { line, sizeof(line), 0, true };

static void flush(struct sink *sink)
{
	sink->buffer[sink->length] = 0;
	port_write(sink->buffer, sink->length);
	sink->length = 0;
}

static void put(struct sink *sink, char character)
{
	if (sink->length + 1 < sink->size)
		sink->buffer[sink->length] = character;
	sink->length++;
	if (sink->lines && (character == '\n' || sink->length + 1 == sink->size))
		flush(sink);
}

struct field {
	size_t width;
	char pad;
	bool left;
};

static void put_field(struct sink *sink, const char *text, size_t length, struct field field)
{
	size_t padding = field.width > length ? field.width - length : 0;
	if (!field.left)
		while (padding > 0) {
			put(sink, field.pad);
			padding--;
		}
	for (size_t i = 0; i < length; i++)
		put(sink, text[i]);
	while (padding > 0) {
		put(sink, ' ');
		padding--;
	}
}

static void put_number(struct sink *sink, uint64_t value, unsigned base, bool negative, struct field field)
{
	char digits[24];
	size_t at = sizeof(digits);
	do {
		digits[--at] = "0123456789abcdef"[value % base];
		value /= base;
	} while (value != 0);
	if (negative)
		digits[--at] = '-';
	put_field(sink, digits + at, sizeof(digits) - at, field);
}

static void format_to(struct sink *sink, const char *format, va_list arguments)
{
	for (; *format != 0; format++) {
		if (*format != '%') {
			put(sink, *format);
			continue;
		}
		struct field field = { 0, ' ', false };
		format++;
		for (; *format == '0' || *format == '-'; format++) {
			if (*format == '0')
				field.pad = '0';
			else
				field.left = true;
		}
		for (; *format >= '0' && *format <= '9'; format++)
			field.width = field.width * 10 + (size_t)(*format - '0');
		bool wide = false;
		for (; *format == 'l'; format++)
			wide = true;
		switch (*format) {
		case 'd': {
			int64_t value = wide ? va_arg(arguments, long long) : va_arg(arguments, int);
			put_number(sink, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 10, value < 0, field);
			break;
		}
		case 'u':
		case 'x': {
			uint64_t value = wide ? va_arg(arguments, unsigned long long) : va_arg(arguments, unsigned);
			put_number(sink, value, *format == 'u' ? 10 : 16, false, field);
			break;
		}
		case 's': {
			const char *text = va_arg(arguments, const char *);
			put_field(sink, text, strlen(text), field);
			break;
		}
		case 'c': {
			char character = (char)va_arg(arguments, int);
			put_field(sink, &character, 1, field);
			break;
		}
		default:
			put(sink, *format);
		}
	}
}

void print(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	format_to(&out, format, arguments);
	va_end(arguments);
}

size_t print_to(char *buffer, size_t size, const char *format, ...)
{
	struct sink sink = { buffer, size, 0, false };
	va_list arguments;
	va_start(arguments, format);
	format_to(&sink, format, arguments);
	va_end(arguments);
	if (size > 0)
		buffer[sink.length < size ? sink.length : size - 1] = 0;
	return sink.length;
}

void check_failed(const char *function, int line_number, const char *what)
{
	print("FAILED %s:%d: %s\n", function, line_number, what);
	port_exit(1);
}
