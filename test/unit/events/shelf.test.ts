import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Pod } from "#api/core.ts";
import { keyOf, type KubeObject, type Stored } from "#api/object.ts";
import { isSelected, type Selection } from "#events/selection.ts";
import { createShelf } from "#events/source/shelf.ts";

interface Placed {
  readonly name: string;
  readonly node?: string | undefined;
  readonly phase?: string | undefined;
  readonly namespace?: string;
}

let version = 0;

function pod({ name, node, phase, namespace = "default" }: Placed): Stored<KubeObject> {
  version += 1;
  const metadata = {
    name,
    namespace,
    uid: `uid-${namespace}-${name}`,
    resourceVersion: String(version),
    creationTimestamp: "",
  };
  const [spec, status] = [node === undefined ? {} : { nodeName: node }, phase === undefined ? {} : { phase }];
  return { apiVersion: "v1", kind: "Pod", metadata, spec, status } as Stored<KubeObject>;
}

function migration(name: string, vmiName: string, namespace = "default"): Stored<KubeObject> {
  version += 1;
  const metadata = {
    name,
    namespace,
    uid: name,
    resourceVersion: String(version),
    creationTimestamp: "2026-01-01T00:00:00Z",
  };
  return { apiVersion: "kubevirt.io/v1", kind: "X", metadata, spec: { vmiName } } as Stored<KubeObject>;
}

const names = (objects: readonly KubeObject[]): string[] => objects.map(keyOf).sort();

describe("a shelf", () => {
  it("finds by node, phase, namespace and all of them what looking at everything finds, after any changes", () => {
    const few = (...values: string[]) => fc.constantFrom(undefined, ...values);
    const where = { node: few("a", "b"), phase: few("Pending", "Running"), namespace: fc.constantFrom("n", "m") };
    const change = fc.record({ ...where, name: fc.constantFrom("1", "2", "3", "4"), gone: fc.boolean() });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), fc.record(where, { requiredKeys: [] }), (changes, selection) => {
        const shelf = createShelf(Pod, () => undefined);
        const truth = new Map<string, Stored<KubeObject>>();
        for (const { gone, ...placed } of changes) {
          const object = pod(placed);
          const there = truth.get(keyOf(object));
          if (gone && there !== undefined) {
            shelf.remove(there);
            truth.delete(keyOf(object));
          } else {
            // Each is another object of the name: a uid that is gone does not come back.
            const fresh = { ...object, metadata: { ...object.metadata, uid: `uid-${version}` } };
            shelf.put(fresh);
            truth.set(keyOf(object), fresh);
          }
        }
        const left = [...truth.values()];
        const asked: Selection = selection;
        expect(names(shelf.select(asked))).toEqual(names(left.filter((object) => isSelected(object, asked))));
      }),
    );
  });

  it("counts an object without a phase as Pending", () => {
    const shelf = createShelf(Pod, () => undefined);
    shelf.put(pod({ name: "new" }));
    expect(names(shelf.select({ phase: "Pending" }))).toEqual(["default/new"]);
  });

  it("finds what is about an instance, of one namespace where that is asked for, and hands out the same list again", () => {
    const shelf = createShelf(Pod, () => undefined);
    for (const name of ["1", "2"]) shelf.put(migration(name, "web"));
    shelf.put(migration("3", "db"));
    shelf.put(migration("4", "web", "other"));
    expect(names(shelf.select({ instance: "web" }))).toEqual(["default/1", "default/2", "other/4"]);
    expect(shelf.select({ instance: "web" })).toBe(shelf.select({ instance: "web" }));
    expect(names(shelf.select({ namespace: "default", instance: "web" }))).toEqual(["default/1", "default/2"]);
    expect(names(shelf.select({ instance: "web", phase: "Succeeded" }))).toEqual([]);
    expect(names(shelf.select({ instance: "mail" }))).toEqual([]);
  });

  it("hands out the same list of a node until something of that node changes", () => {
    const shelf = createShelf(Pod, () => undefined);
    shelf.put(pod({ name: "1", node: "a" }));
    const before = shelf.select({ node: "a" });
    shelf.put(pod({ name: "2", node: "b" }));
    expect(shelf.select({ node: "a" })).toBe(before);
    shelf.put(pod({ name: "1", node: "b" }));
    expect(shelf.select({ node: "a" })).toEqual([]);
    expect(names(shelf.select({ node: "b" }))).toEqual(["default/1", "default/2"]);
    expect(names(before)).toEqual(["default/1"]);
  });

  it("lets nobody change what it hands out", () => {
    const shelf = createShelf(Pod, () => undefined);
    shelf.put(pod({ name: "1", node: "a" }));
    expect(Object.isFrozen(shelf.select({ node: "a" }))).toBe(true);
  });
});
