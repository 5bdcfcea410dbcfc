/**
 * The two wasm modules that every machine instantiates, compiled once a process. Synchronously: V8 compiles a function when it is
 * first called, so that this is little more than reading the files, and less than going through the event loop.
 */
import { readFileSync } from "node:fs";

export interface EngineModules {
  readonly core: WebAssembly.Module;
  readonly interpreter: WebAssembly.Module;
}

function compile(name: string): WebAssembly.Module {
  return new WebAssembly.Module(readFileSync(new URL(`../../wasm/${name}.wasm`, import.meta.url)));
}

/** Made at the first use and kept. */
class Once<T> {
  #value: T | undefined;

  constructor(private readonly make: () => T) {}

  get(): T {
    this.#value ??= this.make();
    return this.#value;
  }
}

const modules = new Once<EngineModules>(() => ({ core: compile("core"), interpreter: compile("interpreter") }));

export function engineModules(): EngineModules {
  return modules.get();
}
