/** ClusterRoles with an aggregationRule get the rules of all ClusterRoles that its selectors match, as soon as one changes. */
import { cleaningContext } from "../cleaning/garbage-collector.ts";
import { Worker } from "../cleaning/worker.ts";
import { objectAt, objectsAt, type JsonObject } from "../json-value.ts";
import { isNotFound, update } from "../operations/update.ts";
import type { Room } from "../room.ts";
import { labelSelectorOf, matchesLabels } from "../selectors.ts";
import { parsed, type StoredObject } from "../store/stored-object.ts";
import { CLUSTER_ROLES } from "./rbac.ts";
import { isAggregated } from "./role-rules.ts";
import { ruleBody, rulesOf } from "./rules.ts";

export class RoleAggregation {
  readonly #room: Room;
  readonly #worker: Worker;
  readonly #unlisten: () => void;

  constructor(room: Room, onTrouble: (error: unknown) => void) {
    this.#room = room;
    this.#worker = new Worker((name) => this.#gather(name), onTrouble);
    this.#unlisten = room.store.onChange((changes) => {
      if (changes.some(({ resource }) => resource === CLUSTER_ROLES)) this.#lookAtAll();
    });
    this.#lookAtAll();
  }

  #lookAtAll(): void {
    for (const role of this.#room.store.list(CLUSTER_ROLES)) {
      if (role.text.includes(`"aggregationRule"`)) this.#worker.add(role.name);
    }
  }

  /** Writes only when something has changed: a gathered role may itself be gathered, until nothing changes any more. */
  async #gather(name: string): Promise<void> {
    const { kinds, store } = this.#room;
    const kind = kinds.byResource(CLUSTER_ROLES);
    const role = store.get(CLUSTER_ROLES, "", name);
    if (kind === undefined || role === undefined || !isAggregated(parsed(role))) return;
    const change = (old: JsonObject) => ({ ...old, rules: gathered(old, name, store.list(CLUSTER_ROLES)) });
    try {
      await update(
        this.#room,
        { kind, namespace: "", name },
        change,
        cleaningContext("clusterrole-aggregation-controller", "update"),
      );
    } catch (error) {
      if (!isNotFound(error)) throw error;
    }
  }

  async close(): Promise<void> {
    this.#unlisten();
    await this.#worker.close();
  }
}

function gathered(role: JsonObject, name: string, all: readonly StoredObject[]): JsonObject[] {
  const wanted = objectsAt(objectAt(role, "aggregationRule"), "clusterRoleSelectors").map(labelSelectorOf);
  const rules = new Map<string, JsonObject>();
  for (const selector of wanted) {
    const matching = all.filter((other) => other.name !== name && matchesLabels(selector, other.labels));
    for (const other of matching.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      for (const rule of rulesOf(parsed(other)).map(ruleBody)) rules.set(JSON.stringify(rule), rule);
    }
  }
  return [...rules.values()];
}
