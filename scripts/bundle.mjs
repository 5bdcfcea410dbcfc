/**
 * Build step: dist/bin/cmodx.cjs, the `cmodx` command. A hundred small ES modules take 100 ms to load, several times what a
 * short program runs. So the part of the command line that runs a program is bundled, as CommonJS, which spares the loader of
 * ES modules too, and the compile worker for it; all else it imports from dist/src, where embedders find the same modules.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, copyFileSync, writeFileSync } from "node:fs";
import { dirname, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { rolldown } from "rolldown";

const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const folder = `${dist}bin`;
const late = `${dist}engine/machine/late.js`;
const LOADER = "\0late";
const WORKER_URL = 'new URL("./worker.js", import.meta.url)';

/** The compile worker that the command starts is a bundle too, compiler.cjs, which worker.cjs loads in the same way. */
const ownWorker = {
  name: "own-worker",
  /** @type {(code: string, id: string) => string | undefined} */
  transform: (code, id) => {
    if (!id.endsWith("/jit/compiler.js")) return undefined;
    if (!code.includes(WORKER_URL)) throw new Error(`${id} starts its worker in another way than ${WORKER_URL}`);
    return code.replace(WORKER_URL, 'require("node:path").join(__dirname, "worker.cjs")');
  },
};

/** Modules find the files beside them as before they were bundled. */
const ownPlaces = {
  name: "own-places",
  /** @type {(code: string, id: string) => string | undefined} */
  transform: (code, id) => {
    if (!code.includes("import.meta.url")) return undefined;
    const place = relative(folder, dirname(id)).split(sep).join("/");
    const url = `require("node:url").pathToFileURL(require("node:path").join(__dirname, "${place}", "_")).href`;
    return code.replaceAll("import.meta.url", url);
  },
};

/** The late parts are a file of their own, which is loaded when they are asked for, as V8 compiled it when this was built. */
const lateParts = {
  name: "late-parts",
  /** @type {(source: string, importer: string | undefined) => string | undefined} */
  resolveId: (source, importer) => (source.endsWith("/late.js") && importer !== undefined ? LOADER : undefined),
  /** @type {(id: string) => string | undefined} */
  load: (id) =>
    id === LOADER
      ? `export function lateParts() { return module.require("./cached.cjs").load("late.cjs").lateParts(); }`
      : undefined,
};

/** Commands with options are not in the bundle. */
const elsewhere = {
  name: "elsewhere",
  /** @type {(source: string, importer: string | undefined) => { id: string, external: true } | undefined} */
  resolveId: (source, importer) =>
    importer !== undefined && /\/(program|trace|report\/run)\.js$/.test(source)
      ? {
          id: relative(folder, resolve(dirname(importer), source))
            .split(sep)
            .join("/"),
          external: true,
        }
      : undefined,
};

/** @type {import("rolldown").InputOptions} */
const options = {
  platform: "node",
  external: [/^node:/],
  treeshake: { moduleSideEffects: false },
  plugins: [ownWorker, ownPlaces, lateParts, elsewhere],
  preserveEntrySignatures: "allow-extension",
};

/** The modules that a program needs which ends soon: one file. */
async function earlyModules() {
  const bundle = await rolldown({ ...options, input: `${dist}src/cli/main.js` });
  const { output } = await bundle.generate({ format: "cjs", codeSplitting: false });
  return new Set(output.flatMap((file) => ("moduleIds" in file ? file.moduleIds : [])));
}

const early = await earlyModules();
const bundle = await rolldown({ ...options, input: { cmodx: `${dist}src/cli/main.js`, late } });
/** @type {import("rolldown").OutputOptions} */
const written = {
  dir: folder,
  format: "cjs",
  minify: true,
  entryFileNames: "[name].cjs",
  chunkFileNames: "[name].cjs",
};
const { output } = await bundle.write({
  ...written,
  cleanDir: true,
  codeSplitting: { groups: [{ name: "program", test: (id) => early.has(id) && !id.endsWith("/main.js") }] },
});
const compilerBundle = await rolldown({ ...options, input: { compiler: `${dist}engine/jit/worker.js` } });
const compiler = await compilerBundle.write({ ...written, codeSplitting: false });
writeFileSync(`${folder}/worker.cjs`, `require("./cached.cjs").load("compiler.cjs");\n`);
copyFileSync(fileURLToPath(new URL("cached.cjs", import.meta.url)), `${folder}/cached.cjs`);
execFileSync(process.execPath, [fileURLToPath(new URL("code-cache.mjs", import.meta.url)), "late.cjs", "compiler.cjs"]);
chmodSync(`${folder}/cmodx.cjs`, 0o755);
for (const file of [...output, ...compiler.output])
  console.log(`${folder}/${file.fileName}: ${"code" in file ? file.code.length : 0} characters`);
