/**
 * What a design of static calls is: data. Assembly text for the trampoline, for the call site and for the
 * procedure that changes the target, and what the trampoline's states mean. The text runs as guest code.
 *
 * Symbols, with the kernel's names (include/linux/static_call.h) where it has them:
 *   __SCK__<name>                   the key: .quad address of the target, 0 for none; if call sites are patched a second one,
 *                                   the address of the first table of them
 *   __SCT__<name>                   the trampoline
 *   __static_call_return0           the target that RET0 stands for
 *   __static_call_update.<design>   the patch procedure; a hyphen of the design's name is an underscore here, and what was
 *                                   taken from it follows
 *   __patch_map                     where code can be written: see support.ts
 */

import { type Protection, type Weakening, weakeningSuffix } from "./weakening.js";

export type DesignName =
  | "hybrid"
  | "hybrid-nocbz"
  | "hybrid-ret"
  | "hybrid-b"
  | "literal"
  | "inline"
  | "direct"
  | "pointer"
  | "kcfi";

/** What the texts of one key are made from. */
export interface KeyText {
  readonly name: string;
  /** The target at definition as an expression of the assembler: a symbol, an address, or 0 for none. */
  readonly func: string;
  /** Whether B and BL in .static_call.text reach the target. */
  readonly near: boolean;
  /** The type hash that a kCFI-checked call compares with the word before its target. */
  readonly type: number;
}

/** Guest memory as loads see it, with the symbols of a key. */
export interface MemoryView {
  address(symbol: string): bigint;
  u32(symbol: string, offset: number): number;
  u64(symbol: string, offset: number): bigint;
}

export interface Design {
  readonly name: DesignName;
  /** One line for tables and help. */
  readonly summary: string;
  /** Each state that a key can be in, and what a caller then does. */
  readonly states: Readonly<Record<string, string>>;
  /** The state, read from the bytes in memory rather than from what was last asked for. */
  state(memory: MemoryView, name: string): string;
  /**
   * Whether `__SCT__<name>` is the design's trampoline, in one of its states, and stands where the patch procedure can
   * change it. Absent: a key of this design that cmodx has not defined can't be recognised.
   */
  readonly recognises?: (memory: MemoryView, name: string) => boolean;
  /** What defines a key beside `__SCK__<name>`, in sections .static_call.text and .data. */
  define(key: KeyText): string;
  /** Aligns the key itself. Absent: to 8 bytes. */
  readonly alignKey?: string;
  /** Whether `define` can set a target only in the reach of a branch, so that another one takes an update. */
  readonly definesNearOnly?: true;
  /**
   * The call, in place of `bl f`. It may change x8, x16, x17, x30 and the flags, as any call may, and has
   * no numeric labels, so that it can stand within a loop that has.
   */
  site(key: KeyText): string;
  /** Whether the text of `site` has an entry for the section .static_call_sites, since it is patched too: see sites.ts. */
  readonly sites?: true;
  /** static_call_cond: leaves x0 alone when there is no target. Absent where the trampoline sees to that. */
  readonly conditionalSite?: (key: KeyText) => string;
  /** The symbol of what the patch procedure writes. Absent: the target can't change. */
  readonly patched?: (name: string) => string;
  /**
   * The patch procedure, a function:
   *   x0  what `patched` names, where callers see it
   *   x1  the same bytes, where they may be written
   *   x2  the new target, 0 for none
   *   x3  the key
   */
  readonly patch?: string;
  /** What protections it has that can be taken away, and how. Absent: none. `weaken` is how to ask for it. */
  readonly weakenable?: {
    readonly protections: readonly Protection[];
    weakened(weakening: Weakening): Partial<Design>;
  };
  /** What has been taken away; absent: nothing. */
  readonly weakening?: Weakening;
}

/** The symbol of a design's patch procedure. */
export function procedureSymbol({ name, weakening = {} }: Design): string {
  return `__static_call_update.${name.replaceAll("-", "_")}${weakeningSuffix(weakening)}`;
}
