/** Why a node can't take an instance: one filter a reason, in the order in which they are told. Pure. */
import type { Node, Toleration } from "#api/core.ts";
import { annotation, label } from "#api/names.ts";
import { conditionOf } from "#api/object.ts";
import { runtimeIsReady } from "../machine-facts.ts";
import { matchesTerm, requiredTerms } from "./node-affinity.ts";
import type { Candidate, Need } from "./placement.ts";

/** Answers why not, or undefined when the node passes. Free amounts are told in MiB and milli-CPU. */
type Filter = (need: Need, candidate: Candidate) => string | undefined;

export const filters: readonly Filter[] = [
  function ready(_need, { node }) {
    return conditionOf(node, "Ready")?.status === "True" ? undefined : "the node is not Ready";
  },
  function runtime(_need, { node }) {
    if (node.metadata.annotations?.[annotation.runtimeURL] === undefined) return "no node runtime has reported from it";
    if (runtimeIsReady(node) && node.metadata.labels?.[label.schedulable] === "true") return undefined;
    return "its node runtime or hypervisor is not ready";
  },
  function cordoned(_need, { node }) {
    return node.spec?.unschedulable === true ? "it is cordoned" : undefined;
  },
  function taints(need, { node }) {
    const untolerated = (node.spec?.taints ?? []).find(
      (taint) =>
        taint.effect !== "PreferNoSchedule" && !(need.spec.tolerations ?? []).some((one) => tolerates(one, taint)),
    );
    return untolerated === undefined
      ? undefined
      : `taint ${untolerated.key}=${untolerated.value ?? ""}:${untolerated.effect} is not tolerated`;
  },
  function nodeSelector(need, { node }) {
    const missing = Object.entries(need.spec.nodeSelector ?? {}).find(
      ([name, value]) => node.metadata.labels?.[name] !== value,
    );
    return missing === undefined ? undefined : `its labels do not have ${missing[0]}=${missing[1]} (nodeSelector)`;
  },
  function nodeAffinity(need, { node }) {
    const terms = requiredTerms(need.spec.affinity);
    if (terms === undefined || terms.some((term) => matchesTerm(term, node))) return undefined;
    return "it matches no term of the required node affinity";
  },
  function memory({ requests }, { room }) {
    if (requests.memoryBytes <= room.memoryBytes) return undefined;
    return `${inMiB(room.memoryBytes)} MiB of memory are free, ${inMiB(requests.memoryBytes)} MiB are needed`;
  },
  function cpu({ requests }, { room }) {
    if (requests.milliCPU <= room.milliCPU) return undefined;
    return `${Math.max(0, room.milliCPU)}m of CPU are free, ${requests.milliCPU}m are needed`;
  },
  function places(_need, { room }) {
    return room.pods >= 1 ? undefined : "it has as many pods as it takes";
  },
];

function inMiB(bytes: number): number {
  return Math.max(0, Math.floor(bytes / 2 ** 20));
}

type Taint = NonNullable<NonNullable<Node["spec"]>["taints"]>[number];

function tolerates(toleration: Partial<Record<keyof Toleration, unknown>>, taint: Taint): boolean {
  if (toleration.effect !== undefined && toleration.effect !== "" && toleration.effect !== taint.effect) return false;
  const exists = toleration.operator === "Exists";
  if (toleration.key === undefined || toleration.key === "") return exists;
  if (toleration.key !== taint.key) return false;
  return exists || (toleration.value ?? "") === (taint.value ?? "");
}
