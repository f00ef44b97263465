/** A queue of things to look at again: one at a time, each at most once in the queue, tried again when it fails. */

const RETRY_MILLISECONDS = 1000;

export class Worker {
  readonly #work: (id: string) => Promise<void>;
  readonly #onTrouble: (error: unknown) => void;
  readonly #queue = new Set<string>();
  readonly #retries = new Set<NodeJS.Timeout>();
  #running: Promise<void> | undefined;
  #closed = false;

  constructor(work: (id: string) => Promise<void>, onTrouble: (error: unknown) => void) {
    this.#work = work;
    this.#onTrouble = onTrouble;
  }

  add(id: string): void {
    if (this.#closed) return;
    this.#queue.add(id);
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // Not within the commit that caused it.
    await new Promise((resolve) => setImmediate(resolve));
    for (const id of this.#queue) {
      if (this.#closed) break;
      this.#queue.delete(id);
      try {
        await this.#work(id);
      } catch (error) {
        this.#onTrouble(error);
        this.#again(id);
      }
    }
    this.#running = undefined;
    if (this.#queue.size > 0 && !this.#closed) this.#running = this.#run();
  }

  #again(id: string): void {
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.add(id);
    }, RETRY_MILLISECONDS);
    timer.unref();
    this.#retries.add(timer);
  }

  /** Ends after what it is at. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const timer of this.#retries) clearTimeout(timer);
    await this.#running;
  }
}
