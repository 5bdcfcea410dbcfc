/** The regions that the compile worker has been asked for by one core. */
import { InternalError } from "../a64/errors.js";
import { type CompileAnswer, type CompiledRegion, CompilerClient } from "./compiler.js";
import type { RegionHost } from "./host.js";
import type { Selection } from "./select.js";

/** A selection that has been compiled. */
export interface Compiled {
  readonly selection: Selection;
  readonly region: CompiledRegion;
}

export class Requests {
  private readonly selections = new Map<number, Selection>();
  private readonly heads = new Set<bigint>();
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

  /** Connects with the compile worker; whether it would begin with a request at once. */
  isWorkerIdle(): boolean {
    return this.compiler().isIdle;
  }

  /** Whether the worker, which takes a while to start, takes requests. */
  get hasBegun(): boolean {
    return this.client?.isReady === true;
  }

  /** Whether a region with this head is being compiled. */
  isPending(head: bigint): boolean {
    return this.heads.has(head);
  }

  add(selection: Selection): void {
    const { plan } = selection;
    this.selections.set(this.compiler().request(plan), selection);
    this.heads.add(plan.head);
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
    const selection = this.selections.get(answer.id);
    if (selection === undefined) throw new InternalError(`an answer to no request (${answer.id})`);
    const { head } = selection.plan;
    this.selections.delete(answer.id);
    this.heads.delete(head);
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
    this.selections.clear();
  }
}
