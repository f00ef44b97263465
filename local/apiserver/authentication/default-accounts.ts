/** Every namespace that stays has a ServiceAccount called "default", as soon as it is there and whenever it was deleted. */
import { cleaningContext } from "../cleaning/garbage-collector.ts";
import { Worker } from "../cleaning/worker.ts";
import { createObject } from "../operations/create.ts";
import { isEnding } from "../operations/remove.ts";
import type { Room } from "../room.ts";
import { StatusError } from "../status.ts";
import { parsed } from "../store/stored-object.ts";

const NAME = "default";

export class DefaultAccounts {
  readonly #room: Room;
  readonly #worker: Worker;
  readonly #unlisten: () => void;

  constructor(room: Room, onTrouble: (error: unknown) => void) {
    this.#room = room;
    this.#worker = new Worker((namespace) => this.#look(namespace), onTrouble);
    this.#unlisten = room.store.onChange((changes) => {
      for (const { resource, before, after } of changes) {
        if (resource === "namespaces" && after !== undefined) this.#worker.add(after.name);
        if (resource === "serviceaccounts" && after === undefined && before?.name === NAME)
          this.#worker.add(before.namespace);
      }
    });
    for (const { name } of room.store.list("namespaces")) this.#worker.add(name);
  }

  async #look(namespace: string): Promise<void> {
    const { store, kinds } = this.#room;
    const found = store.get("namespaces", "", namespace);
    const kind = kinds.byResource("serviceaccounts");
    if (found === undefined || kind === undefined || isEnding(parsed(found))) return;
    if (store.get(kind.resource, namespace, NAME) !== undefined) return;
    const account = { apiVersion: "v1", kind: "ServiceAccount", metadata: { name: NAME, namespace } };
    try {
      await createObject(this.#room, kind, account, cleaningContext("service-account-controller", "create"));
    } catch (error) {
      // Somebody made it, or the namespace has begun to end.
      if (!(error instanceof StatusError)) throw error;
    }
  }

  async close(): Promise<void> {
    this.#unlisten();
    await this.#worker.close();
  }
}
