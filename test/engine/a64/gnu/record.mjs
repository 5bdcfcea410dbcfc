/**
 * Records what GNU as and objdump say, for machines that do not have them: vectors.json (text, word and
 * objdump's text for some instructions of every row and alias) and programs.json.
 * Run after a build: node test/engine/a64/gnu/record.mjs
 */
import { writeFileSync } from "node:fs";
import { addresses, assembleProgramWithGnu, assembleWithGnu, disassembleWithGnu, readPrograms } from "./gnu-as.mjs";
import { randomTexts } from "./texts.mjs";

const SEED = 2021;
const PER_FORM = 3;

/** @param {readonly unknown[]} list */
function lines(list) {
  return `[\n${list.map((item) => JSON.stringify(item)).join(",\n")}\n]\n`;
}

const texts = randomTexts(SEED, PER_FORM, (index) => addresses[".text"] + 4n * BigInt(index));
const words = assembleWithGnu(texts.map(({ text }) => text));
const known = texts.flatMap(({ text, address }, index) => {
  const word = words[index];
  return word === undefined ? [] : [{ text, address, word }];
});
const listed = disassembleWithGnu(known.map(({ word }) => word));
const vectors = known.map(({ text, address, word }, index) => [text, `0x${address.toString(16)}`, `0x${word.toString(16).padStart(8, "0")}`, listed[index] ?? null, `0x${(4 * index).toString(16)}`]);
writeFileSync(new URL("vectors.json", import.meta.url), lines(vectors));

const programs = [...readPrograms()].map(([title, text]) => ({ title, ...assembleProgramWithGnu(text) }));
writeFileSync(new URL("programs.json", import.meta.url), lines(programs));
process.stdout.write(`${vectors.length} instructions (${texts.length - known.length} refused), ${programs.length} programs\n`);
