/** What the command line refuses: one line on the standard error, nothing on the standard output, and the exit status. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const main = fileURLToPath(new URL("../../dist/src/cli/main.js", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "cmodx-usage-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const at = (name: string): string => join(folder, name);
mkdirSync(at("folder"));
writeFileSync(at("empty"), "");
writeFileSync(at("good.s"), "nop\n");
writeFileSync(at("odd.bin"), Buffer.from([1, 2, 3]));
writeFileSync(at("words.bin"), Buffer.from("1f2003d51f2003d5", "hex"));
writeFileSync(at("secret"), "nop\n");
chmodSync(at("secret"), 0);

interface Refusal {
  readonly args: readonly string[];
  readonly input?: string;
  /** Part of the line. */
  readonly says: string;
}

const everyCommand = (command: string): Refusal[] => [
  { args: [command, "--nonsense"], says: "unknown option '--nonsense'" },
  { args: [command, "-x"], says: "unknown option '-x'" },
];

const everyReader = (command: string): Refusal[] => [
  { args: [command], says: "missing required argument" },
  { args: [command, at("absent"), "--base"], says: "argument missing" },
  { args: [command, at("folder")], says: "EISDIR" },
  { args: [command, at("empty")], says: "is empty" },
  { args: [command, "-"], input: "", says: "the standard input is empty" },
  { args: [command, at("good.s"), "--base", "here"], says: "An address is 0x... or decimal" },
  { args: [command, at("good.s"), "--base", ""], says: "An address is 0x... or decimal" },
  { args: [command, at("good.s"), "--base", "0x"], says: "An address is 0x... or decimal" },
  { args: [command, at("good.s"), "--base", "-4"], says: "An address is 0x... or decimal" },
  { args: [command, at("good.s"), "--base", "0x10000000000000000"], says: "An address has 64 bits" },
];

const badCalls = (text: string): Refusal => ({
  args: ["dispatch", "--calls", text],
  says: "A number of calls is a whole",
});

const usage: readonly Refusal[] = [
  { args: ["nonsense"], says: "unknown command 'nonsense'" },
  { args: ["disams"], says: "Did you mean disasm?" },
  { args: ["--nonsense"], says: "unknown option '--nonsense'" },
  ...["dispatch", "asm", "disasm"].flatMap(everyCommand),
  ...["asm", "disasm"].flatMap(everyReader),
  { args: ["dispatch", "surplus"], says: "too many arguments" },
  ...["many", "0", "-1", "1.5", "1e3", "0x10", "", "1000000001"].map(badCalls),
  { args: ["asm", at("absent.s")], says: "ENOENT" },
  { args: ["asm", at("good.s"), at("good.s")], says: "too many arguments" },
  { args: ["asm", at("good.s"), "-o", at("folder")], says: "can't write" },
  { args: ["asm", at("good.s"), "-o", join(at("absent"), "image")], says: "can't write" },
  { args: ["disasm", "xyz"], says: "'xyz' is neither a file nor an instruction word" },
  { args: ["disasm", ""], says: "'' is neither a file nor an instruction word" },
  { args: ["disasm", "d503201"], says: "8 hexadecimal digits" },
  { args: ["disasm", "0x1d503201f"], says: "8 hexadecimal digits" },
  { args: ["disasm", "d503201f", "d503201g"], says: "'d503201g' is neither" },
  { args: ["disasm", at("words.bin"), "d503201f"], says: "is a file: give one file, or words" },
  { args: ["disasm", at("odd.bin")], says: "has 3 bytes, and instructions have 4 each" },
  { args: ["disasm", "-"], input: "abcde", says: "the standard input has 5 bytes" },
  { args: ["disasm", "d503201f", "--base", "2"], says: "multiples of 4" },
  { args: ["disasm", at("words.bin"), "--base", "0xfffffffffffffffc"], says: "beyond the 64-bit addresses" },
];

function refusal({ args, input = "" }: Refusal): { status: number | null; stdout: string; stderr: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [main, ...args], { input, encoding: "utf8" });
  return { status, stdout, stderr };
}

function expectLine(each: Refusal, status: number): void {
  const refused = refusal(each);
  expect(refused).toMatchObject({ status, stdout: "" });
  expect(refused.stderr).toMatch(/^cmodx: [^\n]+\n$/);
  expect(refused.stderr).toContain(each.says);
}

const named = (refusals: readonly Refusal[]): [string, Refusal][] =>
  refusals.map((each) => [each.args.join(" ").replaceAll(`${folder}/`, ""), each]);

describe("bad usage ends with status 2", () => {
  test.each(named(usage))("cmodx %s", (_name, each) => expectLine(each, 2));

  test("no command at all: the help, on the standard error", () => {
    const { status, stdout, stderr } = refusal({ args: [], says: "" });
    expect([status, stdout]).toEqual([2, ""]);
    expect(stderr).toMatch(/^Usage: cmodx/);
  });

  // The superuser may read everything.
  test.skipIf(process.getuid?.() === 0)("a file that may not be read", () => {
    for (const command of ["asm", "disasm"]) expectLine({ args: [command, at("secret")], says: "EACCES" }, 2);
  });

  test.skipIf(!existsSync("/proc/self/mem"))("a file whose reading fails", () => {
    for (const command of ["asm", "disasm"]) expectLine({ args: [command, "/proc/self/mem"], says: "EIO" }, 2);
  });
});

describe("a failed assembly ends with status 1 and says where", () => {
  test.each([
    ["add x0, x0, #4097\n", "<stdin>:1:"],
    ["nop\n\tfrobnicate x0\n", "<stdin>:2:"],
    ["b nowhere\n", "<stdin>:1:"],
    [".text\n.space 0x100000000000\n", "<stdin>:2:"],
    [".macro m\nnop\n", "<stdin>:1:"],
  ])("%j", (input, where) => {
    const { status, stdout, stderr } = refusal({ args: ["asm", "-"], input, says: "" });
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr.startsWith(`cmodx: ${where}`)).toBe(true);
    expect(stderr).not.toMatch(/\n\s+at /);
  });
});
