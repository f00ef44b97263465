/** Which objects of a kind a reader asks for, and whether one is among them. */
import type { KubeObject } from "#api/object.ts";

/** All that is given must hold. */
export interface Selection {
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** The node that the object is on: a pod's `spec.nodeName`, an instance's `status.nodeName`. */
  readonly node?: string | undefined;
  /** `status.phase`; an object without one is Pending, as in Kubernetes. */
  readonly phase?: string | undefined;
  /** The instance that the object is about: a migration's `spec.vmiName`. */
  readonly instance?: string | undefined;
}

/** The parts of objects that say where they are, how far, and about what. */
type Placed = KubeObject & {
  readonly spec?: { readonly nodeName?: string; readonly vmiName?: string };
  readonly status?: { readonly nodeName?: string; readonly phase?: string };
};

/** Undefined for what is on no node. */
export function nodeOf(object: KubeObject): string | undefined {
  const { spec, status } = object as Placed;
  return spec?.nodeName ?? status?.nodeName;
}

export function phaseOf(object: KubeObject): string {
  return (object as Placed).status?.phase ?? "Pending";
}

/** Undefined for what is no migration. */
export function instanceOf(object: KubeObject): string | undefined {
  return (object as Placed).spec?.vmiName;
}

export function isSelected(object: KubeObject, selection: Selection): boolean {
  const { namespace, labels, node, phase, instance } = selection;
  const { metadata } = object;
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  if (node !== undefined && nodeOf(object) !== node) return false;
  if (phase !== undefined && phaseOf(object) !== phase) return false;
  if (instance !== undefined && instanceOf(object) !== instance) return false;
  for (const name in labels) if (metadata.labels?.[name] !== labels[name]) return false;
  return true;
}
