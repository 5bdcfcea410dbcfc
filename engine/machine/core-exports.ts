/** The functions of core.wasm that the machine calls (assembly/index.ts), and what core.wasm calls in return (assembly/host.ts). */
export interface CoreExports {
  /** Runs the core at a block address; gives STOP_*. */
  run(core: number): number;
  slotAddress(core: number, address: bigint): number;
  fill(core: number, address: bigint): number;
  cleanAndInvalidate(core: number, host: number, bytes: number): void;
  hostWrites(core: number, host: number, bytes: number): void;
}

export interface CoreImports {
  hot(core: number, pc: bigint): void;
  dropped(core: number, line: bigint, mask: number): void;
  missed(core: number, region: number): void;
  counter(): number;
}
