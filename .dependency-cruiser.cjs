/**
 * The layers of docs/architecture.md as rules: each folder imports only from those below it, nothing
 * imports in a circle, and a single file knows binaryen.
 */
const layers = [
  ["src/cli", "^src/cli/"],
  ["src (package root)", "^src/index\\.ts$"],
  ["src/report", "^src/report/"],
  ["src/run", "^src/run/"],
  ["src/dispatch", "^src/dispatch/"],
  ["src/explore", "^src/explore/"],
  ["src/stress", "^src/stress/"],
  ["src/proof", "^src/proof/"],
  ["src/static-call", "^src/static-call/"],
  ["src/litmus", "^src/litmus/"],
  ["src/model", "^src/model/"],
  ["engine (package export)", "^engine/index\\.ts$"],
  ["engine/weak", "^engine/weak/"],
  ["engine/machine", "^engine/machine/"],
  ["engine/jit", "^engine/jit/"],
  ["engine/interpreter", "^engine/interpreter/"],
  ["engine/wasm", "^engine/wasm/"],
  ["engine/elf", "^engine/elf/"],
  ["engine/choices", "^engine/choices/"],
  ["engine/a64", "^engine/a64/"],
  ["assembly/layout", "^assembly/"],
];

const upward = layers.slice(1).map(([name, path], index) => ({
  name: `upward: ${name}`,
  severity: "error",
  comment: `${name} stands below what it imports here; see the layers in docs/architecture.md.`,
  from: { path },
  to: { path: layers.slice(0, index + 1).map(([, above]) => above) },
}));

module.exports = {
  forbidden: [
    ...upward,
    {
      name: "cycle",
      severity: "error",
      comment: "Modules that import each other cannot be understood, tested or moved one by one.",
      from: {},
      to: { circular: true },
    },
    {
      name: "engine by its front door",
      severity: "error",
      comment: "The product uses the engine as an embedder does: through cmodx/engine.",
      from: { path: "^src/" },
      to: { path: "^(engine/(?!index\\.ts$)|assembly/)" },
    },
    {
      name: "one owner of binaryen",
      severity: "error",
      comment: "binaryen is for the build: loading it takes half a second and 100 MB.",
      from: { path: "^(src|engine|assembly)/", pathNot: "^engine/interpreter/optimise\\.ts$" },
      to: { path: "(^|/)node_modules/binaryen/" },
    },
    {
      name: "in a layer",
      severity: "error",
      comment: "Every source file belongs to a layer: add its folder to this file and to docs/architecture.md.",
      from: { path: "^(src|engine|assembly)/", pathNot: layers.map(([, path]) => path) },
      to: {},
    },
    {
      name: "resolvable",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "declared",
      severity: "error",
      comment: "A package's user installs only `dependencies`.",
      // What only the build runs is not in the package.
      from: { path: "^(src|engine|assembly)/", pathNot: "^engine/interpreter/" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown", "undetermined"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  },
};
