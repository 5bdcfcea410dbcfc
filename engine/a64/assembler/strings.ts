/** Escapes in strings and character constants, as GNU as has them. */

const simpleEscapes: Readonly<Record<string, number>> = {
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  '"': 34,
  "\\": 92,
  "'": 39,
};

/** The byte of the escape behind a backslash at `position` - 1, and the position after it; undefined if it is none. */
export function escapeValue(
  text: string,
  position: number,
): { readonly value: number; readonly end: number } | undefined {
  const simple = simpleEscapes[text.charAt(position)];
  if (simple !== undefined) return { value: simple, end: position + 1 };
  const octal = /^[0-7]{1,3}/.exec(text.slice(position, position + 3))?.[0];
  if (octal !== undefined) return { value: Number.parseInt(octal, 8) & 255, end: position + octal.length };
  const hexadecimal = /^[xX]([0-9a-fA-F]+)/.exec(text.slice(position, position + 20));
  if (hexadecimal === null) return undefined;
  const digits = hexadecimal[1] as string;
  return { value: Number.parseInt(digits.slice(-2), 16), end: position + 1 + digits.length };
}
