interface Timer<T> {
  readonly atMs: number;
  readonly order: number;
  readonly value: T;
}

/** What is due when: the earliest first, equal times in the order in which they were set. A binary heap. */
export class Timers<T> {
  readonly #heap: Timer<T>[] = [];
  #order = 0;

  /** Infinity where nothing is set. */
  get nextMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  set(atMs: number, value: T): void {
    this.#order += 1;
    const timer = { atMs, order: this.#order, value };
    let at = this.#heap.push(timer) - 1;
    while (at > 0) {
      const above = (at - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || !before(timer, parent)) break;
      this.#heap[at] = parent;
      at = above;
    }
    this.#heap[at] = timer;
  }

  /** Takes everything that is due by then. */
  take(nowMs: number): T[] {
    const due: T[] = [];
    for (let top = this.#heap[0]; top !== undefined && top.atMs <= nowMs; top = this.#heap[0]) {
      due.push(top.value);
      this.#removeTop();
    }
    return due;
  }

  #removeTop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const takesRight = left !== undefined && right !== undefined && before(right, left);
      const child = takesRight ? right : left;
      if (child === undefined || !before(child, last)) break;
      this.#heap[at] = child;
      at = 2 * at + (takesRight ? 2 : 1);
    }
    this.#heap[at] = last;
  }
}

function before<T>(a: Timer<T>, b: Timer<T>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
