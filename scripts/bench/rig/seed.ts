/** Many machines that run already: copies of one that was really started, put into the store and told to the nodes. */
import type { Node, Pod } from "#api/core.ts";
import { annotation } from "#api/names.ts";
import type { KubeObject, Stored } from "#api/object.ts";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { MachineOrder } from "#events/machine.ts";
import { anchorName } from "#functions/instance.ts";
import type { JsonObject } from "#local/apiserver/json-value.ts";
import { Store } from "#local/apiserver/store/store.ts";
import { machineName } from "../objects.ts";
import { bootIDOf } from "./model-node.ts";

/** The objects of one machine as they are while it runs, and its node's. */
export interface Sample {
  readonly vm: Stored<VirtualMachine>;
  readonly vmi: Stored<VirtualMachineInstance>;
  readonly pod: Stored<Pod>;
  readonly node: Stored<Node>;
}

export interface SeededObject {
  readonly resource: string;
  readonly object: KubeObject;
}

export interface Seeded {
  readonly objects: readonly SeededObject[];
  readonly order: MachineOrder;
}

export function machinesFrom(sample: Sample, count: number, nodes: readonly string[]): Seeded[] {
  return Array.from({ length: count }, (_, index) => machineFrom(sample, index, nodes[index % nodes.length] ?? ""));
}

/** Nodes as they were before: their runtimes take orders elsewhere by now, and have not been heard since. */
export function nodesFrom({ node }: Sample, names: readonly string[]): SeededObject[] {
  return names.map((name, index) => {
    const text = JSON.stringify(node).replaceAll(`"${node.metadata.name}"`, `"${name}"`);
    const { metadata, ...rest } = JSON.parse(text) as Stored<Node>;
    const uid = `dddddddd-0000-4000-8000-${String(index).padStart(12, "0")}`;
    const annotations = { ...metadata.annotations, [annotation.bootID]: bootIDOf(name) };
    return { resource: "nodes", object: { ...rest, metadata: { ...metadata, uid, annotations } } };
  });
}

/** By what the sample calls its things: everything else in the texts is alike in all machines. */
function machineFrom({ vm, vmi, pod }: Sample, index: number, node: string): Seeded {
  const { claim, nodeName } = vmi.status ?? {};
  if (claim === undefined || nodeName === undefined) throw new Error("the sample does not run");
  const digits = String(index).padStart(12, "0");
  const bootID = `${claim.bootID.slice(0, -12)}${node.replace(/\D/g, "").padStart(12, "0")}`;
  const uids = {
    vm: `aaaaaaaa-0000-4000-8000-${digits}`,
    vmi: `bbbbbbbb-0000-4000-8000-${digits}`,
    pod: `cccccccc-0000-4000-8000-${digits}`,
  };
  const name = machineName(index);
  const renamed: readonly (readonly [string, string])[] = [
    [vm.metadata.uid, uids.vm],
    [vmi.metadata.uid, uids.vmi],
    [pod.metadata.uid, uids.pod],
    [pod.metadata.name, "%pod%"],
    [vm.metadata.name, name],
    [claim.bootID, bootID],
    [`"${nodeName}"`, `"${node}"`],
  ];
  const copy = <T extends KubeObject>(object: T): T => {
    const text = renamed.reduce((text, [from, to]) => text.replaceAll(from, to), JSON.stringify(object));
    return JSON.parse(text.replaceAll("%pod%", podName)) as T;
  };
  const podName = anchorName({ ...vmi, metadata: { ...vmi.metadata, name, uid: uids.vmi } });
  const instance = copy(vmi);
  const anchor = copy(pod);
  const podIP = anchor.status?.podIP;
  return {
    objects: [
      { resource: "virtualmachines.kubevirt.io", object: copy(vm) },
      { resource: "virtualmachineinstances.kubevirt.io", object: instance },
      { resource: "pods", object: anchor },
    ],
    order: {
      uid: uids.vmi,
      namespace: "default",
      name,
      claim: { node, bootID, epoch: claim.epoch },
      version: "1",
      desired: "running",
      graceSeconds: 0,
      anchor: { podUID: uids.pod, podName, ...(podIP === undefined ? {} : { podIP }) },
      spec: instance.spec,
      files: {},
    },
  };
}

/** Into the store of a control plane that does not run. */
export async function seedStore(directory: string, objects: readonly SeededObject[]): Promise<void> {
  const window = { changes: 16_384, characters: 32 * 1024 * 1024 };
  const store = new Store({ directory, window, fieldsOf: () => ({}), first: "", onFirst: () => undefined });
  try {
    const outcomes = await Promise.all(
      objects.map(({ resource, object }) => {
        const { namespace = "", name } = object.metadata;
        return store.write({ resource, namespace, name, expect: 0, after: object as unknown as JsonObject });
      }),
    );
    if (outcomes.some(({ done }) => !done)) throw new Error("an object of this name is there already");
  } finally {
    store.close();
  }
}
