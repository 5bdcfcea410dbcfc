/** The system counter where the embedder does not bring one: the host's monotonic clock, the same in every thread of the process. */

const BILLION = 1e9;

/** Nanoseconds since `origin`, in seconds of process.hrtime(). An integer that does not decrease. */
export function clockFrom(origin: number): () => number {
  return () => {
    const [seconds, nanoseconds] = process.hrtime();
    return (seconds - origin) * BILLION + nanoseconds;
  };
}

export function clockOrigin(): number {
  return process.hrtime()[0];
}
