/**
 * Known-bad variants: each takes away one of the things that hold the whole together, by a seam, and the simulator must
 * notice. A simulator that catches nothing proves nothing.
 */
import { Node, Pod } from "#api/core.ts";
import type { KubeObject, Stored } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { objectEvents } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import type { Clock } from "#events/clock.ts";
import type { Cluster } from "#events/cluster.ts";
import { Fault } from "#events/fault.ts";
import type { AttendFacts } from "#functions/attend.ts";
import type { Decision, Effect, FunctionDefinition } from "#functions/define.ts";
import type { MoveFacts } from "#functions/migrate/move.ts";
import { DATA_VOLUMES_READY } from "#functions/provision.ts";
import type { RunFacts } from "#functions/run/run.ts";
import type { ScheduleFacts } from "#functions/schedule/schedule.ts";
import type { Hypervisor } from "#node-runtime/hypervisor.ts";
import type { Peers } from "#node-runtime/migration/peers.ts";
import { SETTINGS, type Setting } from "./plan.ts";
import { asTheyAre, type HeldMachines, type OnNode, type Seams } from "./seams.ts";

export interface Mutation {
  /** What is wrong with it. */
  readonly wrong: string;
  /** It must be caught by the time that so many seeds, from 1, have been lived. */
  readonly withinSeeds: number;
  /** In histories in which guests move, or nodes are drained as well. Default: in plain ones. */
  readonly kind?: Exclude<keyof typeof SETTINGS, "plain">;
  /** Anew for each history: some keep notes. */
  readonly seams: () => Seams;
}

type Patch = Extract<Effect, { readonly do: "patch" }>;

export const mutations = {
  "epoch-check-off": {
    wrong: "a node takes every order, however old its epoch, its version or the boot that it names",
    // Late orders have become rare since functions wake less often: seed 347 is the first with one that does harm.
    withinSeeds: 1000,
    seams: () => ({ ...asTheyAre, machines: takesEverything }),
  },
  "order-before-claim": {
    wrong: "boot orders the node first and writes the claim after it",
    withinSeeds: 150,
    seams: () => deciding("boot", (decision) => ({ ...decision, effects: decision.effects.toReversed() })),
  },
  "claim-not-compared": {
    wrong: "a patch is written whatever was written since it was decided",
    withinSeeds: 800,
    seams: () => ({ ...asTheyAre, cluster: overwriting }),
  },
  "no-second-look": {
    wrong: "what a watch has not told of yet is taken for gone",
    withinSeeds: 100,
    seams: () => ({ ...asTheyAre, present: () => undefined }),
  },
  "no-resync": {
    wrong: "nodes and instances are never compared",
    kind: "drains",
    withinSeeds: 100,
    seams: () => ({ ...asTheyAre, functions: (all) => all.filter(({ name }) => name !== "resync") }),
  },
  "outbox-forgets-early": {
    wrong: "a report is sent once, whether it is taken or not",
    withinSeeds: 60,
    seams: () => ({
      ...asTheyAre,
      outbox: (outbox, send) => ({ ...outbox, add: (event) => void send(event).catch(() => undefined) }),
    }),
  },
  "record-not-synced": {
    wrong: "a record is on disk a moment after its writer goes on",
    withinSeeds: 20,
    seams: () => ({
      ...asTheyAre,
      disk: (disk, { content, after }) => ({
        ...disk,
        replace: async (path, text, lasting) => after(200, () => content.write(path, text, lasting)),
      }),
    }),
  },
  "names-not-derived": {
    wrong: "each try to create the anchor pod gives it another name",
    withinSeeds: 60,
    seams: () => {
      let pods = 0;
      return deciding("schedule", (decision) => ({
        ...decision,
        effects: decision.effects.map((effect) =>
          effect.do === "create" && effect.kind === Pod ? renamed(effect, `pod-${(pods += 1)}`) : effect,
        ),
      }));
    },
  },
  "not-paused-first": {
    wrong: "a domain runs as soon as it is created",
    withinSeeds: 20,
    seams: () => ({
      ...asTheyAre,
      hypervisor: (hypervisor) => ({
        ...hypervisor,
        get connected() {
          return hypervisor.connected;
        },
        async createPaused(xml) {
          await hypervisor.createPaused(xml);
          await hypervisor.resume(/<uuid>([^<]+)</.exec(xml)?.[1] ?? "");
        },
      }),
    }),
  },
  "finalizer-off-early": {
    wrong: "an instance that is deleted is let go before its machine has ended",
    withinSeeds: 20,
    seams: () =>
      deciding("release", (decision, facts) => {
        const { vmi } = facts as { readonly vmi: Stored<VirtualMachineInstance> };
        if (vmi.metadata.deletionTimestamp === undefined || (vmi.metadata.finalizers ?? []).length === 0)
          return decision;
        const after = { ...vmi, metadata: { ...vmi.metadata, finalizers: [] } };
        return {
          effects: [{ do: "patch", kind: VirtualMachineInstance, before: vmi, after, part: "object" }],
          because: "it is being deleted",
        };
      }),
  },
  "silence-taken-for-death": {
    wrong: "an instance whose node is silent is declared failed",
    withinSeeds: 60,
    seams: () =>
      deciding("observe", (decision) => ({
        ...decision,
        effects: decision.effects.map((effect) => (effect.do === "patch" ? failedIfUnknown(effect) : effect)),
      })),
  },
  "no-deadline-of-nodes": {
    wrong: "nobody looks again when heartbeats stay away",
    withinSeeds: 100,
    seams: () => ({
      ...asTheyAre,
      deadlineOf: (deadlineOf) => (kind, object) => (kind === Node ? undefined : deadlineOf(kind, object)),
    }),
  },
  "own-lateness-counted": {
    wrong: "a node counts as silent while control itself stands still",
    withinSeeds: 60,
    seams: () => ({
      ...asTheyAre,
      rollCall: (rollCall) => ({
        ...rollCall,
        listening: (node) => ({ since: rollCall.since, lastHeard: rollCall.last(node)?.at }),
      }),
    }),
  },
  "newest-coalesced-away": {
    wrong: "of changes of one object within two seconds only the first is told",
    withinSeeds: 100,
    seams: () => {
      const told = new Map<string, number>();
      return {
        ...asTheyAre,
        publish: (publish) => (event) => (isTooSoon(event, told) ? Promise.resolve() : publish(event)),
      };
    },
  },
  "late-boots-believed": {
    wrong: "a heartbeat of an earlier boot of the node counts as a new boot",
    // With outages there are more boots to confuse: seed 509, where plain histories take 2,532.
    kind: "drains",
    withinSeeds: 1000,
    seams: () => reading("attend", withHeartbeatsBelieved),
  },
  "lost-answer-is-no": {
    wrong: "a source that hears nothing from the target lets the guest go on",
    withinSeeds: 100,
    kind: "moves",
    seams: () => ({ ...asTheyAre, peers: takingSilenceForNo }),
  },
  "arrival-not-awaited": {
    wrong: "the claim is passed on as soon as the target receives the guest",
    withinSeeds: 60,
    kind: "moves",
    seams: () => reading("move", withArrivalBelieved),
  },
  "address-left-behind": {
    wrong: "a guest's address goes on leading to the pod that it has left",
    withinSeeds: 20,
    kind: "moves",
    seams: () => ({ ...asTheyAre, network: (network) => ({ ...network, hold: () => Promise.resolve() }) }),
  },
  "disks-not-awaited": {
    wrong: "the first instance is made before the VM's disks are filled",
    withinSeeds: 20,
    kind: "disks",
    seams: () => reading("run", withDisksBelieved),
  },
  "half-a-disk": {
    wrong: "a claim is used as soon as it is there, filled or not",
    withinSeeds: 20,
    kind: "disks",
    seams: () => reading("schedule", withClaimsBelieved),
  },
  "disks-without-owner": {
    wrong: "a DataVolume does not go with its VM",
    withinSeeds: 20,
    kind: "disks",
    seams: () =>
      deciding("provision", (decision) => ({
        ...decision,
        effects: decision.effects.map((effect) => (effect.do === "create" ? withoutOwner(effect) : effect)),
      })),
  },
  "due-while-set": {
    wrong: "an alarm of a driver whose time comes while it is set never rings",
    kind: "disks",
    withinSeeds: 100,
    seams: () => ({ ...asTheyAre, clock: (clock) => ({ ...clock, schedule: ringingOnlyIfAhead(clock) }) }),
  },
  "boot-told-early": {
    wrong: "a node that has lost its files tells of a new boot while machines of the one before run",
    withinSeeds: 60,
    seams: () => ({ ...asTheyAre, hypervisor: listingNothingAtFirst }),
  },
} as const satisfies Record<string, Mutation>;

/** The histories in which it shows. */
export function settingOf(mutation: Mutation): Setting {
  return SETTINGS[mutation.kind ?? "plain"];
}

/** @throws when there is none of the name */
export function mutationOf(name: string): Mutation {
  const found = Object.entries(mutations).find(([known]) => known === name)?.[1];
  if (found !== undefined) return found;
  throw new Error(`there is no mutation "${name}"; there are: ${Object.keys(mutations).join(", ")}`);
}

/** One function decides otherwise. */
function deciding(name: string, change: (decision: Decision, facts: unknown) => Decision): Seams {
  return replacing(name, (real) => ({
    ...real,
    decide: (facts, now) => change(real.decide(facts, now), facts),
  }));
}

/** One function sees other facts. */
function reading(name: string, change: (facts: unknown) => unknown): Seams {
  return replacing(name, (real) => ({
    ...real,
    read: async (looks, key) => change(await real.read(looks, key)),
  }));
}

function replacing(name: string, change: (real: FunctionDefinition) => FunctionDefinition): Seams {
  return { ...asTheyAre, functions: (all) => all.map((one) => (one.name === name ? change(one) : one)) };
}

const CHECKED: ReadonlySet<string> = new Set(["EpochTooOld", "VersionTooOld", "BootIDMismatch"]);

function takesEverything(machines: HeldMachines, { bootID }: OnNode): HeldMachines {
  return {
    order: async (order) => {
      try {
        return await machines.order(order);
      } catch (thrown) {
        if (!(thrown instanceof Fault) || !CHECKED.has(thrown.reason)) throw thrown;
        const known = machines.status(order.uid);
        const epoch = Math.max(known?.claim.epoch ?? 0, order.claim.epoch) + 1;
        return machines.order({ ...order, claim: { ...order.claim, bootID, epoch } });
      }
    },
    forget: (uid, epoch) => machines.forget(uid, machines.status(uid)?.claim.epoch ?? epoch),
    act: (uid, epoch, action) => machines.act(uid, epoch, action),
    all: () => machines.all(),
    status: (uid) => machines.status(uid),
    usesPod: (podUID) => machines.usesPod(podUID),
    comesFrom: (uid) => machines.comesFrom(uid),
    prepareArrival: (uid, request) => machines.prepareArrival(uid, request),
    finishArrival: (uid, request) => machines.finishArrival(uid, request),
  };
}

function overwriting(cluster: Cluster): Cluster {
  return {
    ...cluster,
    async patch(kind, before, after, part) {
      try {
        return await cluster.patch(kind, before, after, part);
      } catch (thrown) {
        if (!(thrown instanceof Fault) || thrown.kind !== "stale") throw thrown;
        const { namespace, name } = before.metadata;
        const now = await cluster.get(kind, namespace === undefined ? { name } : { namespace, name });
        if (now === undefined) throw thrown;
        return cluster.patch(kind, now, { ...after, metadata: { ...now.metadata, ...metadataOf(after) } }, part);
      }
    },
  };
}

function metadataOf({ metadata }: KubeObject): Partial<KubeObject["metadata"]> {
  const { resourceVersion: _version, ...rest } = metadata;
  return rest;
}

function renamed(effect: Extract<Effect, { readonly do: "create" }>, name: string): Effect {
  return { ...effect, object: { ...effect.object, metadata: { ...effect.object.metadata, name } } };
}

function failedIfUnknown(patch: Patch): Patch {
  const after = patch.after as VirtualMachineInstance;
  if (after.status?.phase !== "Unknown") return patch;
  return { ...patch, after: { ...after, status: { ...after.status, phase: "Failed" } } as KubeObject };
}

const TOO_SOON_MILLISECONDS = 2_000;

function isTooSoon(event: CloudEvent, told: Map<string, number>): boolean {
  if (event.type !== objectEvents.updated.type) return false;
  const about = event.extensions["uid"] ?? "";
  const at = Date.parse(event.time ?? "");
  const last = told.get(about);
  if (last !== undefined && at - last < TOO_SOON_MILLISECONDS && at >= last) return true;
  told.set(about, at);
  return false;
}

function withHeartbeatsBelieved(facts: unknown): unknown {
  const { heartbeat, ...rest } = (facts ?? {}) as AttendFacts;
  if (heartbeat === undefined) return facts;
  return { ...rest, heartbeat: { ...heartbeat, present: { known: "yes", bootID: heartbeat.said.bootID } } };
}

function takingSilenceForNo(peers: Peers): Peers {
  return {
    ...peers,
    finish: (at, request) =>
      peers.finish(at, request).catch((thrown: unknown) => {
        if (thrown instanceof Fault && thrown.reason === "PeerUnreachable") return { ran: false, cookie: "" };
        throw thrown;
      }),
  };
}

function withArrivalBelieved(facts: unknown): unknown {
  const known = facts as MoveFacts | undefined;
  if (known?.target?.known !== "yes" || known.target.status.move?.phase !== "receiving") return facts;
  const { status } = known.target;
  return { ...known, target: { known: "yes", status: { ...status, move: { ...status.move, phase: "arrived" } } } };
}

function withDisksBelieved(facts: unknown): unknown {
  if (facts === undefined) return facts;
  const { vm, ...rest } = facts as RunFacts;
  const filled = { type: DATA_VOLUMES_READY, status: "True" } as const;
  return { ...rest, vm: { ...vm, status: { ...vm.status, conditions: [filled] } } };
}

function withClaimsBelieved(facts: unknown): unknown {
  if (facts === undefined) return facts;
  const { claims, ...rest } = facts as ScheduleFacts;
  return { ...rest, claims: claims.map(({ unusable: _, ...claim }) => claim) };
}

function withoutOwner(effect: Extract<Effect, { readonly do: "create" }>): Effect {
  const { ownerReferences: _, ...metadata } = effect.object.metadata;
  return { ...effect, object: { ...effect.object, metadata } };
}

function ringingOnlyIfAhead(clock: Clock): Clock["schedule"] {
  return (milliseconds, action) => (milliseconds > 0 ? clock.schedule(milliseconds, action) : () => undefined);
}

/** The first list that a runtime asks for is that of its boot identity, where it has one to make. */
function listingNothingAtFirst(hypervisor: Hypervisor): Hypervisor {
  let lists = 0;
  return {
    ...hypervisor,
    get connected() {
      return hypervisor.connected;
    },
    list: async () => ((lists += 1) === 1 ? [] : hypervisor.list()),
  };
}
