/** `cmodx run` as a process: what a program writes, how it ends, and what the flags say about it. */
import { type ChildProcessWithoutNullStreams, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { executable } from "../../support/executable.js";
import { library, programs } from "./programs.js";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const main = at("../../../dist/src/cli/main.js");
/** The bundled command, which runs programs without options by itself. */
const command = at("../../../dist/bin/cmodx.cjs");
const hello = at("hello.elf");
const folder = mkdtempSync(join(tmpdir(), "cmodx-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function cmodx(args: readonly string[], entry = main, input = ""): Ended {
  const { status, stdout, stderr } = spawnSync(process.execPath, [entry, "run", ...args], {
    input,
    encoding: "utf8",
    maxBuffer: 2 ** 26,
  });
  return { status, stdout, stderr };
}

/** A file with a program in it, which tests name to tell them apart. */
function file(name: string, source: string): string {
  const path = join(folder, `${name.replaceAll(" ", "-")}.elf`);
  writeFileSync(path, executable(source));
  return path;
}

const program = (name: string): string => file(name, library + programs[name]);

const ENDLESS = "_start: mov x0, #0\nagain: add x0, x0, #1\n b again\n";

describe.each([
  ["the modules", main],
  ["the bundled command", command],
])("a program by %s", (_, entry) => {
  test("writes to the standard output, and ends with status 0", () => {
    expect(cmodx([hello], entry)).toEqual({ status: 0, stdout: "Hello, world\n", stderr: "" });
  });

  test("ends with its own status, modulo 256", () => {
    expect(cmodx([program("an exit with a status")], entry)).toEqual({ status: 253, stdout: "", stderr: "" });
  });

  test("that faults has a message with the place, and status 1", () => {
    const faulty = file("faulty", "_start: bl inner\n ret\ninner: mov x1, #8\n ldr x0, [x1]\n ret\n");
    const { status, stdout, stderr } = cmodx([faulty], entry);
    expect({ status, stdout }).toEqual({ status: 1, stdout: "" });
    expect(stderr).toMatch(
      /^cmodx: 8-byte read at 0x8: NULL page, at inner\+0x4 \(0x40000c\): f9400020 {2}ldr x0, \[x1\];/,
    );
  });
});

describe("streams", () => {
  test("a megabyte goes through a pipe, whole", () => {
    const { status, stdout } = cmodx([program("a megabyte")], command);
    expect(status).toBe(0);
    expect(stdout).toBe("0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde\n".repeat(2 ** 14));
  });

  test("the console goes to the standard error, or where it is told to", () => {
    const path = program("output on three streams");
    expect(cmodx([path])).toEqual({ status: 0, stdout: "out\n", stderr: "console\ncout" });
    expect(cmodx([path, "--console", "stdout"])).toEqual({ status: 0, stdout: "out\nconsole\nc", stderr: "out" });
  });

  test("the standard input is the program's", () => {
    const input = `${"a line of some length\n".repeat(5000)}the end`;
    expect(cmodx([program("input")], main, input)).toEqual({ status: 0, stdout: input, stderr: "" });
  });

  test("a reader that leaves is no error", () => {
    const pipe = `{ "$0" "$1" run "$2"; echo "status $?" >&2; } | head -n 1`;
    const args = ["-c", pipe, process.execPath, command, program("a megabyte")];
    const { stdout, stderr } = spawnSync("sh", args, { encoding: "utf8" });
    expect(stdout).toMatch(/^0123456789abcdef\w*\n$/);
    expect(stderr).toBe("status 0\n");
  });
});

describe("flags", () => {
  test("--max-instructions ends a program that goes on", () => {
    const { status, stderr } = cmodx([file("endless", ENDLESS), "--max-instructions", "1001"]);
    expect(status).toBe(1);
    expect(stderr).toBe("cmodx: stopped after 1001 instructions, before again (0x400004): raise --max-instructions\n");
  });

  test("--stats has the counters behind what the program wrote", () => {
    const { status, stdout, stderr } = cmodx(["--stats", hello]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "Hello, world\n" });
    expect(stderr).toMatch(/^instructions +11$/m);
    expect(stderr).toMatch(/^instructions\/s +[\d,]+$/m);
    expect(stderr).toMatch(/^regions compiled +0$/m);
  });

  test("--stats --json is one line of JSON, of a run that failed too", () => {
    const { status, stderr } = cmodx([
      ...["--stats", "--json", "--engine", "jit", "--max-instructions", "5000"],
      file("endless", ENDLESS),
    ]);
    expect(status).toBe(1);
    const [json = "", message, ...rest] = stderr.split("\n");
    const report = JSON.parse(json);
    expect(report).toMatchObject({ report: "run", outcome: { kind: "failed", code: "out-of-fuel" } });
    expect(report.stats).toMatchObject({ instructions: 5000, regions: { compiled: 1 } });
    expect(message).toMatch(/^cmodx: stopped after 5000 instructions/);
    expect(rest).toEqual([""]);
  });

  test("--stats counts the same in compiled code as in the interpreter", () => {
    const counts = (engine: string): object => {
      const { stderr } = cmodx(["--stats", "--json", "--engine", engine, program("a megabyte")]);
      const { instructions, dataReads, dataWrites, branches } = JSON.parse(stderr).stats;
      return { instructions, dataReads, dataWrites, branches };
    };
    expect(counts("jit")).toEqual(counts("interpreter"));
  });

  test("--trace has a line for each instruction, before what it does", () => {
    const { status, stdout, stderr } = cmodx(["--trace", program("output on three streams")]);
    expect({ status, stdout }).toEqual({ status: 0, stdout: "out\n" });
    const lines = stderr.split("\n");
    expect(lines[0]).toMatch(/^0x[\da-f]+ _start: 52800020 {2}mov w0, #0x1$/);
    expect(lines).toContainEqual(expect.stringMatching(/^0x[\da-f]+ print\+0x4: a9008c22 {2}stp x2, x3, \[x1, #8\]$/));
    // SYS_WRITE0 of "console\n", SYS_WRITEC of its first letter.
    expect(stderr).toMatch(/_start\+0x\w+: d45e0000 {2}hlt #0xf000\nconsole\n0x/);
    expect(stderr).toMatch(/: d45e0000 {2}hlt #0xf000\nc0x/);
  });

  test("--trace has a call that waits for its input once", () => {
    const pipe = '{ sleep 0.5; echo late; } | "$0" "$1" run "$2" --trace';
    const { stdout, stderr } = spawnSync("sh", ["-c", pipe, process.execPath, main, program("input")], {
      encoding: "utf8",
    });
    expect(stdout).toBe("late\n");
    // SYS_OPEN twice, SYS_READ, SYS_WRITE, SYS_READ, SYS_EXIT.
    expect(stderr.match(/hlt #0xf000\n/g)).toHaveLength(6);
  });

  test("arguments behind the program are its command line", () => {
    const path = program("a command line");
    expect(cmodx([path, "--", "-x", "two words"]).stdout).toBe(`${path} -x two words`);
  });

  test("a stack and a heap of a chosen size", () => {
    const sizes = file(
      "sizes",
      "_start: ldr x1, =block\n mov w0, #0x16\n hlt #0xf000\n ldr x1, =info\n ldp x2, x3, [x1]\n ldp x4, x5, [x1, #16]\n" +
        " sub x3, x3, x2\n sub x4, x4, x5\n sub x4, x4, x3, lsl #1\n ldr x1, =exit\n str x4, [x1, #8]\n mov w0, #0x18\n hlt #0xf000\n" +
        " .data\n .balign 8\nblock: .quad info\ninfo: .space 32\nexit: .quad 0x20026, 0\n",
    );
    // 2 heaps and 64 bytes in units of pages: the status is the difference, of which eight bits are left.
    expect(cmodx([sizes, "--heap", "4", "--stack", "8"]).status).toBe(0);
    expect(cmodx([sizes, "--heap", "4", "--stack", "2"]).status).toBe(2);
  });
});

describe("files that cannot be run", () => {
  test("end with status 1 or 2 and a message", () => {
    const text = join(folder, "text");
    writeFileSync(text, "no program");
    expect(cmodx([text])).toMatchObject({
      status: 1,
      stderr: expect.stringContaining("does not begin with 0x7f 'ELF'"),
    });
    expect(cmodx([join(folder, "none")])).toMatchObject({ status: 2, stderr: expect.stringContaining("can't read") });
    expect(cmodx([hello, "--engine", "steam"])).toMatchObject({ status: 2 });
  });
});

/** Stops a program with a signal once it has written something; gives how it ended. */
async function interrupt(args: readonly string[], signal: NodeJS.Signals): Promise<Ended> {
  const child: ChildProcessWithoutNullStreams = spawn(process.execPath, [main, "run", ...args]);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (chunk) => {
    if (stdout === "") child.kill(signal);
    stdout += chunk;
  });
  child.stderr.on("data", (chunk) => {
    stderr += chunk;
  });
  const [status] = (await once(child, "close")) as [number | null];
  return { status, stdout, stderr };
}

describe("a program that is stopped", () => {
  const talking = (): string =>
    file("talking", `${library}_start: start\n ldr x2, =tt\n mov x3, #3\n bl print\nagain: b again\n`);

  test("while it waits for input ends at once", async () => {
    const greeting = "ldr x2, =tt\n mov x3, #3\n bl print\n1:";
    const waiting = file("waiting", library + (programs["input"] as string).replace("1:", greeting));
    const { status, stdout } = await interrupt([waiting], "SIGINT");
    expect({ status, stdout }).toEqual({ status: 130, stdout: ":tt" });
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("by %s has written what it had, and its counters", async (signal, expected) => {
    const { status, stdout, stderr } = await interrupt(["--stats", talking()], signal);
    expect({ status, stdout }).toEqual({ status: expected, stdout: ":tt" });
    expect(stderr).toMatch(/^seconds .*\ninstructions +[\d,]+\n/);
    expect(stderr).toMatch(new RegExp(`\ncmodx: stopped by ${signal}\n$`));
  });
});
