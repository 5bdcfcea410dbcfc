/**
 * The compile worker: one thread in the process that turns region plans
 * into WebAssembly modules for every machine. It is started by the first request, or by who expects one.
 *
 * A core asks and goes on interpreting; the answer is taken by `poll`, which needs no event loop (a core may
 * run for minutes inside one synchronous call). `wait` blocks for it, for callers that want the region now.
 */
import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from "node:worker_threads";
import { CompileWorkerError, WAIT_LIMIT } from "./errors.js";
import type { RegionPlan } from "./plan.js";

export interface CompiledRegion {
  readonly module: WebAssembly.Module;
  readonly bytes: number;
  /** What it calls directly. */
  readonly callees: readonly bigint[];
  /** Whether it assumes constants in registers where it is entered or comes back to (constants.ts), or divisors that are not 0. */
  readonly assumesValues: boolean;
}

export type CompileAnswer =
  | { readonly id: number; readonly region: CompiledRegion }
  /** A bug of ours: the plan could not be translated. */
  | { readonly id: number; readonly error: string };

export interface CompileRequest {
  readonly id: number;
  readonly plan: RegionPlan;
}

/** What the worker is started with. */
export interface CompileChannel {
  /** Two Int32: answers posted so far, on which the worker notifies; and not 0 once it takes requests. */
  readonly answers: SharedArrayBuffer;
  /** A MessagePort; its type would have users of the package install node's. */
  readonly port: object;
}

/** Place of the sign that the worker takes requests, in CompileChannel.answers. */
export const READY = 1;

/** One user's line to the worker: a port of its own, so that answers need no sorting. */
export class CompilerClient {
  private readonly posted: Int32Array;
  private readonly port: MessagePort;
  private requests = 0;
  private taken = 0;
  private closed = false;

  constructor(connect: (channel: CompileChannel) => void) {
    const { port1, port2 } = new MessageChannel();
    const answers = new SharedArrayBuffer(8);
    this.posted = new Int32Array(answers);
    this.port = port1;
    port1.unref();
    connect({ answers, port: port2 });
  }

  /** Asks for a translation; the answer carries the returned number. */
  request(plan: RegionPlan): number {
    const request: CompileRequest = { id: this.requests++, plan };
    this.port.postMessage(request);
    return request.id;
  }

  get outstanding(): number {
    return this.requests - this.taken;
  }

  /** Whether the worker, which takes a while to start, takes requests. */
  get isReady(): boolean {
    return Atomics.load(this.posted, READY) !== 0;
  }

  /** An answer that has arrived, if any. */
  poll(): CompileAnswer | undefined {
    // Looking at the port costs microseconds, looking at the count of answers does not.
    if (Atomics.load(this.posted, 0) === this.taken) return undefined;
    const received = receiveMessageOnPort(this.port) as { message: CompileAnswer } | undefined;
    if (received === undefined) return undefined;
    this.taken++;
    return received.message;
  }

  /** The next answer, waiting for it. Throws an Error if the worker does not answer within the limit. */
  wait(): CompileAnswer {
    const deadline = performance.now() + WAIT_LIMIT;
    for (;;) {
      const seen = Atomics.load(this.posted, 0);
      const answer = this.poll();
      if (answer !== undefined) return answer;
      const left = deadline - performance.now();
      if (left <= 0 || this.closed) throw new CompileWorkerError();
      Atomics.wait(this.posted, 0, seen, left);
    }
  }

  close(): void {
    this.closed = true;
    this.port.close();
  }
}

/** The worker thread, shared by the machines of a process. It never keeps the process alive. */
export class CompileWorker {
  private worker: Worker | undefined;

  connect(channel: CompileChannel): void {
    this.started().postMessage(channel, [channel.port as MessagePort]);
  }

  /** Starts it, unless it has been started: it takes requests some 50 ms later. */
  prepare(): void {
    this.started();
  }

  private started(): Worker {
    if (this.worker !== undefined) return this.worker;
    const worker = new Worker(new URL("./worker.js", import.meta.url), { stdout: false, stderr: false, execArgv: [] });
    worker.unref();
    worker.on("error", () => {
      this.worker = undefined;
    });
    worker.on("exit", () => {
      this.worker = undefined;
    });
    this.worker = worker;
    return worker;
  }
}

/**
 * The process's compile worker. Shared because it costs 0.1 s and 30 MB to start, whoever uses it; it
 * holds no state of a machine, so sharing shows only in time.
 */
export const compileWorker = new CompileWorker();
