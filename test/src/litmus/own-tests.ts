/** The project's own litmus tests. */
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const folder = fileURLToPath(new URL("../../litmus/", import.meta.url));

export function ownTests(): readonly { readonly name: string; readonly text: string }[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(".litmus"))
    .sort()
    .map((name) => ({ name, text: readFileSync(folder + name, "utf8") }));
}
