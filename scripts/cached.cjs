/**
 * Part of the `cmodx` command (bundle.mjs copies it): loads a file beside it together with what V8 made of it when the command was
 * built. Without that V8 parses and compiles each function when it is first called, which is a third of what the first
 * regions take. V8 refuses what another version of it made, and compiles as usual.
 */
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { setFlagsFromString } = require("node:v8");
const { Script } = require("node:vm");

/**
 * What is loaded here chooses and translates regions: for a second, or less. V8 would begin at once to optimise it, on the processor
 * that has the guest's code to optimise; now a function has to execute eight times as much first, a million bytes of bytecode. This is about JavaScript
 * alone. It stands here because V8 takes what it made only under the flags under which that was made.
 */
setFlagsFromString("--interrupt-budget=1000000");

/** @type {(name: string) => string} */
const cacheOf = (name) => join(__dirname, `${name}.cache`);

/** @type {(name: string) => Buffer | undefined} */
function readCache(name) {
  try {
    return readFileSync(cacheOf(name));
  } catch {
    return undefined;
  }
}

/** @type {(name: string) => Script} The file as a function of what a CommonJS module is given. */
function scriptOf(name) {
  const filename = join(__dirname, name);
  const text = `(function (exports, require, module) {${readFileSync(filename, "utf8")}\n})`;
  return new Script(text, { filename, cachedData: readCache(name) });
}

/** @type {(name: string) => unknown} The file's exports. */
function load(name) {
  const module = { exports: {} };
  scriptOf(name).runInThisContext()(module.exports, require, module);
  return module.exports;
}

module.exports = { cacheOf, load, scriptOf };
