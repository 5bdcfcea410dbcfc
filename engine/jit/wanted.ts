/**
 * Heads that got hot and wait for the compile worker. The plan of a region is made when the worker can begin with it, not when its
 * head gets hot: by then the core has executed more of the code, and what became part of another region in the meantime needs none.
 */
export class WantedHeads {
  /** How often each has asked. */
  private readonly asked = new Map<bigint, number>();

  add(head: bigint): void {
    this.asked.set(head, (this.asked.get(head) ?? 0) + 1);
  }

  /** Takes the head that has asked most often, of several the one that was first; none that has to wait. */
  take(hasToWait: (head: bigint) => boolean): bigint | undefined {
    let best: bigint | undefined;
    let most = 0;
    for (const [head, times] of this.asked) {
      if (times <= most || hasToWait(head)) continue;
      best = head;
      most = times;
    }
    if (best !== undefined) this.asked.delete(best);
    return best;
  }

  get isEmpty(): boolean {
    return this.asked.size === 0;
  }

  heads(): ReadonlySet<bigint> {
    return new Set(this.asked.keys());
  }

  /** Those from `first` to before `end`, lowest first. */
  within(first: bigint, end: bigint): readonly bigint[] {
    const found = [...this.asked.keys()].filter((head) => head >= first && head < end);
    return found.sort((a, b) => (a < b ? -1 : 1));
  }

  delete(head: bigint): void {
    this.asked.delete(head);
  }

  clear(): void {
    this.asked.clear();
  }
}
