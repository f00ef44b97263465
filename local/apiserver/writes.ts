/** Counts what was written, so that tests can hold components to few writes. */

export type WriteVerb = "create" | "update" | "patch" | "apply" | "delete";

export interface WriteCount {
  readonly group: string;
  readonly kind: string;
  readonly verb: WriteVerb;
  /** "" for the object itself. */
  readonly subresource: string;
  readonly count: number;
}

export class Writes {
  readonly #counts = new Map<string, WriteCount>();

  add(what: Omit<WriteCount, "count">): void {
    const id = `${what.group}/${what.kind}/${what.verb}/${what.subresource}`;
    this.#counts.set(id, { ...what, count: (this.#counts.get(id)?.count ?? 0) + 1 });
  }

  /** Since the server's start: only what changed an object counts, not refusals, dry runs and no-ops. */
  all(): readonly WriteCount[] {
    return [...this.#counts.values()];
  }
}
