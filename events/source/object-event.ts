/** The event about an object: Knative's type, subject and attributes, then ours for filters that need no data. */
import { z } from "zod";
import { apiVersionOf, controllerOf, keyOf, type Key, type Kind, type KubeObject, type Stored } from "#api/object.ts";
import type { EventType } from "../catalogue.ts";
import { PORTABLE_VALUE, type CloudEvent } from "../cloud-event.ts";
import type { Clock } from "../clock.ts";
import { makeEvent } from "../make-event.ts";

export interface ObjectEventParts {
  readonly type: EventType;
  readonly kind: Kind;
  readonly object: Stored<KubeObject>;
  readonly source: string;
  /** Told apart from other events of the same object and version: the verb, or which deadline. */
  readonly occasion: string;
  readonly clock: Clock;
}

export function objectEvent({ type, kind, object, source, occasion, clock }: ObjectEventParts): CloudEvent {
  const { metadata } = object;
  const apiVersion = apiVersionOf(kind);
  const phase = phaseOf(object);
  const extensions: Record<string, string> = { kind: kind.kind, apiversion: apiVersion, name: metadata.name };
  if (metadata.namespace !== undefined) extensions["namespace"] = metadata.namespace;
  extensions["uid"] = metadata.uid;
  extensions["resourceversion"] = metadata.resourceVersion;
  if (metadata.generation !== undefined) extensions["generation"] = String(metadata.generation);
  if (phase !== undefined) extensions["phase"] = phase;
  return makeEvent({
    type,
    source,
    key: machineKeyOf(kind, object),
    id: `${metadata.uid}.${metadata.resourceVersion}.${occasion}`,
    subject: `/apis/${apiVersion}/namespaces/${metadata.namespace ?? ""}/${kind.plural}/${metadata.name}`,
    extensions,
    data: withoutManagedFields(object),
    clock,
  });
}

const MACHINE_KINDS: ReadonlySet<string> = new Set(["VirtualMachine", "VirtualMachineInstance"]);
const MACHINE_GROUP = "kubevirt.io/";

/**
 * The machine that an object belongs to, since all work on one machine is done one at a time: a VM's and a VMI's own
 * key (a VMI is called as its VM), the controlling owner's for what they control, else the object's own.
 */
export function machineKeyOf(kind: Pick<Kind, "group" | "kind">, object: KubeObject): Key {
  if (kind.group === "kubevirt.io" && MACHINE_KINDS.has(kind.kind)) return keyOf(object);
  const owner = controllerOf(object);
  if (owner !== undefined && MACHINE_KINDS.has(owner.kind) && owner.apiVersion.startsWith(MACHINE_GROUP)) {
    return keyOf({ metadata: { ...object.metadata, name: owner.name } });
  }
  return keyOf(object);
}

/** The same, of an event about an object that another source tells, such as Knative's own: it has the object in its data. */
export function machineKeyIn({ type, data, extensions }: CloudEvent): Key | undefined {
  if (!type.startsWith("dev.knative.apiserver.resource.")) return undefined;
  const object = Described.safeParse(data);
  if (!object.success) return undefined;
  const [group = "", version] = (extensions["apiversion"] ?? "").split("/");
  const kind = { group: version === undefined ? "" : group, kind: extensions["kind"] ?? "" };
  return machineKeyOf(kind, object.data as unknown as KubeObject);
}

/** As much of an object as keys are made from. */
const Described = z.looseObject({
  metadata: z.looseObject({
    name: z.string().min(1),
    namespace: z.string().optional(),
    ownerReferences: z
      .array(
        z.looseObject({
          apiVersion: z.string(),
          kind: z.string(),
          name: z.string(),
          controller: z.boolean().optional(),
        }),
      )
      .optional(),
  }),
});

/** A phase with characters that not every wire carries is left out: filters on it then do not match. */
function phaseOf(object: KubeObject): string | undefined {
  const { status } = object as KubeObject & { readonly status?: { readonly phase?: unknown } };
  const phase = status?.phase;
  return typeof phase === "string" && PORTABLE_VALUE.test(phase) ? phase : undefined;
}

/** Who set which field is of no use to functions and the largest part of many objects. */
function withoutManagedFields(object: Stored<KubeObject>): KubeObject {
  if (object.metadata.managedFields === undefined) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}
