/** Effects, performed: what changes state in the decision's own order, then what tells of it. */
import { hash } from "node:crypto";
import { KubeEvent } from "#api/core.ts";
import { apiVersionOf, controllerOf, keyOf, rfc3339, type Key, type KubeObject, type Stored } from "#api/object.ts";
import type { Broker } from "#events/broker-types.ts";
import type { Clock } from "#events/clock.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Writer } from "#events/cluster.ts";
import { asFault, Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import type { Nodes } from "#events/machine.ts";
import { makeEvent } from "#events/make-event.ts";
import { sameJson } from "#events/json.ts";
import { applyMergePatch, mergePatch } from "#events/merge-patch.ts";
import type { Decision, Effect, FunctionDefinition } from "./define.ts";

export interface EffectParts {
  readonly writer: Writer;
  readonly nodes: Nodes;
  readonly broker: Pick<Broker, "publish">;
  readonly clock: Clock;
  readonly log: Log;
  readonly source?: string;
}

export interface Work {
  readonly definition: FunctionDefinition;
  readonly decision: Decision;
  readonly event: CloudEvent;
  readonly key: Key;
}

type Of<D extends Effect["do"]> = Extract<Effect, { readonly do: D }>;
type Change = Exclude<Effect, Of<"emit" | "record">>;

const SOURCE = "/virtive/functions";
/** Kubernetes Events come behind what they tell of: a write of one would hold up the next step, which somebody waits for. */
const RECORD_AFTER_MILLISECONDS = 150;

/** @throws Fault of the first effect that fails, once none is on its way; those after it are not performed */
export async function perform(parts: EffectParts, work: Work): Promise<void> {
  const effects = merged(work.decision.effects);
  /** uid → the object as this decision has left it. */
  const written = new Map<string, Stored<KubeObject>>();
  for (const step of stepsOf(effects)) {
    const [alone, ...others] = step;
    if (alone !== undefined && others.length === 0) {
      await change(parts, alone, written);
      continue;
    }
    const results = await Promise.allSettled(step.map((effect) => change(parts, effect, written)));
    const failed = results.find((result) => result.status === "rejected");
    if (failed !== undefined) throw failed.reason;
  }
  for (const effect of effects) {
    if (effect.do === "emit") await emit(parts, effect, work);
    else if (effect.do === "record") record(parts, effect, work);
  }
}

function tells(effect: Effect): effect is Of<"emit" | "record"> {
  return effect.do === "emit" || effect.do === "record";
}

/** Those that change state, in their order; those of one step side by side. */
function stepsOf(effects: readonly Effect[]): readonly (readonly Change[])[] {
  const steps: Change[][] = [];
  for (const effect of effects) {
    if (tells(effect)) continue;
    const last = steps.at(-1);
    if (last !== undefined && effect.do === "patch" && effect.beside === true) last.push(effect);
    else steps.push([effect]);
  }
  return steps;
}

/** Patches of the same part of the same object become one, in the place of the first. */
function merged(effects: readonly Effect[]): readonly Effect[] {
  if (effects.length < 2) return effects;
  const result: Effect[] = [];
  for (const effect of effects) {
    const same = effect.do === "patch" ? result.findIndex((other) => isSamePart(other, effect)) : -1;
    const first = result[same];
    if (effect.do === "patch" && first?.do === "patch")
      result[same] = { ...first, after: rebased(effect, first.after) };
    else result.push(effect);
  }
  return result;
}

function isSamePart(other: Effect, effect: Of<"patch">): boolean {
  return other.do === "patch" && other.part === effect.part && other.before.metadata.uid === effect.before.metadata.uid;
}

/** The change that the patch makes, made to the object as it is by now. */
function rebased(effect: Of<"patch">, now: KubeObject): KubeObject {
  const difference = mergePatch({ ...effect.before }, { ...effect.after });
  return difference === undefined ? now : (applyMergePatch(now, difference) as unknown as KubeObject);
}

async function change(parts: EffectParts, effect: Change, written: Map<string, Stored<KubeObject>>): Promise<void> {
  switch (effect.do) {
    case "patch": {
      const before = written.get(effect.before.metadata.uid);
      const stored =
        before === undefined
          ? await parts.writer.patch(effect.kind, effect.before, effect.after, effect.part)
          : await parts.writer.patch(effect.kind, before, rebased(effect, before), effect.part);
      written.set(stored.metadata.uid, stored);
      return;
    }
    case "create":
      return create(parts, effect);
    case "remove": {
      const { gracePeriodSeconds } = effect;
      const options = gracePeriodSeconds === undefined ? {} : { gracePeriodSeconds };
      await parts.writer.remove(effect.kind, effect.object, options);
      return;
    }
    case "order": {
      const version = "version" in effect.of ? effect.of.version : versionOf(effect.of, written);
      await parts.nodes.order({ ...effect.order, version });
      return;
    }
    case "forget":
      return parts.nodes.forget(effect.node, effect.uid, effect.epoch);
    case "act":
      return parts.nodes.act(effect.node, effect.uid, effect.epoch, effect.action);
  }
}

function versionOf(object: Stored<KubeObject>, written: ReadonlyMap<string, Stored<KubeObject>>): string {
  return (written.get(object.metadata.uid) ?? object).metadata.resourceVersion;
}

/** @throws Fault later when the name is another's that is going, refused when it is another's */
async function create(parts: EffectParts, { kind, object }: Of<"create">): Promise<void> {
  const { created, object: there } = await parts.writer.create(kind, object);
  if (!created && controllerOf(object)?.uid !== controllerOf(there)?.uid) {
    const what = `${kind.kind} ${keyOf(object)}`;
    if (there.metadata.deletionTimestamp !== undefined) {
      throw new Fault("later", "NameBusy", `${what} of another owner is still going`, { retryAfterSeconds: 1 });
    }
    throw new Fault("refused", "NameTaken", `${what} exists and belongs to another owner`);
  }
  const { status } = object as { readonly status?: unknown };
  if (status === undefined || sameJson(status, (there as { readonly status?: unknown }).status)) return;
  await parts.writer.patch(kind, there, { ...there, status } as KubeObject, "status");
}

async function emit(parts: EffectParts, effect: Of<"emit">, { event }: Work): Promise<void> {
  const { type, key, data, extensions = {} } = effect;
  await parts.broker.publish(
    makeEvent({ type, source: parts.source ?? SOURCE, key, data, extensions, cause: event, clock: parts.clock }),
  );
}

/**
 * A Kubernetes Event. Named by what it says, so that saying it again adds none. Nobody waits for it: one that can't be
 * written is worth a log line, not another try of a decision whose work is done.
 */
function record(parts: EffectParts, effect: Of<"record">, { definition }: Work): void {
  const { about, type, reason, message } = effect;
  const { uid, namespace = "default", name, resourceVersion } = about.metadata;
  const digest = hash("sha256", `${uid} ${resourceVersion} ${reason} ${message}`).slice(0, 16);
  const time = rfc3339(parts.clock.now());
  const object: KubeEvent = {
    apiVersion: apiVersionOf(KubeEvent),
    kind: KubeEvent.kind,
    metadata: { name: `${name.slice(0, 200).replace(/[.-]+$/, "")}.${digest}`, namespace },
    involvedObject: { apiVersion: about.apiVersion, kind: about.kind, namespace, name, uid, resourceVersion },
    type,
    reason,
    message: message.slice(0, 1024),
    source: { component: `virtive-${definition.name}` },
    reportingComponent: `virtive-${definition.name}`,
    firstTimestamp: time,
    lastTimestamp: time,
    count: 1,
  };
  parts.clock.schedule(RECORD_AFTER_MILLISECONDS, () => {
    parts.writer.create(KubeEvent, object).catch((thrown: unknown) => {
      parts.log.warn(
        { about: keyOf(about), reason, fault: asFault(thrown).reason },
        "a Kubernetes Event was not written",
      );
    });
  });
}

/** An effect in a few words, without what it carries. */
export function summary(effect: Effect): string {
  switch (effect.do) {
    case "patch":
      return `patch ${effect.kind.kind}${effect.part === "status" ? " status" : ""}`;
    case "create":
      return `create ${effect.kind.kind} ${effect.object.metadata.name}`;
    case "remove":
      return `remove ${effect.kind.kind} ${effect.object.metadata.name}`;
    case "order":
      return `order ${effect.order.desired} on ${effect.order.claim.node}`;
    case "forget":
      return `forget on ${effect.node}`;
    case "act":
      return `${effect.action} on ${effect.node}`;
    case "emit":
      return `emit ${effect.type.type}`;
    case "record":
      return `record ${effect.reason}`;
  }
}
