/** The package as its users get it: packed, installed into an empty folder, and the README's example run there. */
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { MessageChannel, Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cmodx-package-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const run = (command: string, args: string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: "utf8" });

let files: string[] = [];

beforeAll(() => {
  // The build is what is tested, so packing must not start another one under the other tests' feet.
  const packed = run("npm", ["pack", "--ignore-scripts", "--json", "--pack-destination", folder], repository);
  const [tarball] = JSON.parse(packed) as [{ filename: string; files: { path: string }[] }];
  files = tarball.files.map((file) => file.path);
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "empty", private: true, type: "module" }));
  run("npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", `./${tarball.filename}`], folder);
}, 300_000);

/** The first of the README's fenced blocks under a heading in each language. */
function blocks(heading: string): Map<string, string> {
  const readme = readFileSync(join(repository, "README.md"), "utf8");
  const section = readme.split(/^## /m).find((part) => part.startsWith(`${heading}\n`));
  if (section === undefined) throw new Error(`README.md has no heading '${heading}'`);
  const found = [...section.matchAll(/^```(\w+)\n([\s\S]*?)^```/gm)];
  return new Map(found.reverse().map((match) => [match[1] ?? "", match[2] ?? ""]));
}

describe("the packed package", () => {
  test("holds what a user needs and nothing else", () => {
    for (const needed of [
      "package.json",
      "README.md",
      "LICENSE",
      "dist/src/index.js",
      "dist/src/index.d.ts",
      "dist/bin/cmodx.cjs",
      "dist/engine/index.js",
      "dist/engine/index.d.ts",
      "dist/bin/cached.cjs",
      "dist/bin/compiler.cjs.cache",
      "dist/bin/worker.cjs",
      "dist/wasm/core.wasm",
      "dist/wasm/interpreter.wasm",
    ]) {
      expect(files).toContain(needed);
    }
    const surplus = files.filter(
      (path) =>
        !/^(package\.json|README\.md|LICENSE|dist\/.*\.(js|d\.ts|wasm)|dist\/bin\/\w+\.cjs(\.cache)?)$/.test(path),
    );
    expect(surplus).toEqual([]);
    expect(files.filter((path) => /(^|\/)(test|bench)\/|\.test\./.test(path))).toEqual([]);
  });

  test.each(["The bug in ten lines", "Ten lines on one core", "A race in ten lines", "Embedding"])(
    "the README's example under '%s' prints what the README says",
    (heading) => {
      const found = blocks(heading);
      writeFileSync(join(folder, "example.js"), found.get("js") ?? "");
      expect(run(process.execPath, ["example.js"], folder)).toBe(found.get("text"));
    },
  );

  test("types are found by a strict compiler", () => {
    writeFileSync(
      join(folder, "use.ts"),
      'import { StaticCall } from "cmodx";\nimport { Machine } from "cmodx/engine";\n' +
        "const machine: Machine = await Machine.create();\n" +
        'const key: StaticCall = StaticCall.define(machine, { name: "k", design: "hybrid" });\n' +
        "export const state: string = key.state;\n",
    );
    const compilerOptions = { noEmit: true, strict: true, module: "NodeNext", target: "ES2022", types: [] };
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
    run(process.execPath, [join(repository, "node_modules", "typescript", "bin", "tsc"), "-p", folder], folder);
  });

  test("the command runs, with the JIT and its compiler", () => {
    const command = join("node_modules", ".bin", "cmodx");
    expect(run(command, ["disasm", "d503245f"], folder)).toMatch(/bti\s+c/);
    const report = JSON.parse(run(command, ["dispatch", "--json", "--calls", "20000"], folder));
    expect(report.rows).toHaveLength(11);
  });

  test("the command's own compile worker takes requests", async () => {
    const worker = new Worker(join(folder, "node_modules", "cmodx", "dist", "bin", "worker.cjs"));
    const { port1, port2 } = new MessageChannel();
    worker.postMessage({ answers: new SharedArrayBuffer(8), port: port2 }, [port2]);
    const answered = once(port1, "message");
    // No plan at all: what matters is who says so.
    port1.postMessage({ id: 7, plan: undefined });
    const [answer] = (await answered) as [{ id: number; error: string }];
    expect(answer).toMatchObject({ id: 7, error: expect.stringContaining("compiler.cjs") });
    await worker.terminate();
  });

  test.each(["late.cjs", "compiler.cjs"])("V8 takes what it made of %s when the command was built", (name) => {
    const cached = join(folder, "node_modules", "cmodx", "dist", "bin", "cached.cjs");
    const isRejected = `require(${JSON.stringify(cached)}).scriptOf("${name}").cachedDataRejected`;
    expect(run(process.execPath, ["-p", isRejected], folder)).toBe("false\n");
  });

  test("the command runs a program", () => {
    const hello = join(repository, "test", "src", "run", "hello.elf");
    expect(run(join("node_modules", ".bin", "cmodx"), ["run", hello], folder)).toBe("Hello, world\n");
  });
});
