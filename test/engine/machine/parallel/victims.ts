/** A guest to whose machine things happen. */
import { assemble, Machine, type MachineOptions, type WindowSpec } from "cmodx/engine";
import { plainLock } from "./locks.js";

const text = { name: "text", address: 0x1000_0000n, size: 1 << 16, access: "rx" } as const;
const data = { name: "data", address: 0x2000_0000n, size: 1 << 16, access: "rw" } as const;
const windows: readonly WindowSpec[] = [
  text,
  data,
  { name: "stack", address: 0x3000_0000n, size: 1 << 16, access: "rw" },
];

const program = `
	.data
	.balign	64
flag:	.skip	64
lock:	.skip	64
count:	.skip	64
turns:	.skip	16 * 64
	.text
// Until the flag is set; gives 7. X0: the core, whose turns are counted.
spin:	ldr	x9, =flag
	ldr	x11, =turns
	add	x11, x11, x0, lsl #6
1:	ldr	x12, [x11]
	add	x12, x12, #1
	str	x12, [x11]
	ldr	w10, [x9]
	cbz	w10, 1b
	mov	x0, #7
	ret

// The same, asleep.
doze:	ldr	x9, =flag
1:	wfi
	ldr	w10, [x9]
	cbz	w10, 1b
	mov	x0, #7
	ret

// A function that nobody changes, but that could have been: its line is maintained X0 times.
constant: mov	x0, #5
	ret
maintain: adr	x9, constant
1:	dc	cvau, x9
	dsb	ish
	ic	ivau, x9
	dsb	ish
	isb
	subs	x0, x0, #1
	b.ne	1b
	b	constant

// Maintains once, when the flag is set.
spin_maintain: mov x16, x30
	bl	spin
	mov	x30, x16
	mov	x0, #1
	b	maintain

// Counts under the lock, and gives the count; with X0 not zero it faults while it has the lock.
update:	mov	x15, x0
	ldr	x0, =lock
${plainLock.acquire}
	ldr	x9, =count
	ldr	x10, [x9]
	add	x10, x10, #1
	str	x10, [x9]
	cbz	x15, 8f
	mov	x9, #0
fault:	str	x10, [x9]
8:	ldr	x0, =lock
${plainLock.release}
	mov	x0, x10
	ret

hypercall: hvc	#1
	ret
	.ltorg
`;

/** A machine with the program; its cores' calls end after ten seconds, whatever happens. */
export async function victim(options: MachineOptions): Promise<Machine> {
  const machine = await Machine.create({ windows, ...options });
  machine.load(assemble(program, { base: text.address, sections: { ".data": data.address } }));
  for (const core of machine.cores) core.limits.timeLimitMs = 10_000;
  return machine;
}

export function at(machine: Machine, symbol: string): bigint {
  const address = machine.symbols.get(symbol);
  if (address === undefined) throw new Error(`no symbol ${symbol}`);
  return address;
}

/** Sets the flag that `spin` waits for. */
export function release(machine: Machine): void {
  machine.writeU32(at(machine, "flag"), 1);
}

/** Waits, at most ten seconds, until something holds. */
export async function eventually(what: string, holds: () => boolean): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!holds()) {
    if (performance.now() > deadline) throw new Error(`after ten seconds not: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}

/** Starts a core on `spin`, or on what begins with it, and waits until it spins. */
export async function spinning(
  machine: Machine,
  core: number,
  entry = "spin",
): Promise<{ readonly done: Promise<bigint> }> {
  const done = machine.cores[core]?.callAsync(entry, core);
  if (done === undefined) throw new Error(`no core ${core}`);
  // It may end badly before anybody awaits it.
  done.catch(() => {});
  const turns = at(machine, "turns") + BigInt(64 * core);
  await eventually(`core ${core} spins`, () => machine.readU64(turns) > 0n);
  return { done };
}
