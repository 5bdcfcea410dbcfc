/** Runs a program that was compiled to WebAssembly: node wasm.js FILE ROUNDS. Its text goes to the standard output. */
import { readFileSync, writeSync } from "node:fs";

class Exit extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`);
  }
}

const [file = "", rounds = "1"] = process.argv.slice(2);

const port = {
  write(text: number, length: number): void {
    writeSync(1, new Uint8Array(memory.buffer, text, length));
  },
  exit(status: number): never {
    throw new Exit(status);
  },
};

const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(file)), { port });
const memory = exports["memory"] as WebAssembly.Memory;
const program = exports["program"] as (rounds: number) => number;
try {
  process.exitCode = program(Number(rounds));
} catch (error) {
  if (!(error instanceof Exit)) throw error;
  process.exitCode = error.status;
}
