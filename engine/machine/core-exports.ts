/** The functions of core.wasm that the machine calls (assembly/index.ts), and what core.wasm calls in return (assembly/host.ts). */
export interface CoreExports {
  /** Runs the core at a block address; gives STOP_*. */
  run(core: number): number;
  slotAddress(core: number, address: bigint): number;
  fill(core: number, address: bigint): number;
  cleanAndInvalidate(core: number, host: number, bytes: number): void;
  /** Lets cores that other threads run see a range; gives the number of one that does not answer, -1 if all do. `core` is the host's block. */
  broadcast(core: number, host: number, bytes: number): number;
  hostWrites(core: number, host: number, bytes: number): void;
}

export interface CoreImports {
  hot(core: number, pc: bigint): void;
  dropped(core: number, line: bigint, mask: number): void;
  missed(core: number, region: number): void;
  checksSP(core: number): void;
  counter(): number;
  sleep(address: number, value: number): void;
  notify(address: number): void;
}
