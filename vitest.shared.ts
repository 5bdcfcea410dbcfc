/** What the vitest configurations share. */
import { fileURLToPath } from "node:url";

const at = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** CI asks for machine-readable results by naming a folder. */
export function reportersFor(name: string): ["default", ...["json", { outputFile: string }][]] {
  const folder = process.env["CMODX_RESULTS"];
  return folder === undefined ? ["default"] : ["default", ["json", { outputFile: `${folder}/${name}.json` }]];
}

/** A configuration named `name` for the test files that `include` gives, less those of `exclude`. */
export function suite(name: string, include: string[], exclude: string[], timeoutMilliseconds: number) {
  return {
    // Vite does not resolve a package's own name.
    resolve: {
      alias: [
        { find: /^cmodx\/engine$/, replacement: at("./dist/engine/index.js") },
        { find: /^cmodx$/, replacement: at("./dist/src/index.js") },
      ],
    },
    test: {
      name,
      include,
      exclude,
      reporters: reportersFor(name),
      testTimeout: timeoutMilliseconds,
      hookTimeout: timeoutMilliseconds,
      // The built package is run as node runs it, not rewritten.
      server: { deps: { external: [/\/dist\//] } },
    },
  };
}
