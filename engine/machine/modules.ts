/** The two wasm modules that every machine instantiates, compiled once a process. */
import { readFile } from "node:fs/promises";

export interface EngineModules {
  readonly core: WebAssembly.Module;
  readonly interpreter: WebAssembly.Module;
}

async function compile(name: string): Promise<WebAssembly.Module> {
  return WebAssembly.compile(await readFile(new URL(`../../wasm/${name}.wasm`, import.meta.url)));
}

/** A promise made at the first use and kept. */
class Once<T> {
  #promise: Promise<T> | undefined;

  constructor(private readonly make: () => Promise<T>) {}

  get(): Promise<T> {
    this.#promise ??= this.make();
    return this.#promise;
  }
}

const modules = new Once<EngineModules>(async () => {
  const [core, interpreter] = await Promise.all([compile("core"), compile("interpreter")]);
  return { core, interpreter };
});

export function engineModules(): Promise<EngineModules> {
  return modules.get();
}
