#!/usr/bin/env node
/** The entry point. The version is answered before anything else is loaded: scripts ask for it and wait. */
import { readFileSync } from "node:fs";

const manifest = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8")) as {
  version: string;
};
const [first, ...rest] = process.argv.slice(2);

if (rest.length === 0 && (first === "--version" || first === "-V")) {
  process.stdout.write(`${manifest.version}\n`);
} else {
  const { runProgram } = await import("./program.js");
  process.exitCode = await runProgram(manifest.version);
}
