/** A worker thread that runs cores: receives RunCommands, runs the cores that it has in turn, says how each stopped. */
import { type MessagePort, receiveMessageOnPort, workerData } from "node:worker_threads";
import * as layout from "../../assembly/layout.js";
import { clockFrom } from "./clock.js";
import { Executor } from "./executor.js";
import { CoreState } from "./state.js";
import { STOP_TIME } from "./stops.js";
import type { RunCommand, ThreadMessage, ThreadStart } from "./threads.js";

/** Instructions in a slice of a core that has the thread for itself, and of one that shares it. */
const LONG_SLICE = 2 ** 18;
const SHORT_SLICE = 2 ** 14;
/** One slice in so many ends at its very instruction, not where compiled code likes to. */
const RAGGED = 8;
/** Where the instruction caches are adversarial, slices have from 2^8 to 2^13 instructions: something may happen between two. */
const ADVERSARIAL_SLICE = 2 ** 13;
const LEAST_SLICE = 2 ** 8;
/**
 * Milliseconds after which WFE and WFI end in any case, as both may at any time: what Linux sets up as the event stream, 10 kHz. So a
 * core that waits for a store without an SEV, by its exclusive monitor, finds it too.
 */
const EVENT_STREAM = 0.1;

/** Milliseconds that a thread whose cores all wait looks for what they wait for before it goes to sleep. */
const AWAKE = 0.02;

/** A core that is to run. */
interface Job {
  readonly core: number;
  readonly executor: Executor;
  readonly state: CoreState;
  left: number;
  executed: number;
  readonly deadline: number;
  /** It waits for an event, at most until then. */
  parkedUntil: number;
  /** Of the generator that its slices' lengths come from. */
  drawn: number;
}

/** Whether a core that stands behind WFE or WFI has what it waits for: an event, an interrupt, or that its exclusive monitor's mark is gone. */
function isWoken(state: CoreState, memory: Int32Array): boolean {
  const { signed32 } = state;
  return (
    Atomics.load(signed32, layout.EVENT / 4) !== 0 ||
    Atomics.load(signed32, layout.PENDING / 4) !== 0 ||
    Atomics.load(signed32, layout.INTERRUPTS / 4) !== 0 ||
    isOverwritten(state, memory)
  );
}

/** Whether what the core's exclusive monitor marks has been written: the store takes the mark away, which is an event. */
function isOverwritten(state: CoreState, memory: Int32Array): boolean {
  const address = state.get32(layout.MONITOR_ADDRESS);
  const bytes = state.get32(layout.MONITOR_BYTES);
  if (address === 0) return false;
  for (let offset = 0; offset < bytes; offset += 4) {
    const width = Math.min(4, bytes - offset);
    const mask = width === 4 ? -1 : (1 << (8 * width)) - 1;
    const word = Atomics.load(memory, (address + offset) >>> 2) >>> (8 * (address & 3));
    if (((word ^ state.get32(layout.MONITOR_VALUE + offset)) & mask) !== 0) return true;
  }
  return false;
}

class CoreThread {
  readonly #jobs: Job[] = [];
  readonly #executors = new Map<number, { readonly executor: Executor; readonly state: CoreState }>();
  readonly #posted: Int32Array;
  readonly #control: Int32Array;
  readonly #memory: Int32Array;
  readonly #isAdversarial: boolean;
  readonly #port: MessagePort;
  #taken = 0;

  constructor(private readonly start: ThreadStart) {
    this.#posted = new Int32Array(start.posted);
    this.#control = new Int32Array(start.parts.memory.buffer, 0, layout.WINDOWS / 4);
    this.#memory = new Int32Array(start.parts.memory.buffer);
    this.#isAdversarial = this.#control[layout.CACHE_POLICY / 4] === layout.CACHES_ADVERSARIAL;
    this.#port = start.port as MessagePort;
    this.#port.on("message", (command: RunCommand) => {
      this.#accept(command);
      this.#work();
    });
  }

  #send(message: ThreadMessage, transfer: MessagePort[] = []): void {
    this.#port.postMessage(message, transfer);
  }

  #executorOf(core: number): { readonly executor: Executor; readonly state: CoreState } {
    const known = this.#executors.get(core);
    if (known !== undefined) return known;
    const { parts, clockOrigin } = this.start;
    const state = new CoreState(parts.memory, core);
    const executor = new Executor(parts, state, {
      pollsPending: true,
      counter: clockFrom(clockOrigin),
      dropped: (index, line, mask, regionsUnlinked) => {
        if (this.#control[layout.LISTENING / 4] === 0) return;
        this.#send({ kind: "dropped", core: index, line, mask, regionsUnlinked });
      },
      connect: (channel) => this.#send({ kind: "connect", channel }, [channel.port as MessagePort]),
      prepare: () => this.#send({ kind: "prepare" }),
    });
    const made = { executor, state };
    this.#executors.set(core, made);
    return made;
  }

  #accept({ core, fuel, milliseconds }: RunCommand): void {
    this.#taken++;
    const deadline = performance.now() + milliseconds;
    const { executor, state } = this.#executorOf(core);
    this.#jobs.push({ core, executor, state, left: fuel, executed: 0, deadline, parkedUntil: 0, drawn: core + 1 });
  }

  /** Takes what was posted while this thread did not look at its event loop. */
  #takeCommands(): void {
    while (Atomics.load(this.#posted, 0) !== this.#taken) {
      const received = receiveMessageOnPort(this.#port) as { message: RunCommand } | undefined;
      if (received === undefined) return;
      this.#accept(received.message);
    }
  }

  #work(): void {
    while (this.#jobs.length > 0) {
      const seen = Atomics.load(this.#control, layout.WAKE / 4);
      let isIdle = true;
      for (const job of [...this.#jobs]) {
        if (this.#isParked(job)) continue;
        isIdle = false;
        this.#turn(job);
      }
      if (isIdle) this.#sleep(seen);
      this.#takeCommands();
    }
  }

  #isParked(job: Job): boolean {
    if (job.parkedUntil === 0) return false;
    if (!isWoken(job.state, this.#memory) && performance.now() < job.parkedUntil) return true;
    job.parkedUntil = 0;
    return false;
  }

  #sleep(seen: number): void {
    // Who waits for a lock most often waits for less than going to sleep takes.
    const awake = performance.now() + AWAKE;
    do if (this.#jobs.some(({ state }) => isWoken(state, this.#memory))) return;
    while (performance.now() < awake);
    const until = Math.min(...this.#jobs.map((job) => job.parkedUntil));
    const milliseconds = until - performance.now();
    if (milliseconds > 0) Atomics.wait(this.#control, layout.WAKE / 4, seen, milliseconds);
  }

  /** One slice of a core. */
  #turn(job: Job): void {
    try {
      const stop = this.#slice(job);
      if (stop !== undefined) this.#finish(job, { kind: "stopped", core: job.core, stop, instructions: job.executed });
    } catch (error) {
      Atomics.store(job.state.signed32, layout.RUNNING / 4, 0);
      this.#finish(job, { kind: "failed", core: job.core, error });
    }
  }

  #finish(job: Job, message: ThreadMessage): void {
    this.#jobs.splice(this.#jobs.indexOf(job), 1);
    job.executor.release();
    this.#send(message);
  }

  /** Why the core has stopped, undefined if it goes on. */
  #slice(job: Job): number | undefined {
    const { executor, state } = job;
    const { length, isRagged } = this.#sliceLength(job);
    const fuel = Math.min(job.left, length);
    const stop = executor.slice(fuel, !isRagged && job.left > fuel);
    const used = executor.settle();
    job.left -= used;
    job.executed += used;
    if (stop === layout.STOP_PENDING) {
      const pending = Atomics.and(
        state.signed32,
        layout.PENDING / 4,
        ~(layout.PENDING_HOST | layout.PENDING_INTERRUPT),
      );
      if ((pending & layout.PENDING_HOST) !== 0) return stop;
    } else if (stop === layout.STOP_WAIT) {
      job.parkedUntil = performance.now() + EVENT_STREAM;
    } else if (stop !== layout.STOP_FUEL) {
      return stop;
    }
    if (job.left <= 0) return layout.STOP_FUEL;
    executor.poll();
    return performance.now() >= job.deadline ? STOP_TIME : undefined;
  }

  #sliceLength(job: Job): { readonly length: number; readonly isRagged: boolean } {
    // Numerical Recipes' generator: only to have slices of many lengths.
    job.drawn = (Math.imul(job.drawn, 1664525) + 1013904223) >>> 0;
    if (this.#isAdversarial) return { length: LEAST_SLICE + ((job.drawn >>> 8) % ADVERSARIAL_SLICE), isRagged: true };
    if (this.#jobs.length === 1) return { length: LONG_SLICE, isRagged: false };
    return { length: SHORT_SLICE - (job.drawn >>> 20), isRagged: (job.drawn >>> 8) % RAGGED === 0 };
  }
}

new CoreThread(workerData as ThreadStart);
