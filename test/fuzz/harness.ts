/** Where the C sources of the oracles stand: beside this file, wherever its compiled copy may be. */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** Path of test/fuzz/harness/<name>.c. */
export function harnessSource(name: string): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "package.json"))) folder = dirname(folder);
  return join(folder, "test", "fuzz", "harness", `${name}.c`);
}
