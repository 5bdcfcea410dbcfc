/** The public catalogues of litmus tests with herd's results, where somebody has put them beside the project. */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../../../shared/litmus/", import.meta.url));

export const catalogues = existsSync(`${folder}expected.json`);

/** The name of the test that is skipped where they are absent. */
export const skipped = `no catalogues in ${folder}`;

/** herd's output for a file. */
export interface Expected {
  readonly condition: string;
  readonly observation: "Never" | "Sometimes" | "Always";
  readonly states: readonly string[];
  readonly flags: readonly string[];
}

export interface CatalogueTest extends Expected {
  /** ifetch/..., user/..., mixed/... */
  readonly file: string;
  readonly text: string;
}

export function catalogueTests(): readonly CatalogueTest[] {
  if (!catalogues) return [];
  const expected = JSON.parse(readFileSync(`${folder}expected.json`, "utf8")) as Record<string, Expected>;
  return Object.entries(expected).map(([file, entry]) => ({
    ...entry,
    file,
    text: readFileSync(folder + file, "utf8"),
  }));
}
