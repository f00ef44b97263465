/**
 * Namespaces and definitions that are being deleted: all that they hold is deleted first, then they go. Looked at again
 * whenever something in them has gone.
 */
import { metadataOf, stringsAt, type JsonObject } from "../json-value.ts";
import { DEFINITION_FINALIZER, DEFINITIONS } from "../kinds/definitions.ts";
import { isEnding, remove } from "../operations/remove.ts";
import { update } from "../operations/update.ts";
import type { Room } from "../room.ts";
import { parsed, type StoredObject } from "../store/stored-object.ts";
import type { Change } from "../store/window.ts";
import { cleaningContext, ignoringGone } from "./garbage-collector.ts";
import { Worker } from "./worker.ts";

const containers: ReadonlySet<string> = new Set(["namespaces", DEFINITIONS]);

export class Emptying {
  readonly #room: Room;
  readonly #worker: Worker;
  readonly #unlisten: () => void;
  /** "resource name" of what is being deleted. */
  readonly #ending = new Set<string>();

  constructor(room: Room, onTrouble: (error: unknown) => void) {
    this.#room = room;
    this.#worker = new Worker((id) => this.#empty(id), onTrouble);
    this.#unlisten = room.store.onChange((changes) => changes.forEach((change) => this.#noticed(change)));
    for (const resource of containers) for (const object of room.store.list(resource)) this.#judge(object);
  }

  #judge(object: StoredObject): void {
    if (!isEnding(parsed(object))) return;
    const id = `${object.resource} ${object.name}`;
    this.#ending.add(id);
    this.#worker.add(id);
  }

  #noticed({ resource, before, after }: Change): void {
    if (containers.has(resource)) {
      if (after !== undefined) this.#judge(after);
      else if (before !== undefined) this.#ending.delete(`${resource} ${before.name}`);
      return;
    }
    if (this.#ending.size === 0 || before === undefined || after !== undefined) return;
    for (const id of [`namespaces ${before.namespace}`, `${DEFINITIONS} ${resource}`]) {
      if (this.#ending.has(id)) this.#worker.add(id);
    }
  }

  async #empty(id: string): Promise<void> {
    const [resource = "", name = ""] = id.split(" ");
    const container = this.#room.store.get(resource, "", name);
    const kind = this.#room.kinds.byResource(resource);
    if (container === undefined || kind === undefined) return;
    const refusals: unknown[] = [];
    for (const object of this.#contents(resource, name)) {
      const held = this.#room.kinds.byResource(object.resource);
      if (held === undefined || isEnding(parsed(object))) continue;
      const place = { kind: held, namespace: object.namespace, name: object.name };
      const options = { uid: object.uid, propagationPolicy: "Background" } as const;
      // One that may not go yet keeps none of the others.
      await ignoringGone(remove(this.#room, place, options, cleaningContext("namespace-controller", "delete"))).catch(
        (refusal: unknown) => refusals.push(refusal),
      );
    }
    // Looked at again in a moment: its leave to go is no change that would be noticed.
    if (refusals.length > 0) throw refusals[0];
    if (this.#contents(resource, name).length > 0) return;
    const released = (old: JsonObject) => {
      delete metadataOf(old)["resourceVersion"];
      if (resource === "namespaces") old["spec"] = { finalizers: [] };
      else
        metadataOf(old)["finalizers"] = stringsAt(metadataOf(old), "finalizers").filter(
          (one) => one !== DEFINITION_FINALIZER,
        );
      return old;
    };
    const context = cleaningContext("namespace-controller", "update");
    const finalize =
      resource === "namespaces" ? { ...context, subresource: "finalize" } : { ...context, verb: "patch" as const };
    await ignoringGone(update(this.#room, { kind, namespace: "", name }, released, finalize));
  }

  #contents(resource: string, name: string): StoredObject[] {
    if (resource === DEFINITIONS) return this.#room.store.list(name);
    return this.#room.store
      .resources()
      .filter((held) => this.#room.kinds.byResource(held)?.namespaced === true)
      .flatMap((held) => this.#room.store.list(held, name));
  }

  async close(): Promise<void> {
    this.#unlisten();
    await this.#worker.close();
  }
}
