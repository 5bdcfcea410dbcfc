/**
 * Build step, run by bundle.mjs in a process of its own: has V8 compile files of the command, which are named as arguments, with every
 * function in them, and writes what it made beside them, where cached.cjs finds it.
 */
import { writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { setFlagsFromString } from "node:v8";

const { cacheOf, scriptOf } = createRequire(import.meta.url)("../dist/bin/cached.cjs");

for (const name of process.argv.slice(2)) {
  setFlagsFromString("--no-lazy");
  const script = scriptOf(name);
  setFlagsFromString("--lazy");
  writeFileSync(cacheOf(name), script.createCachedData());
  if (scriptOf(name).cachedDataRejected !== false) throw new Error(`V8 does not take what it has made of ${name}`);
}
