/** The kernel's static_call API (include/linux/static_call.h) over a machine: one object a key. */
import type { Machine } from "../../engine/index.js";
import { type AdoptOptions, adoptKey, keyNames, type WithSymbols } from "./adopt.js";
import { defineKey, type Key, type StaticCallOptions, type Target, targetAddress } from "./define.js";
import type { DesignName } from "./design.js";
import { StaticCallError } from "./errors.js";
import { memoryView } from "./memory-view.js";

export type Argument = bigint | number;

/**
 * One static call: a key, and the trampoline through which callers reach its target. Guest code calls it with
 * `bl __SCT__<name>` where the design has a trampoline, or with the text of `site`.
 */
export class StaticCall {
  readonly machine: Machine;
  readonly name: string;
  readonly #key: Key;

  /**
   * DEFINE_STATIC_CALL: loads a key and its trampoline into the machine.
   * Throws a StaticCallError, or an UnknownSymbolError when the target is no symbol of the machine.
   */
  static define(machine: Machine, options: StaticCallOptions): StaticCall {
    const call = new StaticCall(machine, options.name, defineKey(machine, options));
    const target = options.target ?? null;
    const { design, text, update } = call.#key;
    const missed = design.definesNearOnly === true && target !== null && !text.near;
    if (missed || call.query() !== call.#address(target)) call.update(target);
    // Whatever was taken from the procedure: this is where the key begins.
    if (update !== undefined) machine.cleanAndInvalidate(update.patched, 8);
    return call;
  }

  /**
   * A key of an image that the machine has loaded, `__SCK__<name>` with the trampoline `__SCT__<name>`, as C's
   * DEFINE_STATIC_CALL makes them. The same functions then change it from either side.
   * Throws an UnknownSymbolError, or a StaticCallError if the trampoline is of no design.
   */
  static adopt(machine: Machine, image: WithSymbols, name: string, options: AdoptOptions = {}): StaticCall {
    return new StaticCall(machine, name, adoptKey(machine, image, name, options));
  }

  private constructor(machine: Machine, name: string, key: Key) {
    this.machine = machine;
    this.name = name;
    this.#key = key;
  }

  get design(): DesignName {
    return this.#key.design.name;
  }

  /**
   * The call in assembly text, for a caller of one's own; assemble it with the machine's symbols, and once it is loaded
   * give it to `linkSites`.
   */
  get site(): string {
    return this.#key.design.site(this.#key.text);
  }

  /** The state in memory, one of the design's: "RET", "B", "NOP+literal", ... */
  get state(): string {
    const { design, symbol } = this.#key;
    return design.state(memoryView(this.machine, symbol), this.name);
  }

  /**
   * static_call_update: a core runs the design's patch procedure.
   * Throws a StaticCallError if the design's target can't change, an UnknownSymbolError, or a GuestFault of the procedure.
   */
  update(target: Target): void {
    const { update, address, design } = this.#key;
    if (update === undefined) {
      throw new StaticCallError("fixed-target", `the target of a static call of design '${design.name}' can't change`);
    }
    const to = this.#address(target) ?? 0n;
    this.machine.core.call(update.procedure, update.patched, update.writable, to, address);
  }

  /** static_call_query: the address of the target, null for none. */
  query(): bigint | null {
    const func = this.machine.readU64(this.#key.address);
    return func === 0n ? null : func;
  }

  /**
   * static_call: what the target leaves in x0. Without a target a trampoline leaves the first argument there;
   * a pointer design faults (GuestFault), as a kernel does.
   */
  call(...args: Argument[]): bigint {
    return this.machine.core.call(this.#key.entry, ...args);
  }

  /** static_call_cond: calls the target if there is one. The value of x0, undefined if there was no target. */
  callCond(...args: Argument[]): bigint | undefined {
    const value = this.machine.core.call(this.#key.conditionalEntry, ...args);
    return this.query() === null ? undefined : value;
  }

  #address(target: Target): bigint | null {
    const address = targetAddress(this.machine, target, this.#key.return0);
    return address === 0n ? null : address;
  }
}

/**
 * Every static call that an image defines, by name: each symbol `__SCK__<name>` that comes with a `__SCT__<name>`.
 * The machine must have loaded it. Throws as StaticCall.adopt.
 */
export function staticCallsOf(
  machine: Machine,
  image: WithSymbols,
  options: AdoptOptions = {},
): ReadonlyMap<string, StaticCall> {
  return new Map(keyNames(image).map((name) => [name, StaticCall.adopt(machine, image, name, options)]));
}
