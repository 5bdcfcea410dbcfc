/** What was asked for last, by its key; at most so many. */
export class NewestFirst<V> {
  /** The one that was asked for longest ago first. */
  private readonly values = new Map<string, V>();

  constructor(private readonly most: number) {}

  /** The value of a key, made if it is not kept. */
  get(key: string, make: () => V): V {
    const value = this.values.get(key) ?? make();
    this.values.delete(key);
    this.values.set(key, value);
    for (const oldest of this.values.keys()) {
      if (this.values.size <= this.most) break;
      this.values.delete(oldest);
    }
    return value;
  }
}
