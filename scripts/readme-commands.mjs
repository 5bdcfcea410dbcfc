/**
 * Prints the commands that the README gives under "Set up", one a line, as they are written there:
 * CI runs what a reader would run.
 */
import { readFileSync } from "node:fs";
import process from "node:process";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");
const block = /^## Set up\n[\s\S]*?^```sh\n([\s\S]*?)^```/m.exec(readme)?.[1];
if (block === undefined) throw new Error("README.md has no ```sh block under '## Set up'");
process.stdout.write(block.replace(/\s+#.*$/gm, ""));
