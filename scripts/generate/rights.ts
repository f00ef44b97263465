/** What a function may do in a cluster, from what it declares to read and to write: the rules of its role. Pure. */
import { ConfigMap, KubeEvent, Namespace, Node, PersistentVolumeClaim, Pod, Secret } from "#api/core.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { DataVolume } from "#api/data-volume.ts";
import type { Kind } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { MigrationPolicy } from "#api/migration-policy.ts";
import { KubeVirt } from "#api/kubevirt.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import type { FunctionDefinition } from "#functions/define.ts";

/** One verb on one resource, as an authoriser is asked. */
export interface Right {
  readonly group: string;
  /** With its subresource: "virtualmachines/status". */
  readonly resource: string;
  readonly verb: string;
}

export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
}

const kinds: readonly Kind[] = [
  VirtualMachine,
  VirtualMachineInstance,
  VirtualMachineInstanceMigration,
  MigrationPolicy,
  KubeVirt,
  Pod,
  Node,
  Secret,
  ConfigMap,
  PersistentVolumeClaim,
  DataVolume,
  CustomResourceDefinition,
  Namespace,
  KubeEvent,
];

/**
 * Who owns what functions create. An owner that waits for its dependants' end may be named only by who may change its
 * finalizers, where the admission plugin OwnerReferencesPermissionEnforcement is on.
 */
const owners: Readonly<Record<string, Kind>> = {
  [Pod.kind]: VirtualMachineInstance,
  [VirtualMachineInstance.kind]: VirtualMachine,
  [DataVolume.kind]: VirtualMachine,
};

const VERBS = ["get", "list", "watch", "create", "update", "patch", "delete"];

function kindNamed(name: string): Kind {
  const kind = kinds.find((one) => one.kind === name);
  if (kind === undefined) throw new Error(`${name} is not a kind that functions read or write: rights.ts lists them`);
  return kind;
}

export function rightsOn(kind: Kind, verb: string, subresource?: string): Right {
  return { group: kind.group, resource: `${kind.plural}${subresource === undefined ? "" : `/${subresource}`}`, verb };
}

/** @throws Error when it declares a kind that is not known here */
export function rightsOf({ reads, writes }: Pick<FunctionDefinition, "reads" | "writes">): readonly Right[] {
  const read = reads.map((declared) => {
    const [name = "", verb = ""] = declared.split(".");
    if (verb !== "get" && verb !== "list")
      throw new Error(`reads: "${declared}" is neither "Kind.get" nor "Kind.list"`);
    return rightsOn(kindNamed(name), verb);
  });
  return distinct([...read, ...writes.flatMap(rightsToWrite)]);
}

function rightsToWrite(declared: string): readonly Right[] {
  // Whether that Event is there already is looked up, as for whatever is created.
  if (declared === "record") return [rightsOn(KubeEvent, "create"), rightsOn(KubeEvent, "get")];
  // Orders and events: no objects.
  if (!/^[A-Z]/.test(declared)) return [];
  const [name = "", part = ""] = declared.replace(/=.*/, "").split(".");
  const kind = kindNamed(name);
  if (part === "remove") return [rightsOn(kind, "delete")];
  if (part === "status") return [rightsOn(kind, "patch", "status")];
  if (part !== "create") return [rightsOn(kind, "patch")];
  const owner = owners[kind.kind];
  return [
    rightsOn(kind, "create"),
    rightsOn(kind, "get"),
    ...(owner === undefined ? [] : [rightsOn(owner, "update", "finalizers")]),
  ];
}

function distinct(rights: readonly Right[]): readonly Right[] {
  return [...new Map(rights.map((right) => [textOf(right), right])).values()];
}

/** "patch kubevirt.io virtualmachines/status" */
export function textOf({ group, resource, verb }: Right): string {
  return `${verb} ${group === "" ? "core" : group} ${resource}`;
}

/** A rule a resource, sorted, so that the same rights make the same text. */
export function rulesOf(rights: readonly Right[]): readonly Rule[] {
  const byResource = Map.groupBy(distinct(rights), ({ group, resource }) => `${group}/${resource}`);
  return [...byResource]
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .flatMap(([, [first, ...more]]) => {
      if (first === undefined) return [];
      const verbs = new Set([first, ...more].map(({ verb }) => verb));
      return [
        { apiGroups: [first.group], resources: [first.resource], verbs: VERBS.filter((verb) => verbs.has(verb)) },
      ];
    });
}
