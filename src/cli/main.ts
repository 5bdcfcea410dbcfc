#!/usr/bin/env node
/**
 * The entry point. What scripts ask for and wait for is answered before the rest of the command line is loaded: the version,
 * and a program that is run without options.
 */
import { readFileSync } from "node:fs";

function version(): string {
  const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"));
  return (manifest as { version: string }).version;
}

async function runFile(file: string): Promise<number> {
  const [{ execute }, { statusOf }] = await Promise.all([import("./execute.js"), import("./status.js")]);
  return execute(file, {}).then(() => 0, statusOf);
}

async function main(args: readonly string[]): Promise<number> {
  const [first, operand, ...rest] = args;
  if (operand === undefined && (first === "--version" || first === "-V")) {
    process.stdout.write(`${version()}\n`);
    return 0;
  }
  const isProgram = operand !== undefined && !operand.startsWith("-") && !operand.endsWith(".litmus");
  if (first === "run" && isProgram && rest.length === 0) return runFile(operand);
  const { runProgram } = await import("./program.js");
  return runProgram(version());
}

main(process.argv.slice(2)).then((status) => {
  process.exitCode = status;
});
