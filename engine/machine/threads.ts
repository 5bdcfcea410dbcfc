/**
 * The worker threads that run cores asynchronously. Core i belongs to thread i modulo their number; a thread that has several runs them
 * in turn. All of a core's state stands in the shared memory, so a message says no more than which core is to run for how long, and
 * how it stopped; what the guest asks of the host is answered here, between two runs.
 */
import { MessageChannel, type MessagePort, Worker } from "node:worker_threads";
import * as layout from "../../assembly/layout.js";
import { type CompileChannel, compileWorker } from "../jit/index.js";
import { CoreDiedError, InternalError, MachineDisposedError } from "./errors.js";
import type { MachineParts } from "./executor.js";
import type { CoreState } from "./state.js";

/** What a thread is started with. */
export interface ThreadStart {
  readonly parts: MachineParts;
  /** A MessagePort; its type would have users of the package install node's. */
  readonly port: object;
  /** Int32: commands posted so far. A thread that runs cores looks here, since it does not come back to its event loop. */
  readonly posted: SharedArrayBuffer;
  /** Of clockFrom. */
  readonly clockOrigin: number;
}

export interface RunCommand {
  readonly core: number;
  /** Instructions. */
  readonly fuel: number;
  readonly milliseconds: number;
}

export type ThreadMessage =
  | { readonly kind: "stopped"; readonly core: number; readonly stop: number; readonly instructions: number }
  /** A bug of the engine, or a compile worker that does not answer. */
  | { readonly kind: "failed"; readonly core: number; readonly error: unknown }
  | ({ readonly kind: "dropped" } & Dropped)
  | { readonly kind: "connect"; readonly channel: CompileChannel }
  | { readonly kind: "prepare" };

export interface Dropped {
  readonly core: number;
  readonly line: bigint;
  readonly mask: number;
  readonly regionsUnlinked: number;
}

/** How a run ended: STOP_*, and instructions executed. */
export interface Stopped {
  readonly stop: number;
  readonly instructions: number;
}

interface Waiting {
  resolve(stopped: Stopped): void;
  reject(error: unknown): void;
}

/** Milliseconds that ending a thread may take before it is given up. */
const END_LIMIT = 5000;

class Thread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #posted = new Int32Array(new SharedArrayBuffer(4));
  readonly #waiting = new Map<number, Waiting>();
  #death: string | undefined;

  constructor(
    start: Omit<ThreadStart, "port" | "posted">,
    private readonly states: readonly CoreState[],
    private readonly dropped: (dropped: Dropped) => void,
  ) {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    const workerData: ThreadStart = { ...start, port: port2, posted: this.#posted.buffer as SharedArrayBuffer };
    this.#worker = new Worker(new URL("./thread.js", import.meta.url), {
      workerData,
      transferList: [port2],
      execArgv: [],
    });
    this.#worker.on("error", (error) => this.#died(error instanceof Error ? error.message : String(error)));
    this.#worker.on("exit", (code) => this.#died(`its thread ended with status ${code}`));
    port1.on("message", (message: ThreadMessage) => this.#take(message));
    port1.unref();
    this.#worker.unref();
  }

  run(command: RunCommand): Promise<Stopped> {
    if (this.#death !== undefined) return Promise.reject(new CoreDiedError(command.core, this.#death));
    return new Promise((resolve, reject) => {
      this.#waiting.set(command.core, { resolve, reject });
      // The process lives as long as a core runs.
      if (this.#waiting.size === 1) this.#worker.ref();
      this.#port.postMessage(command);
      Atomics.add(this.#posted, 0, 1);
      for (const state of this.states.slice(0, 1)) state.wake();
    });
  }

  #end(core: number): Waiting | undefined {
    const waiting = this.#waiting.get(core);
    this.#waiting.delete(core);
    if (this.#waiting.size === 0) this.#worker.unref();
    return waiting;
  }

  #take(message: ThreadMessage): void {
    switch (message.kind) {
      case "stopped":
        this.#end(message.core)?.resolve(message);
        return;
      case "failed":
        this.#end(message.core)?.reject(message.error);
        return;
      case "dropped":
        this.dropped(message);
        return;
      case "connect":
        compileWorker.connect(message.channel);
        return;
      case "prepare":
        compileWorker.prepare();
        return;
    }
  }

  #died(why: string): void {
    this.#death ??= why;
    this.#port.close();
    for (const core of [...this.#waiting.keys()]) {
      const state = this.states[core];
      if (state === undefined) throw new InternalError(`there is no core ${core}`);
      // Others would wait for it.
      Atomics.store(state.signed32, layout.RUNNING / 4, 0);
      this.#end(core)?.reject(new CoreDiedError(core, this.#death));
    }
  }

  async end(): Promise<void> {
    for (const core of [...this.#waiting.keys()]) this.#end(core)?.reject(new MachineDisposedError());
    this.#death ??= "the machine was disposed";
    const limit = new Promise<void>((resolve) => setTimeout(resolve, END_LIMIT).unref());
    await Promise.race([this.#worker.terminate(), limit]);
    this.#port.close();
  }
}

export class Threads {
  readonly #threads: (Thread | undefined)[];
  #isDisposed = false;

  constructor(
    private readonly start: Omit<ThreadStart, "port" | "posted">,
    private readonly states: readonly CoreState[],
    count: number,
    private readonly dropped: (dropped: Dropped) => void,
  ) {
    this.#threads = Array.from({ length: count });
  }

  /** Runs a core in its thread until it stops by itself, PENDING_HOST is set, or a limit is reached. Rejects with a CoreDiedError if the thread ends. */
  run(command: RunCommand): Promise<Stopped> {
    // Also a core that was with the host when its thread ended, and comes back.
    if (this.#isDisposed) return Promise.reject(new MachineDisposedError());
    const seat = command.core % this.#threads.length;
    const thread = this.#threads[seat] ?? new Thread(this.start, this.states, this.dropped);
    this.#threads[seat] = thread;
    return thread.run(command);
  }

  /** Ends the threads; runs that have not ended are rejected with a MachineDisposedError. */
  async dispose(): Promise<void> {
    this.#isDisposed = true;
    const threads = this.#threads.splice(0, this.#threads.length, ...this.#threads.map(() => undefined));
    await Promise.all(threads.map((thread) => thread?.end()));
  }
}
