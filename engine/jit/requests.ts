/** The regions that the compile worker has been asked for by one core. */
import { InternalError } from "../a64/errors.js";
import { type CompileAnswer, type CompiledRegion, CompilerClient } from "./compiler.js";
import type { RegionHost } from "./host.js";
import type { RegionPlan } from "./plan.js";
import type { Selection } from "./select.js";

/** A selection that has been compiled. */
export interface Compiled {
  readonly selection: Selection;
  readonly region: CompiledRegion;
}

/** Milliseconds that translating an instruction of a plan takes, mostly. */
const TRANSLATION_MS = 0.08;
/** Milliseconds before the worker is likely to be done at which it gets its next request: choosing one and the way there take as long. */
const AHEAD_MS = 10;
/** Requests at a time, whatever is likely. */
const MAX_OUTSTANDING = 2;

/** A selection that is being compiled. */
interface Pending {
  readonly selection: Selection;
  readonly addresses: ReadonlySet<bigint>;
}

export class Requests {
  private readonly pending = new Map<number, Pending>();
  private readonly heads = new Set<bigint>();
  /** When the worker is likely to be done with all that it has been asked for. */
  private doneAt = 0;
  /** Connected by the first request. */
  private client: CompilerClient | undefined;

  constructor(private readonly host: RegionHost) {}

  /** How many are being compiled. */
  get outstanding(): number {
    return this.client?.outstanding ?? 0;
  }

  get isConnected(): boolean {
    return this.client !== undefined;
  }

  /**
   * Connects with the compile worker; whether it would begin with a request at once, or soon: so that it need not wait while one is
   * chosen.
   */
  isWorkerAvailable(): boolean {
    const client = this.compiler();
    if (!client.isReady) return false;
    const { outstanding } = client;
    return outstanding === 0 || (outstanding < MAX_OUTSTANDING && this.doneAt - performance.now() <= AHEAD_MS);
  }

  /** Whether the worker, which takes a while to start, takes requests. */
  get hasBegun(): boolean {
    return this.client?.isReady === true;
  }

  /** Whether a region with this head is being compiled. */
  isPending(head: bigint): boolean {
    return this.heads.has(head);
  }

  /** Whether a region that holds this address is being compiled. */
  isHeld(pc: bigint): boolean {
    for (const { addresses } of this.pending.values()) if (addresses.has(pc)) return true;
    return false;
  }

  add(selection: Selection): void {
    const { plan } = selection;
    this.pending.set(this.compiler().request(plan), { selection, addresses: addressesOf(plan) });
    this.heads.add(plan.head);
    this.doneAt = Math.max(this.doneAt, performance.now()) + expectedMs(plan);
  }

  /** One that has been compiled, if any. Throws an Error if compiling it failed, which is a bug of the engine. */
  take(): Compiled | undefined {
    if (this.client === undefined || this.client.outstanding === 0) return undefined;
    const answer = this.client.poll();
    return answer && this.answered(answer);
  }

  /**
   * The next one that is compiled, waiting for it. Throws as `take` does, and a CompileWorkerError if the worker does
   * not answer.
   */
  wait(): Compiled {
    if (this.client === undefined) throw new InternalError("no region has been asked for");
    return this.answered(this.client.wait());
  }

  private answered(answer: CompileAnswer): Compiled {
    const pending = this.pending.get(answer.id);
    if (pending === undefined) throw new InternalError(`an answer to no request (${answer.id})`);
    const { selection } = pending;
    const { head } = selection.plan;
    this.pending.delete(answer.id);
    this.heads.delete(head);
    this.doneAt = performance.now();
    for (const { selection: other } of this.pending.values()) this.doneAt += expectedMs(other.plan);
    if ("error" in answer) throw new InternalError(`region at 0x${head.toString(16)}: ${answer.error}`);
    return { selection, region: answer.region };
  }

  private compiler(): CompilerClient {
    this.client ??= new CompilerClient((channel) => this.host.connect(channel));
    return this.client;
  }

  close(): void {
    this.client?.close();
    this.client = undefined;
    this.heads.clear();
    this.pending.clear();
  }
}

function addressesOf({ nodes }: RegionPlan): ReadonlySet<bigint> {
  return new Set(nodes.flatMap(({ instructions }) => instructions.map(({ pc }) => pc)));
}

function expectedMs({ nodes }: RegionPlan): number {
  return nodes.reduce((sum, { instructions }) => sum + instructions.length, 0) * TRANSLATION_MS;
}
