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
}

/** The parts of pods and instances that say where they are and how far. */
type Placed = KubeObject & {
  readonly spec?: { readonly nodeName?: string };
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

export function isSelected(object: KubeObject, { namespace, labels, node, phase }: Selection): boolean {
  const { metadata } = object;
  if (namespace !== undefined && metadata.namespace !== namespace) return false;
  if (node !== undefined && nodeOf(object) !== node) return false;
  if (phase !== undefined && phaseOf(object) !== phase) return false;
  for (const name in labels) if (metadata.labels?.[name] !== labels[name]) return false;
  return true;
}
