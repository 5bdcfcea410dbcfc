/**
 * Must hold for every form of the instruction table: the interpreter's handler and compiled code do the same, down to
 * faults, counters and pending maintenance. CMODX_SEED chooses other cases.
 */
import { expect } from "vitest";
import { type Form, formsOf } from "#engine/a64/forms.js";
import { rows } from "#engine/a64/table.js";
import { runSeed } from "../../support/random.js";
import { SingleInstructions, type Word } from "./single.js";

/** Forms whose regions are compiled while the ones before them are tested. */
const GROUP = 16;
const MAX_REPORTS = 10;

function inGroups(forms: readonly Form[]): Form[][] {
  return Array.from({ length: Math.ceil(forms.length / GROUP) }, (_, i) => forms.slice(i * GROUP, (i + 1) * GROUP));
}

/** Tests about as many cases of each form, on so many words of it; an even number. */
export async function agreeOnEveryForm(cases: number, wordsOfForm: number): Promise<void> {
  const states = Math.ceil(cases / wordsOfForm);
  // Slots of a group in each of the two code windows.
  const groupSlots = (GROUP * wordsOfForm) / 2;
  const pair = await SingleInstructions.create();
  const failures: string[] = [];
  let waiting: Word[][] = [];
  const groups = [...inGroups(formsOf(rows)), []];
  for (const [number, group] of groups.entries()) {
    const firstSlot = (number % 2) * groupSlots;
    const words = group.map((form, i) => pair.wordsOf(form, runSeed, firstSlot + (i * wordsOfForm) / 2, wordsOfForm));
    for (const list of words) failures.push(...pair.prepare(list, runSeed));
    for (const list of waiting) failures.push(...pair.check(list, runSeed, states));
    if (failures.length >= MAX_REPORTS) break;
    waiting = words;
  }
  pair.compiled.regions.assertConsistent();
  console.log(
    `${pair.cases} cases of ${formsOf(rows).length} forms, ${pair.compiledCases} in regions, ${pair.exceptions} raising exceptions`,
  );
  expect(failures.slice(0, MAX_REPORTS).join("\n")).toBe("");
  // The others are system instructions, and accesses that faulted or used a window that they were not expected to use.
  expect(pair.compiledCases).toBeGreaterThan(pair.cases / 3);
  pair.dispose();
}
