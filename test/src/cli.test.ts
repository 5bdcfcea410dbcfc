/** The command line as a process: output, messages and exit statuses. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cmodx-cli-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function cmodx(args: string[], input = ""): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { input, encoding: "utf8" });
  return { status, stdout, stderr };
}

describe("cmodx", () => {
  test("--version is the package's", () => {
    const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(cmodx(["--version"])).toEqual({ status: 0, stdout: `${manifest.version}\n`, stderr: "" });
  });

  test.each([[[]], [["dispatch"]], [["check"]], [["asm"]], [["disasm"]]])("%s --help", (command) => {
    const { status, stdout } = cmodx([...command, "--help"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Usage: cmodx/);
  });
});

describe("cmodx asm", () => {
  const source = "start:\n\tbti c\n\tadd x0, x0, #1\n\tret\n\t.data\nvalue:\t.quad 0x1122334455667788\n";

  test("prints a listing with labels and the bytes of data", () => {
    const { status, stdout } = cmodx(["asm", "-", "--base", "0x4000"], source);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^section \.text, 0x4000, 12 bytes\nstart:\n\s*4000: {2}d503245f {2}bti\s+c\n/);
    expect(stdout).toMatch(/4008: {2}d65f03c0 {2}ret\n/);
    expect(stdout).toMatch(/section \.data, .*\n.*: {2}88 77 66 55 44 33 22 11\n/);
  });

  test("-o writes a flat image that disasm reads back", () => {
    const image = join(folder, "image.bin");
    expect(cmodx(["asm", "-", "-o", image], "nop\nret\n")).toEqual({ status: 0, stdout: "", stderr: "" });
    expect(readFileSync(image)).toEqual(Buffer.from("1f2003d5c0035fd6", "hex"));
    const { stdout } = cmodx(["disasm", image, "--base", "0x80"]);
    expect(stdout).toMatch(/^80: {2}d503201f {2}nop\n84: {2}d65f03c0 {2}ret\n$/);
  });

  test("--json has sections, words and symbols", () => {
    const { stdout } = cmodx(["asm", "-", "--json"], source);
    const program = JSON.parse(stdout);
    expect(program.symbols.start).toBe("0x10000");
    expect(program.sections[0].words[2]).toMatchObject({ address: "0x10008", word: "d65f03c0" });
  });

  test("an error says where, and ends with status 1", () => {
    const path = join(folder, "wrong.s");
    writeFileSync(path, "\tnop\n\tadd x0, x0, #4097\n");
    const { status, stdout, stderr } = cmodx(["asm", path]);
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toContain("wrong.s:2:");
  });
});

describe("cmodx disasm", () => {
  test("words on the command line", () => {
    const { status, stdout } = cmodx(["disasm", "d503245f", "0x14000000", "--base", "0x1000"]);
    expect(status).toBe(0);
    expect(stdout).toMatch(/^1000: {2}d503245f {2}bti\s+c\n1004: {2}14000000 {2}b\s+0x1004\n$/);
  });

  test("bytes from the standard input, and --json", () => {
    const path = join(folder, "words.bin");
    writeFileSync(path, Buffer.from("1f2003d5", "hex"));
    const { stdout } = cmodx(["disasm", path, "--json"]);
    expect(JSON.parse(stdout)).toEqual({
      report: "disasm",
      words: [{ address: "0x0", word: "d503201f", text: "nop" }],
    });
  });

  test("a word that has no text is given as data that assembles to it", () => {
    expect(cmodx(["disasm", "ffffffff"]).stdout).toBe("0:  ffffffff  .inst 0xffffffff  // unknown\n");
  });
});
