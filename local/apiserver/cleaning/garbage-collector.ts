/**
 * Owners and dependents: what loses all its owners is deleted, an owner that is deleted in the foreground waits for its
 * dependents, and one that is deleted as an orphan maker lets them go first.
 */
import { metadataOf, objectsAt, stringAt, stringsAt, type JsonObject } from "../json-value.ts";
import { FOREGROUND, isEnding, ORPHAN, remove } from "../operations/remove.ts";
import { isNotFound, update } from "../operations/update.ts";
import type { Place, Room, WriteContext } from "../room.ts";
import { parsed, type StoredObject } from "../store/stored-object.ts";
import type { Change } from "../store/window.ts";
import { Worker } from "./worker.ts";

export function cleaningContext(name: string, verb: WriteContext["verb"]): WriteContext {
  const user = {
    username: `system:serviceaccount:kube-system:${name}`,
    groups: ["system:masters", "system:authenticated"],
  };
  return { user, dryRun: false, fieldValidation: "Ignore", fieldManager: name, verb, warnings: [] };
}

export class GarbageCollector {
  readonly #room: Room;
  readonly #worker: Worker;
  readonly #unlisten: () => void;

  constructor(room: Room, onTrouble: (error: unknown) => void) {
    this.#room = room;
    this.#worker = new Worker((uid) => this.#look(uid), onTrouble);
    this.#unlisten = room.store.onChange((changes) => changes.forEach((change) => this.#noticed(change)));
    for (const resource of room.store.resources()) {
      for (const object of room.store.list(resource)) if (concerns(object)) this.#worker.add(object.uid);
    }
  }

  #noticed({ before, after }: Change): void {
    if (after === undefined && before !== undefined) {
      for (const dependent of this.#room.store.dependentsOf(before.uid)) this.#worker.add(dependent.uid);
      for (const owner of before.owners) this.#worker.add(owner);
    } else if (after !== undefined) {
      const newOwners = after.owners.join() !== (before?.owners.join() ?? "");
      if (newOwners || after.text.includes(`"deletionTimestamp"`)) this.#worker.add(after.uid);
    }
  }

  async #look(uid: string): Promise<void> {
    const found = this.#room.store.byUid(uid);
    if (found === undefined) return;
    const object = parsed(found);
    const finalizers = stringsAt(metadataOf(object), "finalizers");
    if (isEnding(object) && finalizers.includes(ORPHAN)) return this.#orphan(found);
    if (isEnding(object) && finalizers.includes(FOREGROUND)) return this.#foreground(found);
    if (!isEnding(object)) return this.#ownersOf(found, object);
  }

  async #ownersOf(found: StoredObject, object: JsonObject): Promise<void> {
    const owners = ownersOf(object);
    const absent = owners.filter((owner) => this.#isAbsent(owner, found.namespace));
    if (absent.length === 0) return;
    if (absent.length === owners.length) return this.#remove(found, "Background");
    await this.#disown(found, new Set(absent.map((owner) => stringAt(owner, "uid") ?? "")));
  }

  /** Gone, or never there. An owner of a kind that is not served here can't be judged, and counts as there. */
  #isAbsent(owner: JsonObject, namespace: string): boolean {
    const apiVersion = stringAt(owner, "apiVersion") ?? "";
    const group = apiVersion.includes("/") ? (apiVersion.split("/")[0] ?? "") : "";
    const kind = this.#room.kinds.byGroupKind(group, stringAt(owner, "kind") ?? "");
    if (kind === undefined) return false;
    const found = this.#room.store.byUid(stringAt(owner, "uid") ?? "");
    return found === undefined || (found.namespace !== "" && found.namespace !== namespace);
  }

  async #foreground(owner: StoredObject): Promise<void> {
    const dependents = this.#room.store.dependentsOf(owner.uid);
    for (const dependent of dependents) {
      if (isEnding(parsed(dependent))) continue;
      const hasOwn = this.#room.store.dependentsOf(dependent.uid).length > 0;
      await this.#remove(dependent, hasOwn ? "Foreground" : "Background");
    }
    if (this.#room.store.dependentsOf(owner.uid).some((dependent) => blocks(parsed(dependent), owner.uid))) return;
    await this.#release(owner, FOREGROUND);
  }

  async #orphan(owner: StoredObject): Promise<void> {
    for (const dependent of this.#room.store.dependentsOf(owner.uid))
      await this.#disown(dependent, new Set([owner.uid]));
    await this.#release(owner, ORPHAN);
  }

  async #remove(object: StoredObject, propagationPolicy: "Background" | "Foreground"): Promise<void> {
    const place = this.#placeOf(object);
    if (place === undefined) return;
    await ignoringGone(
      remove(
        this.#room,
        place,
        { uid: object.uid, propagationPolicy },
        cleaningContext("generic-garbage-collector", "delete"),
      ),
    );
  }

  async #disown(object: StoredObject, uids: ReadonlySet<string>): Promise<void> {
    await this.#change(object, (metadata) => {
      const left = (metadata["ownerReferences"] as JsonObject[]).filter(
        (owner) => !uids.has(stringAt(owner, "uid") ?? ""),
      );
      if (left.length > 0) metadata["ownerReferences"] = left;
      else delete metadata["ownerReferences"];
    });
  }

  async #release(object: StoredObject, finalizer: string): Promise<void> {
    await this.#change(object, (metadata) => {
      metadata["finalizers"] = stringsAt(metadata, "finalizers").filter((name) => name !== finalizer);
    });
  }

  async #change(object: StoredObject, change: (metadata: JsonObject) => void): Promise<void> {
    const place = this.#placeOf(object);
    if (place === undefined) return;
    const changed = (old: JsonObject) => {
      if (metadataOf(old)["uid"] === object.uid) change(metadataOf(old));
      delete metadataOf(old)["resourceVersion"];
      return old;
    };
    await ignoringGone(update(this.#room, place, changed, cleaningContext("generic-garbage-collector", "patch")));
  }

  #placeOf({ resource, namespace, name }: StoredObject): Place | undefined {
    const kind = this.#room.kinds.byResource(resource);
    return kind === undefined ? undefined : { kind, namespace, name };
  }

  async close(): Promise<void> {
    this.#unlisten();
    await this.#worker.close();
  }
}

function concerns(object: StoredObject): boolean {
  return object.owners.length > 0 || object.text.includes(`"deletionTimestamp"`);
}

function ownersOf(object: JsonObject): JsonObject[] {
  return objectsAt(metadataOf(object), "ownerReferences");
}

function blocks(dependent: JsonObject, ownerUid: string): boolean {
  return ownersOf(dependent).some((owner) => owner["uid"] === ownerUid && owner["blockOwnerDeletion"] === true);
}

export async function ignoringGone(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
