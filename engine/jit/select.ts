/**
 * Region selection: from a hot address along direct branches, both ways of conditional ones, into small callees
 * and back, through indirect branches to where they have gone. Only words that this core has executed are
 * followed (a decoded slot says so), so that a region holds the code that runs. Other calls leave the region and come
 * back to it: what a compiler made as one function tends to become one region.
 *
 * A place in a region is an address together with the calls that are open there: the same function
 * inlined at two sites is two places, and each knows where its RET goes.
 */

import * as layout from "../../assembly/layout.js";
import { InternalError } from "../a64/errors.js";
import { separateReturns } from "./behind-calls.js";
import { BodySizes, MAX_OPEN } from "./body-size.js";
import { CallStack } from "./call-stack.js";
import { constantsBefore, noConstants } from "./constants.js";
import { type Inlining, inliningOf, ownCode, type PossibleCall } from "./inlining.js";
import { type Loop, loopsOf } from "./loops.js";
import { NodeBuilder } from "./nodes.js";
import { type Place, type PlaceCall, placeOf } from "./place.js";
import type { PlanEntry, PlanWindow, RegionPlan, Successor } from "./plan.js";
import { unrollLoops } from "./unroll.js";
import type { CodeView } from "./view.js";

export interface SelectionLimits {
  /** Instructions in a region. */
  readonly instructions: number;
  /** Calls open at once. */
  readonly depth: number;
  /** Instructions of a callee that becomes part of the region. */
  readonly inlined: number;
  /** Whether the region counts its accesses and branches. */
  readonly counts: boolean;
}

/** Callees of a BLR that it compares its target with, one after the other. */
const MAX_GUESSES = 4;

/** Places that a BR may lead to: a table for each is made of the distances between them, in words. */
const MAX_TARGETS = 256;
const MAX_TARGET_WORDS = 4096n;

export interface Selection {
  readonly plan: RegionPlan;
  /** Addresses of what is not part of an inlined callee. */
  readonly own: ReadonlySet<bigint>;
}

/** What is special about a region beside its head. */
export interface Wanted {
  /** Addresses that got hot: it is entered too at the outermost loops that hold them. */
  readonly hot?: ReadonlySet<bigint>;
  /** Whether it is entered at the heads of all loops. */
  readonly loops?: boolean;
  /** Whether callees that branch to one place now and another one then stay outside. */
  readonly steady?: boolean;
  /** It ends where the code outside of inlined callees leaves these addresses. */
  readonly within?: ReadonlySet<bigint>;
}

/** Loops at which a region is entered. */
const MAX_ENTRIES = 32;

/** The region at `head`, or undefined if nothing worth compiling starts there. */
export function selectRegion(
  view: CodeView,
  head: bigint,
  limits: SelectionLimits,
  wanted: Wanted = {},
): Selection | undefined {
  const bodies = new BodySizes(view, limits.inlined, wanted.steady ?? false);
  // Its own code is followed without any callees to see which calls there are.
  const calling = new Exploration(view, head, limits, wanted, ownCode, bodies);
  const start = calling.from(head);
  if (start === undefined) return undefined;
  const calls = calling.calls.map(({ place, callees }): PossibleCall => {
    const size = bodies.ofAll(callees);
    const whole = bodies.withCalls(callees, limits.depth - 1, [head]);
    return { place, size, whole, hasLoop: callees.some((callee) => bodies.hasLoop(callee)) };
  });
  const inlining = inliningOf(calls, calling.own.size, start, calling.dispatched);
  const hasNone = inlining.calls.size === 0;
  const exploration = hasNone ? calling : new Exploration(view, head, limits, wanted, inlining, bodies);
  const first = hasNone ? start : exploration.from(head);
  if (first === undefined) return undefined;
  separateReturns(first, exploration.dispatched);
  const { own } = exploration;
  const loops = loopsOf(first, exploration.dispatched);
  const others = entriesOf(first, exploration, wanted, loops);
  const isDispatched = (place: Place): boolean =>
    place !== first && exploration.switchTargets.get(place.instruction.pc) === place;
  for (const place of others) if (!isDispatched(place)) place.isEntered = true;
  unrollLoops(loops, exploration.left);
  const switches = { count: exploration.switches, isEntered: others.some(isDispatched) };
  const { nodes, guards, dispatch, numberOf } = new NodeBuilder(first, exploration.switchTargets, switches).build();
  const entries = [first, ...others].flatMap((place): PlanEntry[] => {
    const { pc, word, handler } = place.instruction;
    const dispatched = isDispatched(place);
    const node = dispatched ? dispatch : numberOf(place);
    const lands = isGuarded(view.windows, pc) ? view.lands(word) | 1 : 15;
    return node === undefined ? [] : [{ pc, handler, node, lands, dispatched }];
  });
  const isSteady = wanted.steady ?? false;
  const assumed = view.isWhole ? noConstants : constantsBefore(head, (pc) => view.executed(pc));
  return {
    plan: { ...view.machine, head, entries, nodes, guards, assumed, counts: limits.counts, isSteady },
    own: new Set(own.keys()),
  };
}

/**
 * The innermost loop of the region at `head` that holds `pc` outside of inlined callees: its head, and its addresses
 * outside of these.
 */
export function loopAround(
  view: CodeView,
  head: bigint,
  limits: SelectionLimits,
  pc: bigint,
): { readonly head: bigint; readonly own: ReadonlySet<bigint> } | undefined {
  const exploration = new Exploration(view, head, limits);
  const first = exploration.from(head);
  if (first === undefined) return undefined;
  const isOwn = (place: Place): boolean => exploration.own.get(place.instruction.pc) === place;
  const hot = exploration.own.get(pc);
  const loop = loopsOf(first, exploration.dispatched).find(
    ({ head: place, places }) => hot !== undefined && places.has(hot) && place !== undefined && isOwn(place),
  );
  if (loop?.head === undefined) return undefined;
  const own = [...loop.places].filter(isOwn).map(({ instruction }) => instruction.pc);
  return { head: loop.head.instruction.pc, own: new Set(own) };
}

/** Whether the region at `head` holds `pc` outside of inlined callees; found in a part of the time that choosing it takes. */
export function holdsOwn(view: CodeView, head: bigint, limits: SelectionLimits, pc: bigint): boolean {
  const exploration = new Exploration(view, head, limits);
  exploration.from(head, pc);
  return exploration.own.has(pc);
}

/**
 * The lowest address that code behind it branches back to, among what the region at `head` holds outside of inlined callees and leads
 * back to `head`: compilers put an outer loop's head before the code of the loop. Undefined if there is none before `head`.
 */
export function outermostHead(view: CodeView, head: bigint, limits: SelectionLimits): bigint | undefined {
  const exploration = new Exploration(view, head, limits);
  const first = exploration.from(head);
  const loop = first && loopsOf(first, exploration.dispatched).find((each) => each.head === first);
  let lowest: bigint | undefined;
  for (const { instruction, successors } of loop?.places ?? []) {
    for (const to of successors) {
      if (!("instruction" in to) || loop?.places.has(to) !== true) continue;
      const { pc } = to.instruction;
      const isOwn = exploration.own.get(pc) === to && exploration.own.has(instruction.pc);
      if (isOwn && pc <= instruction.pc && pc < (lowest ?? head)) lowest = pc;
    }
  }
  return lowest;
}

/**
 * Only heads of loops that no other loop holds: what is entered in the middle of a loop makes none for V8, and a dispatcher at each of
 * its turns. A loop that begins with the dispatch node is entered by way of that, wherever this leads to.
 */
function entriesOf(
  first: Place,
  { own, dispatched }: Exploration,
  { hot, loops: atAll = false }: Wanted,
  loops: readonly Loop[],
): Place[] {
  const others = [...(hot ?? [])].flatMap((pc) => own.get(pc) ?? []).filter((place) => place !== first);
  if (others.length === 0 && dispatched.length === 0 && !atAll) return [];
  const isOwn = (place: Place): boolean => own.get(place.instruction.pc) === place;
  const found = loops.filter(({ head }) => head === undefined || isOwn(head));
  const outermost = others.flatMap((place) => found.findLast(({ places }) => places.has(place))?.head ?? []);
  const heads = new Set(
    [...outermost, ...(atAll ? found.flatMap(({ head }) => head ?? []) : [])].slice(0, MAX_ENTRIES),
  );
  if (found.some(({ head }) => head === undefined)) for (const place of dispatched) heads.add(place);
  heads.delete(first);
  return [...heads];
}

function isGuarded(windows: readonly PlanWindow[], pc: bigint): boolean {
  const window = windows.find((w) => pc >= w.base && pc < w.base + BigInt(w.size));
  return window !== undefined && (window.flags & layout.WINDOW_GUARDED) !== 0;
}

class Exploration {
  /** Where the region's BRs with several targets go, all of them together. */
  readonly switchTargets = new Map<bigint, Place>();
  /** How many of these BRs there are. */
  switches = 0;
  /** Calls in its own code that there may be room for. */
  readonly calls: { readonly place: Place; readonly callees: readonly bigint[] }[] = [];
  private size = 0;
  /** Instructions of callees that were inlined in others. */
  private further = 0;
  private readonly work: { place: Place; stack: CallStack }[] = [];
  private readonly outermost: CallStack;

  constructor(
    private readonly view: CodeView,
    head: bigint,
    private readonly limits: SelectionLimits,
    private readonly wanted: Wanted = {},
    private readonly inlining: Inlining = ownCode,
    private readonly bodies = new BodySizes(view, limits.inlined, wanted.steady ?? false),
  ) {
    this.outermost = new CallStack(0, head, undefined, undefined);
  }

  /** What is selected outside of inlined callees. */
  get own(): ReadonlyMap<bigint, Place> {
    return this.outermost.places;
  }

  /** Instructions that the region may still have. */
  get left(): number {
    return this.limits.instructions - this.size;
  }

  get dispatched(): readonly Place[] {
    return [...this.switchTargets.values()];
  }

  /** Selects all that follows `head`, or as far as to `end`. */
  from(head: bigint, end?: bigint): Place | undefined {
    const first = this.place(head, this.outermost);
    if (first === undefined) return undefined;
    first.startsNode = true;
    for (let next = this.work.pop(); next !== undefined; next = this.work.pop()) {
      if (end !== undefined && this.own.has(end)) break;
      this.explore(next.place, next.stack);
    }
    return first;
  }

  /** The place for an address under a call stack; undefined if it is not for this region. */
  private place(pc: bigint, stack: CallStack): Place | undefined {
    const known = stack.places.get(pc);
    if (known !== undefined) return known;
    if (this.size >= this.limits.instructions) return undefined;
    if (stack === this.outermost && this.wanted.within?.has(pc) === false) return undefined;
    const held = this.view.executed(pc);
    if (held === undefined || held.analysed.flow.kind === "leave") return undefined;
    const { flow } = held.analysed;
    const window = held.analysed.access ? this.view.lastWindow(pc) : undefined;
    const btype = flow.kind === "indirect" ? this.btypeOf(flow.type, flow.n, pc) : 0;
    const place = placeOf(pc, held, window, btype);
    stack.places.set(pc, place);
    this.size++;
    this.work.push({ place, stack });
    return place;
  }

  private explore(place: Place, stack: CallStack): void {
    const { flow } = place;
    const { pc } = place.instruction;
    const next = pc + 4n;
    switch (flow.kind) {
      case "next":
        this.connect(place, next, stack);
        break;
      case "direct":
        this.direct(place, flow.target, flow.links, stack);
        break;
      case "conditional":
        // The last one connected is explored first: fall-through code is the likelier one.
        this.connect(place, flow.target, stack);
        this.connect(place, next, stack);
        break;
      case "indirect":
        this.indirect(place, flow.type, stack);
        break;
      case "leave":
        throw new InternalError("an instruction for the interpreter in a region");
    }
    if (place.successors.length > 1) {
      for (const successor of place.successors) if ("instruction" in successor) successor.startsNode = true;
    }
  }

  private direct(place: Place, target: bigint, links: boolean, stack: CallStack): void {
    if (!links) return this.connect(place, target, stack);
    const returnTo = place.instruction.pc + 4n;
    const [inner] = this.inlined(place, [target], stack) ?? [];
    if (inner !== undefined) this.connect(place, target, inner);
    else place.call = this.callTo(target, returnTo, stack);
  }

  /**
   * The stacks within the callees that become part of the region for a call: one, or a few small ones that a BLR has gone to. Undefined where they
   * do not: too big, nested too deep, or recursive further than that.
   */
  private inlined(place: Place, callees: readonly bigint[], stack: CallStack): readonly CallStack[] | undefined {
    const isNested = stack.depth >= this.limits.depth || callees.some((callee) => stack.timesOpen(callee) >= MAX_OPEN);
    if (isNested || callees.length === 0) return undefined;
    if (!this.hasRoomFor(place, callees, stack)) return undefined;
    return callees.map((callee) => stack.call(callee, place.instruction.pc + 4n));
  }

  private hasRoomFor(place: Place, callees: readonly bigint[], stack: CallStack): boolean {
    const size = this.bodies.ofAll(callees);
    if (this.size + size > this.limits.instructions) return false;
    if (stack === this.outermost) {
      this.calls.push({ place, callees });
      return this.inlining.calls.has(place.instruction.pc);
    }
    if (this.further + size > this.inlining.further) return false;
    this.further += size;
    return true;
  }

  private callTo(
    callee: bigint | undefined,
    returnTo: bigint,
    stack: CallStack,
    guesses: readonly bigint[] = [],
  ): PlaceCall {
    const to = this.reach(returnTo, stack);
    if ("instruction" in to) to.startsNode = true;
    return { callee, guesses, returnTo, to };
  }

  private connect(from: Place, pc: bigint, stack: CallStack): void {
    from.successors.push(this.reach(pc, stack));
  }

  private reach(pc: bigint, stack: CallStack): Place | Successor {
    const to = this.place(pc, stack);
    if (to !== undefined) {
      to.predecessors++;
      return to;
    }
    const held = this.view.executed(pc);
    const reason = held === undefined ? "cold" : held.analysed.flow.kind === "leave" ? "system" : "limit";
    return { kind: "exit", reason, pc };
  }

  private indirect(place: Place, type: "INDIR" | "INDCALL" | "RET", stack: CallStack): void {
    const { pc } = place.instruction;
    if (type === "RET") {
      if (stack.returnTo !== undefined && stack.outer !== undefined) this.predict(place, stack.returnTo, stack.outer);
      return;
    }
    const targets = this.view.targets(pc).filter((target) => this.mayLand(target, place.btype));
    const [target] = targets;
    if (type === "INDIR") {
      if (stack.depth === 0 && targets.length > 1 && this.switch(place, targets, stack)) return;
      if (target !== undefined) this.predict(place, target, stack);
      return;
    }
    // What is part of the region is guarded, and left for where that fails: a call beside it would cost the loop around it.
    const inner = this.inlined(place, targets, stack);
    if (inner === undefined) place.call = this.callTo(undefined, pc + 4n, stack, targets.slice(0, MAX_GUESSES));
    inner?.forEach((within, index) => {
      this.predict(place, targets[index] as bigint, within);
    });
  }

  private predict(place: Place, target: bigint, stack: CallStack): void {
    place.predictions.push(target);
    this.connect(place, target, stack);
  }

  /** Leads to those of these targets that are for this region. False if that would take too large a table, or there are none. */
  private switch(place: Place, targets: readonly bigint[], stack: CallStack): boolean {
    const all = [...new Set([...this.switchTargets.keys(), ...targets])];
    const first = all.reduce((a, b) => (a < b ? a : b));
    const last = all.reduce((a, b) => (a > b ? a : b));
    if (all.length > MAX_TARGETS || (last - first) / 4n >= MAX_TARGET_WORDS) return false;
    for (const target of targets) {
      if (this.switchTargets.has(target)) continue;
      const to = this.place(target, stack);
      if (to === undefined) continue;
      to.startsNode = true;
      to.predecessors++;
      this.switchTargets.set(target, to);
    }
    // None of them may be for this region.
    place.isSwitch = this.switchTargets.size > 0;
    if (place.isSwitch) this.switches++;
    return place.isSwitch;
  }

  /** Whether a branch with this BTYPE raises no exception at the target. */
  private mayLand(target: bigint, btype: number): boolean {
    const held = this.view.executed(target);
    if (held === undefined) return false;
    return btype === 0 || !isGuarded(this.view.windows, target) || (this.view.lands(held.word) & (1 << btype)) !== 0;
  }

  /** BTYPE after BR, BLR and RET (Arm ARM, BR and BLR). */
  private btypeOf(type: "INDIR" | "INDCALL" | "RET", n: number, pc: bigint): number {
    if (type === "RET") return 0;
    if (type === "INDCALL") return 2;
    return n === 16 || n === 17 || !isGuarded(this.view.windows, pc) ? 1 : 3;
  }
}
