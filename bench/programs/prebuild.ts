/** npm run build:prebuilt */
import { spawnSync } from "node:child_process";
import { copyFileSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { manifestPath, type Prebuilt, prebuilt, prebuiltFolder, prebuiltPath, sourcesHash } from "./prebuilt.js";
import { Toolchain, versionOf } from "./toolchain.js";

const MOST_BYTES = 16_384;

const toolchain = new Toolchain();
const manifest: Prebuilt[] = [];
mkdirSync(prebuiltFolder, { recursive: true });
for (const each of prebuilt) {
  const { program, compiler, level } = each;
  const path = prebuiltPath(each);
  copyFileSync(await toolchain.elf(program, compiler, level), path);
  const { size } = statSync(path);
  if (size > MOST_BYTES) throw new Error(`${path} has ${size} bytes, which is too many to keep`);
  const { status, stderr, error } = spawnSync("qemu-aarch64", [path], { encoding: "utf8" });
  if (status !== 0) throw new Error(`${path} under qemu-aarch64: ${error?.message ?? status}`);
  manifest.push({ ...each, version: versionOf(compiler), sources: sourcesHash(program), output: stderr });
  console.log(`${path}: ${size} bytes, ${stderr.trim().split("\n").at(-1)}`);
}
writeFileSync(manifestPath, `${JSON.stringify(manifest, null, 2)}\n`);
