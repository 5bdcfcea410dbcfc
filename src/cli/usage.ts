/** What the commands share in reading their arguments. */
import { InvalidArgumentError } from "commander";

export { inputName, readInput } from "./input.js";
export { ExitStatus, UsageError } from "./status.js";

/** An address: 0x and hexadecimal digits, or decimal. */
export function parseAddress(text: string): bigint {
  if (!/^(0x[0-9a-f]+|[0-9]+)$/i.test(text)) throw new InvalidArgumentError("An address is 0x... or decimal.");
  const address = BigInt(text);
  if (address >= 1n << 64n) throw new InvalidArgumentError("An address has 64 bits.");
  return address;
}

/** A parser of whole numbers in decimal; `what` names them in its message. */
export function parseWhole(what: string, least: number, most: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^[0-9]+$/.test(text) || value < least || value > most) {
      throw new InvalidArgumentError(`${what} is a whole number from ${least} to ${most}.`);
    }
    return value;
  };
}
