/**
 * What an instruction cache may do on its own at any time, done often and where it hurts: at interrupt points a core draws whether it
 * fetches part of a line again (a word, 16 bytes, the whole line) that maintenance was asked for lately, whether condemned lines take
 * effect before it synchronises, and whether a data cache writes such a line back to the point of unification unasked. Seeded: the
 * draws of a core are a function of its seed.
 */
import { ADVERSARY, CACHES_ADVERSARIAL, CACHE_POLICY, LINE, LOG, LOG_ENTRIES, LOG_HEAD } from "./layout";
import { synchronizeContext, unificationOf, WHOLE } from "./condemned";
import { replaceLine } from "./icache";
import { cleanLine } from "./maintenance";

/** Of so many of the newest entries of the log one is drawn. */
const RECENT: u32 = 16;

/** Marsaglia's xorshift64. */
function draw(core: u32): u64 {
  let x = load<u64>(core, ADVERSARY);
  x ^= x << 13;
  x ^= x >>> 7;
  x ^= x << 17;
  store<u64>(core, x, ADVERSARY);
  return x;
}

/** A line that was invalidated lately, 0 if there is none. */
function recentLine(which: u32): u32 {
  const head = atomic.load<u32>(LOG_HEAD);
  const some = min(head, RECENT);
  if (some == 0) return 0;
  return <u32>atomic.load<u64>(LOG + ((head - 1 - which % some) & (LOG_ENTRIES - 1)) * 8) & ~(LINE - 1);
}

/** The words of a line that come in together: `size` 0 one, 1 four, 2 or 3 all of them. */
function granule(size: u32, place: u32): u32 {
  if (size == 0) return 1 << (place & 15);
  return size == 1 ? 15 << (place & 12) : WHOLE;
}

/** At an interrupt point. */
export function disturb(core: u32): void {
  if (load<u32>(CACHE_POLICY) != CACHES_ADVERSARIAL) return;
  const drawn = draw(core);
  const action = <u32>drawn & 7;
  if (action < 2) return;
  if (action == 2) return synchronizeContext(core);
  const line = recentLine(<u32>(drawn >>> 8) & 0xffff);
  const unification = line ? unificationOf(line) : 0;
  if (!unification) return;
  if (action < 5) return cleanLine(core, line);
  replaceLine(core, line, unification, granule(<u32>(drawn >>> 24) & 3, <u32>(drawn >>> 32)));
}
