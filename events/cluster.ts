/**
 * The door to a Kubernetes API as the rooms see it: what functions may read, what the dispatcher may write, what the
 * source watches. `events/kubernetes.ts` implements it over @kubernetes/client-node, `events/memory-cluster.ts` in
 * memory for laws and simulation; one contract suite holds both.
 */
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import type { Selection } from "./selection.ts";

export interface Reader {
  /** The object as it is now (never older than the event that woke the caller), or undefined when there is none. */
  get<T extends KubeObject>(
    kind: Kind<T>,
    at: { readonly namespace?: string; readonly name: string },
  ): Promise<Stored<T> | undefined>;
  /** All objects of the kind that are selected. */
  list<T extends KubeObject>(kind: Kind<T>, selection?: Selection): Promise<readonly Stored<T>[]>;
}

export interface Writer {
  /** Creates it. `created: false` with the object that was there when the name is taken. */
  create<T extends KubeObject>(
    kind: Kind<T>,
    object: T,
  ): Promise<{ readonly created: boolean; readonly object: Stored<T> }>;
  /**
   * Writes the difference from `before` to `after` as a merge patch with before's resourceVersion as precondition.
   * `part` "status" goes to the status subresource. An empty difference writes nothing and answers `before`.
   * @throws Fault stale when the object changed or is gone; later when the API can't be reached; refused with causes
   */
  patch<T extends KubeObject>(
    kind: Kind<T>,
    before: Stored<T>,
    after: T,
    part: "object" | "status",
  ): Promise<Stored<T>>;
  /**
   * Deletes it if it still has this uid. Already gone, or another uid: nothing to do. Answers the object as it waits for
   * its finalizers or its grace; undefined when it is gone.
   */
  remove(
    kind: Kind,
    object: { readonly metadata: { readonly namespace?: string; readonly name: string; readonly uid: string } },
    options?: { readonly gracePeriodSeconds?: number },
  ): Promise<Stored<KubeObject> | undefined>;
}

export type WatchNotice<T extends KubeObject = KubeObject> =
  | { readonly type: "ADDED" | "MODIFIED" | "DELETED"; readonly object: Stored<T> }
  | { readonly type: "BOOKMARK"; readonly resourceVersion: string };

export interface Watcher {
  /** One consistent list, with the version to watch from. */
  snapshot<T extends KubeObject>(
    kind: Kind<T>,
    signal: AbortSignal,
  ): Promise<{ readonly items: readonly Stored<T>[]; readonly resourceVersion: string }>;
  /**
   * Streams changes after resourceVersion until the server ends the stream (returns), or fails.
   * @throws Fault stale when the version is too old (410), or later than the server's own: take a new snapshot
   */
  watch<T extends KubeObject>(
    kind: Kind<T>,
    resourceVersion: string,
    notice: (notice: WatchNotice<T>) => void,
    signal: AbortSignal,
  ): Promise<void>;
}

export interface Cluster extends Reader, Writer, Watcher {}
