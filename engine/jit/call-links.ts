/**
 * What regions import of one another: the functions of those that they call directly.
 *
 * An instance has its imports for good, so a region whose callee comes, or gets a new instance, gets a new instance too, and so do its own
 * callers: one that was left with the old instance would never see that the callee is there, and go by way of the core for ever, as
 * the compiler happened to be ready with one or the other first. Where regions call each other in a circle one of them has to be there before the one
 * that it calls. That one is called by a *bridge*: a function of a module of its own, whose table leads to the newest instance.
 *
 * So a call need not look whether its callee is still linked: while one is called that is not, which UNLINKED_CALLEES says, callees look themselves.
 * Instances that have been replaced may still be on the thread's stack: all of them leave (UNWINDS) when a region is
 * unlinked, or when one comes while one that is not linked is called.
 */
import * as layout from "../../assembly/layout.js";
import { typeOf, WasmModule } from "../wasm/module.js";
import { calledParameters, calledResults } from "./convention.js";
import { addAbsent } from "./handler.js";
import type { RegionHost } from "./host.js";
import type { Region } from "./region.js";

/** PSTATE.BTYPE after BLR. */
const BTYPE_OF_CALL = 2;
const none: readonly Region[] = [];

type Called = WebAssembly.ExportValue;

interface Instance {
  readonly called: Called;
  /** What it has imported for each of its callees. */
  readonly imported: readonly Called[];
}

interface Bridge {
  readonly called: Called;
  readonly table: WebAssembly.Table;
}

/** A region whose callees are being looked at, as far as to `next`. */
interface Open {
  readonly region: Region;
  next: number;
}

export class CallLinks {
  private readonly instances = new Map<Region, Instance>();
  private readonly bridges = new Map<Region, Bridge>();
  /** Regions by what they call. */
  private readonly callers = new Map<bigint, Set<Region>>();
  /** Regions that are not linked, and called all the same. */
  private readonly stale = new Set<Region>();
  private readonly isStale: Int32Array;
  /** What is called where there is no region. */
  private readonly absent = new Map<bigint, Called>();
  private absentModule: WebAssembly.Module | undefined;
  private bridgeModule: WebAssembly.Module | undefined;

  constructor(
    private readonly host: RegionHost,
    private readonly core: WebAssembly.ModuleImports,
    private readonly slotOf: (pc: bigint) => number,
    /** The region that a call of this address had better come to. */
    private readonly calleeAt: (pc: bigint) => Region | undefined,
  ) {
    this.isStale = new Int32Array(host.memory.buffer, host.core + layout.UNLINKED_CALLEES, 1);
  }

  /** Makes a new region's function, and those anew that lead to a call of it. */
  add(region: Region): void {
    for (const callee of region.callees) {
      const known = this.callers.get(callee);
      if (known === undefined) this.callers.set(callee, new Set([region]));
      else known.add(region);
    }
    this.bringAllUpToDate(this.leadingTo(region));
  }

  /** Forgets a region that is not linked, and is called no more. */
  forget(region: Region): void {
    const concerned = new Set(this.leadingTo(region));
    for (const callee of region.callees) this.callers.get(callee)?.delete(region);
    this.instances.delete(region);
    this.bridges.delete(region);
    concerned.delete(region);
    this.bringAllUpToDate(concerned);
  }

  clear(): void {
    this.callers.clear();
    this.instances.clear();
    this.bridges.clear();
    this.stale.clear();
    this.tell();
  }

  linked(region: Region): void {
    if (this.stale.delete(region)) this.tell();
  }

  unlinked(region: Region): void {
    if (!this.isCalled(region)) return;
    this.stale.add(region);
    this.tell();
  }

  private tell(): void {
    this.isStale[0] = this.stale.size;
  }

  /** Whether some region calls it directly. */
  private isCalled(region: Region): boolean {
    const functions = [this.instances.get(region)?.called, this.bridges.get(region)?.called];
    for (const caller of this.callers.get(region.head) ?? none) {
      const { imported = [] } = this.instances.get(caller) ?? {};
      if (functions.some((called) => called !== undefined && imported.includes(called))) return true;
    }
    return false;
  }

  private bringAllUpToDate(concerned: ReadonlySet<Region>): void {
    const done = new Set<Region>();
    for (const each of concerned) this.bringUpToDate(each, concerned, done);
    for (const each of this.stale) if (!this.isCalled(each)) this.stale.delete(each);
    this.tell();
  }

  /** The region, those that call it, those that call these, and so on. */
  private leadingTo(region: Region): ReadonlySet<Region> {
    const found = new Set([region]);
    // A Set is walked in the order of insertion, additions included.
    for (const { head } of found) for (const caller of this.callers.get(head) ?? none) found.add(caller);
    return found;
  }

  /** Gives a region a new instance if it would import something else now, after its callees among those that are concerned. */
  private bringUpToDate(first: Region, concerned: ReadonlySet<Region>, done: Set<Region>): void {
    if (done.has(first)) return;
    const path: Open[] = [{ region: first, next: 0 }];
    const isOpen = (region: Region): boolean => path.some((each) => each.region === region);
    for (let last = path.at(-1); last !== undefined; last = path.at(-1)) {
      const { region } = last;
      const callee = region.callees[last.next++];
      if (callee === undefined) {
        this.instantiate(region, isOpen);
        done.add(region);
        path.pop();
        continue;
      }
      const to = this.calleeAt(callee);
      if (to !== undefined && concerned.has(to) && !done.has(to) && !isOpen(to)) path.push({ region: to, next: 0 });
    }
  }

  /** Those regions that are open are going to have a new instance, which calls this one. */
  private instantiate(region: Region, isOpen: (region: Region) => boolean): void {
    const { host } = this;
    const callees: WebAssembly.ModuleImports = {};
    const imported: Called[] = [];
    region.callees.forEach((callee, index) => {
      const to = this.calleeAt(callee);
      const called = to && (isOpen(to) ? this.bridgeTo(to).called : this.instances.get(to)?.called);
      const direct = called ?? this.absentAt(callee);
      const landed = to && landsByCall(to) ? direct : this.absentAt(callee);
      imported.push(direct);
      callees[`callee${index}`] = direct as WebAssembly.ImportValue;
      callees[`callee${index}.landed`] = landed as WebAssembly.ImportValue;
      if (to !== undefined && !to.linked && called !== undefined) this.stale.add(to);
    });
    const before = this.instances.get(region);
    if (before?.imported.every((called, index) => called === imported[index])) return;
    const env = { memory: host.memory, region: region.index, slot: this.slotOf(region.head) };
    const { exports } = new WebAssembly.Instance(region.module, { env, core: this.core, callees });
    host.table.set(region.index, exports["region"]);
    const called = exports["called"] as Called;
    this.instances.set(region, { called, imported });
    this.bridges.get(region)?.table.set(0, called);
  }

  /** A function that declines on behalf of an address. */
  private absentAt(pc: bigint): Called {
    const known = this.absent.get(pc);
    if (known !== undefined) return known;
    const { memory, core } = this.host;
    this.absentModule ??= new WebAssembly.Module(absentCode(core));
    const env = { memory, pc: new WebAssembly.Global({ value: "i64" }, BigInt.asIntN(64, pc)) };
    const { exports } = new WebAssembly.Instance(this.absentModule, { env });
    const called = exports["called"] as Called;
    this.absent.set(pc, called);
    return called;
  }

  private bridgeTo(region: Region): Bridge {
    const known = this.bridges.get(region);
    if (known !== undefined) return known;
    this.bridgeModule ??= new WebAssembly.Module(bridgeCode());
    const table = new WebAssembly.Table({ element: "anyfunc", initial: 1 });
    const { exports } = new WebAssembly.Instance(this.bridgeModule, { bridge: { table } });
    const bridge = { called: exports["called"] as Called, table };
    table.set(0, this.instances.get(region)?.called ?? this.absentAt(region.head));
    this.bridges.set(region, bridge);
    return bridge;
  }
}

/** Whether a BLR may come to the region's head. */
function landsByCall({ entries: [head] }: Region): boolean {
  return head !== undefined && (head.lands & (1 << BTYPE_OF_CALL)) !== 0;
}

/** What a region can import for a callee that has none. */
function absentCode(core: number): Uint8Array<ArrayBuffer> {
  const m = new WasmModule();
  m.addMemoryImport("env", "memory", 1);
  m.addGlobalImport("pc", "env", "pc", typeOf("i64"));
  addAbsent(m, core);
  return m.emit();
}

/** Calls what its table has. */
function bridgeCode(): Uint8Array<ArrayBuffer> {
  const m = new WasmModule();
  m.addTableImport("bridge", "table");
  const operands = calledParameters.map((type, parameter) => m.local.get(parameter, type));
  const call = m.callTable(m.i32.const(0), operands, calledParameters, calledResults);
  m.addFunction("called", calledParameters, calledResults, [], m.return(call));
  m.addFunctionExport("called", "called");
  return m.emit();
}
