/** Machines with several cores that execute one text at the same time. */
import { assemble, Machine, type MachineOptions, type WindowSpec } from "cmodx/engine";

/** Bytes between what one core writes and what another one does. */
export const LINE = 64;

const text = { name: "text", address: 0x1000_0000n, size: 1 << 16, access: "rx" } as const;
const data = { name: "data", address: 0x2000_0000n, size: 1 << 18, access: "rw" } as const;
const windows: readonly WindowSpec[] = [
  text,
  data,
  { name: "stack", address: 0x3000_0000n, size: 1 << 16, access: "rw" },
];

/** What a core has not ended by then, it never will; also where other processes take most of the host. */
const LIMIT_MILLISECONDS = 300_000;

/** Cores of one machine, for one program after the other. */
export class Cores {
  private constructor(readonly machine: Machine) {}

  static async create(cores: number, options: MachineOptions = {}): Promise<Cores> {
    const machine = await Machine.create({ windows, ...options, cores });
    for (const core of machine.cores) core.limits.timeLimitMs = LIMIT_MILLISECONDS;
    return new Cores(machine);
  }

  get count(): number {
    return this.machine.cores.length;
  }

  /** Puts a program in the place of the one before. */
  load(program: string): void {
    this.machine.load(assemble(program, { base: text.address, sections: { ".data": data.address } }));
  }

  /**
   * Calls `entry`, which may be another symbol for each core, on the first `count` cores at once, with the core's number and `rest`; gives
   * the results in the order of the cores.
   */
  call(count: number, entry: string | ((core: number) => string), ...rest: number[]): Promise<bigint[]> {
    const named = (core: number): string => (typeof entry === "string" ? entry : entry(core));
    return Promise.all(
      this.machine.cores.slice(0, count).map((core, index) => core.callAsync(named(index), index, ...rest)),
    );
  }

  /** The doubleword `offset` bytes from a symbol. */
  u64(symbol: string, offset = 0): bigint {
    const address = this.machine.symbols.get(symbol);
    if (address === undefined) throw new Error(`no symbol ${symbol}`);
    return this.machine.readU64(address + BigInt(offset));
  }

  dispose(): Promise<void> {
    return this.machine.dispose();
  }
}
