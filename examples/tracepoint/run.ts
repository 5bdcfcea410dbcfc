/**
 * A kernel in C whose static calls are changed by itself, by a module and by the host.
 * Usage: run.js FOLDER, where build.sh has put its objects.
 */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { loadExample, readObjects } from "./load.js";
import { story } from "./story.js";

const [folder] = process.argv.slice(2);
if (folder === undefined) {
  console.error("usage: run.js FOLDER, with the objects that build.sh has made there");
  process.exit(2);
}
const url = pathToFileURL(`${resolve(folder)}/`);
const compilers = ["gcc", "clang"].filter((compiler) => existsSync(new URL(`kernel-${compiler}.o`, url)));
if (compilers.length === 0) {
  console.error(`no kernel-gcc.o or kernel-clang.o in ${folder}: run build.sh ${folder}`);
  process.exit(2);
}
for (const compiler of compilers) {
  const loaded = await loadExample(readObjects(url, compiler));
  console.log(`compiled by ${compiler}`);
  for (const line of story(loaded)) console.log(`  ${line}`);
  loaded.machine.dispose();
}
