/** GNU as, ld and objdump for aarch64, as an oracle: what they make of a text. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PREFIX = "aarch64-linux-gnu-";

/** Where the sections of a program are put. */
export const addresses = { ".text": 0x10000n, ".data": 0x200000n, ".rodata": 0x300000n, ".bss": 0x400000n, ".foo": 0x500000n };

/** Whether the tools are installed. */
export function gnuToolsPresent() {
  return ["as", "ld", "objdump", "gcc"].every((tool) => spawnSync(PREFIX + tool, ["--version"]).status === 0);
}

/**
 * Runs `work` in a folder of its own.
 * @template T
 * @param {(at: (name: string) => string) => T} work
 * @returns {T}
 */
function inTemporaryFolder(work) {
  const folder = mkdtempSync(join(tmpdir(), "cmodx-gnu-"));
  try {
    return work((name) => join(folder, name));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * The numbers (from 0) of the lines that GNU as refuses.
 * @param {string} text
 * @param {(name: string) => string} at
 * @returns {Set<number>}
 */
function refusedLines(text, at) {
  writeFileSync(at("lines.s"), text);
  const { stderr } = spawnSync(`${PREFIX}as`, ["-march=armv8.5-a+sve+sme", at("lines.s"), "-o", at("lines.o")], { maxBuffer: 2 ** 28 });
  return new Set([...stderr.toString().matchAll(/lines\.s:(\d+): Error: /g)].map((match) => Number(match[1]) - 1));
}

/**
 * GNU as takes a bare number for an offset from the instruction; an address must be a symbol that the
 * linker gets to know.
 */
const addressOperand = /^((?:adrp?|bl?|b\.?[a-z]{2}|cbn?z|tbn?z|ldr|ldrsw|prfm) (?:.*, )?)(0x[0-9a-f]+)$/;

/**
 * @param {string} text
 * @param {(name: string) => string} at
 * @param {string} [definitions] symbols for the linker
 */
function link(text, at, definitions = "") {
  writeFileSync(at("program.s"), text);
  execFileSync(`${PREFIX}as`, ["-march=armv8.5-a+sve+sme", at("program.s"), "-o", at("program.o")], { stdio: ["ignore", "ignore", "ignore"] });
  const places = Object.entries(addresses).map(([name, address]) => `--section-start=${name}=0x${address.toString(16)}`);
  writeFileSync(at("symbols.ld"), definitions);
  const inputs = definitions === "" ? [at("program.o")] : [at("program.o"), at("symbols.ld")];
  execFileSync(`${PREFIX}ld`, ["-e", "0", "--no-warn-rwx-segments", ...places, ...inputs, "-o", at("program")]);
}

/**
 * The bytes of a section; empty if it is not there.
 * @param {string} name
 * @param {(name: string) => string} at
 */
function sectionBytes(name, at) {
  const output = at("section.bin");
  writeFileSync(output, "");
  execFileSync(`${PREFIX}objcopy`, ["-O", "binary", "-j", name, at("program"), output]);
  return readFileSync(output);
}

/**
 * The words that GNU gives for instructions, one behind the other from the address of .text on; undefined
 * for those it refuses.
 * @param {readonly string[]} texts
 * @returns {(number | undefined)[]}
 */
export function assembleWithGnu(texts) {
  return inTemporaryFolder((at) => {
    /** @type {string[]} */
    const symbols = [];
    const lines = texts.map((text, index) =>
      text.replace(addressOperand, (_, instruction, address) => {
        symbols.push(`t${index} = ${address};`);
        return `${instruction}t${index}`;
      }),
    );
    const refused = refusedLines(`${lines.join("\n")}\n`, at);
    link(`${lines.map((line, index) => (refused.has(index) ? "nop" : line)).join("\n")}\n`, at, symbols.join("\n"));
    const bytes = sectionBytes(".text", at);
    return texts.map((_, index) => (refused.has(index) ? undefined : bytes.readUInt32LE(index * 4)));
  });
}

/**
 * What GNU gives for a whole program: sections as hexadecimal text, and symbols.
 * @param {string} text
 * @returns {{ sections: Record<string, string>, symbols: Record<string, string> }}
 */
export function assembleProgramWithGnu(text) {
  return inTemporaryFolder((at) => {
    link(text, at);
    const names = Object.keys(addresses).filter((name) => name !== ".bss");
    const sections = Object.fromEntries(names.map((name) => [name, sectionBytes(name, at).toString("hex")]));
    const listing = execFileSync(`${PREFIX}nm`, [at("program")]).toString();
    const symbols = [...listing.matchAll(/^([0-9a-f]+) . (\S+)$/gm)].filter(([, , name]) => !/^(_|\$)/.test(/** @type {string} */ (name)));
    return {
      sections: Object.fromEntries(Object.entries(sections).filter(([, bytes]) => bytes !== "")),
      symbols: Object.fromEntries(symbols.map(([, value, name]) => [name, `0x${BigInt(`0x${value}`).toString(16)}`])),
    };
  });
}

/**
 * The assembly text of a C program that needs no headers and no library.
 * @param {string} source
 * @param {string} level of optimisation
 */
export function compileWithGnu(source, level) {
  const options = ["-march=armv8.5-a+sve", "-mgeneral-regs-only", "-ffreestanding", "-fno-pie", "-mbranch-protection=bti"];
  const text = execFileSync(`${PREFIX}gcc`, ["-S", level, ...options, "-x", "c", "-", "-o", "-"], { input: source }).toString();
  // A note that only a linker merges, at an address of its choice.
  return text.replace(/^.*\.note\.gnu\.property.*$/m, '\t.section .note.bti,"",@progbits');
}

/**
 * The text that objdump gives for words, one behind the other from address 0 on, without its comments;
 * undefined for those it does not know.
 * @param {readonly number[]} words
 * @returns {(string | undefined)[]}
 */
export function disassembleWithGnu(words) {
  return inTemporaryFolder((at) => {
    const bytes = Buffer.alloc(words.length * 4);
    for (const [index, word] of words.entries()) bytes.writeUInt32LE(word, index * 4);
    writeFileSync(at("words.bin"), bytes);
    const listing = execFileSync(`${PREFIX}objdump`, ["-D", "-z", "-b", "binary", "-maarch64", at("words.bin")], { maxBuffer: 2 ** 30 });
    /** @type {(string | undefined)[]} */
    const texts = new Array(words.length).fill(undefined);
    for (const match of listing.toString().matchAll(/^\s*([0-9a-f]+):\s+[0-9a-f]{8}\s+(.*)$/gm)) {
      const text = /** @type {string} */ (match[2]).replace(/\s*\/\/.*$/, "").replace(/\s+/g, " ").trim();
      if (!text.startsWith(".inst")) texts[Number.parseInt(/** @type {string} */ (match[1]), 16) / 4] = text;
    }
    return texts;
  });
}

/**
 * The programs of programs.s by title.
 * @returns {Map<string, string>}
 */
export function readPrograms() {
  const text = readFileSync(new URL("programs.s", import.meta.url), "utf8");
  const parts = text.split(/^\/\/ ---- (.*)\n/m).slice(1);
  /** @type {Map<string, string>} */
  const programs = new Map();
  for (let index = 0; index + 1 < parts.length; index += 2) programs.set(/** @type {string} */ (parts[index]), /** @type {string} */ (parts[index + 1]));
  return programs;
}
