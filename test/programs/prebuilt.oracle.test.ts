/** The executables that are kept are what the compilers make of their sources. */
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { prebuiltPath, readManifest } from "../../bench/programs/prebuilt.js";
import { missingFor, Toolchain, versionOf } from "../../bench/programs/toolchain.js";

const toolchain = new Toolchain();

for (const each of readManifest()) {
  const { program, compiler, level, version } = each;
  const missing =
    missingFor(compiler) ??
    (versionOf(compiler) === version ? undefined : `it was made by ${version}, which is not here`);
  const name = `${program} by ${compiler} -${level} is built the same again`;
  test.skipIf(missing !== undefined)(`${name}${missing === undefined ? "" : ` (${missing})`}`, async () => {
    const built = await toolchain.elf(program, compiler, level);
    expect(readFileSync(built).equals(readFileSync(prebuiltPath(each)))).toBe(true);
  });
}
