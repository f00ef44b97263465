import { describe, expect, test } from "vitest";
import { defaultVirtualMachineInstance } from "#api/default/virtual-machine-instance.ts";
import { defaultVirtualMachine } from "#api/default/virtual-machine.ts";
import { finalizer } from "#api/names.ts";
import { validateVirtualMachine } from "#api/validate/virtual-machine.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import { cases, configOf, recorded } from "./recorded.ts";

interface Mutation {
  readonly mutator: string;
  readonly request: { readonly operation: string; readonly object: VirtualMachine | VirtualMachineInstance };
  readonly allowed: boolean;
  readonly causes: readonly { readonly reason: string; readonly field: string }[] | null;
  readonly patch: readonly { readonly path: string; readonly value: unknown }[] | null;
}

const UUID = "00000000-0000-4000-8000-000000000001";
const given = { now: new Date("2026-11-24T10:29:29Z"), uuid: () => UUID };

/** Cases that differ on purpose, by id, and why. */
const PRESETS = "presets are deprecated and not served";
const PREFERENCES = "preferences are not acted on yet";
const EMULATED = "it is derived from the spec where it is needed, not kept as an annotation";

/** Random UUIDs, and empty objects that say nothing. */
function comparable(value: unknown): unknown {
  const text = JSON.stringify(value, (_key, part: unknown) =>
    typeof part === "string" && /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(part) ? UUID : part,
  );
  return JSON.parse(text, (key, part: unknown) =>
    ["memory", "resources", "metadata", "annotations", "status"].includes(key) &&
    typeof part === "object" &&
    Object.keys(part ?? {}).length === 0
      ? undefined
      : part,
  );
}

function patched(mutation: Mutation): Record<string, unknown> {
  const result: Record<string, unknown> = { ...mutation.request.object };
  for (const { path, value } of mutation.patch ?? []) result[path.slice(1)] = value;
  return result;
}

/** Our own finalizer on virtual machines is added at admission; KubeVirt's controller adds its later. */
function withoutOwn<T extends VirtualMachine>(vm: T): object {
  const { finalizers, ...metadata } = vm.metadata;
  return { ...vm, metadata: finalizers?.includes(finalizer.vm) === true ? metadata : vm.metadata };
}

const differing = (item: Mutation & { readonly test: string }): string | undefined => {
  if (item.test.includes("presets")) return PRESETS;
  if (item.test.includes("PreferredMachineType over cluster config")) return PREFERENCES;
  if (item.test.includes("should apply PreferredStorageClassName")) return PREFERENCES;
  if (item.test.includes("should copy the EmulatorThreadCompleteToEvenParity") || item.test.includes("qgs socket path"))
    return EMULATED;
  if (item.test.includes("when Root feature gate is enabled")) return "QEMU never runs as root";
  if (item.test.includes("ppc64le")) return "ppc64le is not served";
  if (item.test.includes("deprecated slirp"))
    return "the KubeVirt object is at fault, not the virtual machine: bridge is used";
  if (item.test.includes("originates from the virt-")) return "status is a subresource that only functions write";
  return undefined;
};

describe.skipIf(!recorded)("recorded defaulting", () => {
  test("of instances at creation", () => {
    const list = cases<Mutation>("mutations").filter(
      ({ mutator, request }) => mutator === "VMIsMutator" && request.operation === "CREATE",
    );
    agree(list, (item) => {
      const ours = defaultVirtualMachineInstance(
        item.request.object as VirtualMachineInstance,
        configOf(item.configDiff),
        given,
      );
      return { ours, theirs: patched(item) };
    });
  });

  test("of virtual machines", () => {
    const list = cases<Mutation>("mutations").filter(({ mutator, allowed }) => mutator === "VMsMutator" && allowed);
    agree(list, (item) => {
      const vm = item.request.object as VirtualMachine;
      const old = item.request.operation === "UPDATE" ? vm : undefined;
      const ours = defaultVirtualMachine(vm, configOf(item.configDiff), given, old);
      return { ours: withoutOwn(ours), theirs: patched(item) };
    });
  });

  test("of matchers that are refused", () => {
    const list = cases<Mutation>("mutations").filter(
      ({ mutator, allowed, request, test: name }) =>
        mutator === "VMsMutator" && !allowed && request.operation === "CREATE" && !name.includes("find"),
    );
    expect(list.length).toBeGreaterThan(3);
    for (const { request, causes, configDiff, test: name } of list) {
      const vm = request.object as VirtualMachine;
      const ours = validateVirtualMachine(
        { ...vm, apiVersion: "kubevirt.io/v1", kind: "VirtualMachine" },
        configOf(configDiff),
      )
        .filter((cause) => /^spec\.(instancetype|preference)/.test(cause.field))
        .map(({ reason, field }) => `${reason} ${field}`);
      expect(ours, name).toEqual(causes?.map(({ reason, field }) => `${reason} ${field}`));
    }
  });
});

function agree(
  list: readonly (Mutation & { readonly test: string; readonly id: string; readonly configDiff?: object | null })[],
  both: (item: (typeof list)[number]) => { readonly ours: object; readonly theirs: object },
): void {
  let same = 0;
  for (const item of list) {
    const why = differing(item);
    const { ours, theirs } = both(item);
    const noArchitecture = JSON.stringify(item.configDiff).includes('"defaultArchitecture":null');
    const strip = (value: object) => {
      const result = comparable(value) as { spec: { architecture?: string } };
      if (noArchitecture) delete result.spec.architecture;
      return result;
    };
    if (why === undefined) {
      expect(strip(ours), item.test).toEqual(strip(theirs));
      same += 1;
    } else expect(strip(ours), `${item.test} differs on purpose: ${why}`).not.toEqual(strip(theirs));
  }
  console.log(`${same} of ${list.length} agree, the others differ on purpose`);
}
