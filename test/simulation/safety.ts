/**
 * What must hold after every step, whatever befalls. Looks at what is really there: the API server's objects and the
 * hypervisors' domains, not what anybody believes of them.
 */
import { Pod } from "#api/core.ts";
import { conditionOf, type KubeObject, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { DeadLetter, DecisionRecord } from "#events/journal-entry.ts";
import type { MachineStatus } from "#events/machine.ts";
import type { MemoryCluster, Write } from "#events/memory-cluster.ts";
import type { Truth } from "#node-runtime/model-machine.ts";
import { watchEnds } from "./ends.ts";
import { markOf, type SimulatedNode } from "./node.ts";
import { START } from "./scheduler.ts";

type Instance = Stored<VirtualMachineInstance>;

export class Violation extends Error {
  override readonly name = "Violation";
  /** Which invariant. */
  readonly invariant: string;

  constructor(invariant: string, message: string) {
    super(`${invariant}: ${message}`);
    this.invariant = invariant;
  }
}

/** A domain of a hypervisor. */
interface LiveDomain {
  readonly node: SimulatedNode;
  readonly name: string;
  readonly uid: string;
  readonly epoch: number;
  readonly bootID: string;
  running: boolean;
  hasRun: boolean;
}

export interface Safety {
  truth(node: SimulatedNode, truth: Truth): void;
  /** A runtime asks its hypervisor to end the domain. */
  ending(node: SimulatedNode, uuid: string): void;
  /** A user asks for the end of what has this uid. */
  asked(uid: string): void;
  wrote(write: Write): void;
  decided(decision: DecisionRecord): void;
  gaveUp(letter: DeadLetter): void;
  told(node: SimulatedNode, status: MachineStatus): void;
  /** For so many seconds two control planes work: each writes what it knows, and how often is not counted. */
  crowded(seconds: number): void;
  /** Found elsewhere; the next check throws it. */
  suspect(violation: Violation | undefined): void;
  /** @throws Violation */
  check(): void;
  readonly domains: ReadonlyMap<string, LiveDomain>;
}

/** Instance phases: from → to. Running and Unknown come and go; an end is final. */
const NEXT_PHASES: Readonly<Record<string, readonly string[]>> = {
  Pending: ["Scheduling", "Failed", "Succeeded"],
  Scheduling: ["Scheduled", "Failed", "Succeeded"],
  Scheduled: ["Running", "Unknown", "Failed", "Succeeded"],
  Running: ["Unknown", "Failed", "Succeeded"],
  Unknown: ["Running", "Failed", "Succeeded"],
  Succeeded: [],
  Failed: [],
};

const UNASKED = "nobody ends a guest unasked";

/** More than any machine needs in a minute of the worst weather. */
const MOST_WRITES_A_MINUTE = 120;
const MOST_RUNS_A_MINUTE = 1500;

export function createSafety(cluster: MemoryCluster, now: () => number): Safety {
  const domains = new Map<string, LiveDomain>();
  /** uids that ever had a domain, and whose vCPUs ever ran. */
  const created = new Set<string>();
  const ran = new Set<string>();
  const runs = new Map<string, number>();
  const sequences = new Map<string, number>();
  const before = new Map<string, KubeObject>();
  const writes = createRate("writes of", MOST_WRITES_A_MINUTE, now);
  const decisions = createRate("runs of functions for", MOST_RUNS_A_MINUTE, now);
  const ends = watchEnds(cluster, domains, () => new Date(START + now()));
  let dirty = false;
  let crowdedUntil = 0;
  /** Found where it can't be thrown: in the middle of somebody's call. */
  let found: Violation | undefined;

  function violated(invariant: string, message: string): void {
    found ??= new Violation(invariant, message);
  }

  function vcpusRun(domain: LiveDomain): void {
    domain.running = true;
    if (domain.hasRun) return;
    domain.hasRun = true;
    ran.add(domain.uid);
    const claim = `${domain.uid} under epoch ${domain.epoch}`;
    const count = (runs.get(claim) ?? 0) + 1;
    runs.set(claim, count);
    if (count > 1) violated("one run a claim", `vCPUs of ${domain.name} (${claim}) began to run ${count} times`);
    const record = domain.node.disk.files.get(`/state/machines/${domain.uid}/record.json`);
    if (record?.includes('"mayHaveRun":true') !== true && !domain.node.disk.wiped) {
      violated("noted before it runs", `vCPUs of ${domain.name} run on ${domain.node.name}, and no record says so`);
    }
  }

  function checkDomains(): void {
    const instances = new Map<string, Instance>();
    for (const vmi of cluster.objects(VirtualMachineInstance).values()) instances.set(vmi.metadata.uid, vmi);
    const running = new Map<string, LiveDomain>();
    for (const domain of domains.values()) {
      if (!domain.running) continue;
      const { name, node, uid, epoch, bootID } = domain;
      const other = running.get(name);
      if (other !== undefined) {
        throw new Violation("at most one", `${name} runs on ${other.node.name} and on ${node.name}`);
      }
      running.set(name, domain);
      const vmi = instances.get(uid);
      if (vmi === undefined) {
        throw new Violation("nothing runs unowned", `${name} runs on ${node.name}, and instance ${uid} is gone`);
      }
      const phase = vmi.status?.phase ?? "Pending";
      if (phase === "Succeeded" || phase === "Failed") {
        throw new Violation("an end is an end", `instance ${name} is ${phase}, and its domain runs on ${node.name}`);
      }
      const claim = vmi.status?.claim;
      // While it moves it runs at one of both ends: that it runs at one only is said above.
      const owners = [claim, claim?.migratingTo].filter((one) => one !== undefined);
      const isOwner = (one: Owner): boolean => one.node === node.name && one.epoch === epoch && one.bootID === bootID;
      if (!owners.some(isOwner)) {
        const says = owners.length === 0 ? "nobody" : owners.map(ownerOf).join(" moving to ");
        const runs = `${node.name} ${bootID} under epoch ${epoch}`;
        throw new Violation("runs only under its claim", `${name} runs on ${runs}, and is claimed by ${says}`);
      }
    }
  }

  function instanceWritten(next: Instance): void {
    const { uid } = next.metadata;
    const old = before.get(uid) as Instance | undefined;
    const [from, to] = [old?.status?.phase ?? "Pending", next.status?.phase ?? "Pending"];
    if (from !== to && NEXT_PHASES[from]?.includes(to) !== true) {
      violated("phases go forward", `instance ${next.metadata.name} went from ${from} to ${to}`);
    }
    const [claim, fresh] = [old?.status?.claim, next.status?.claim];
    if (claim !== undefined && says(claim) !== says(fresh)) {
      if (fresh === undefined || fresh.epoch <= claim.epoch) {
        violated("a claim changes with its epoch", `${next.metadata.name}: ${says(claim)} became ${says(fresh)}`);
      }
    }
    if (to === "Running" && !created.has(uid)) {
      violated("nothing is claimed unseen", `instance ${next.metadata.name} is Running, and no domain ever was`);
    }
    if (conditionOf(next, "Ready")?.status === "True" && !ran.has(uid)) {
      violated("nothing is claimed unseen", `instance ${next.metadata.name} is Ready, and its vCPUs never ran`);
    }
  }

  function machineWritten(vm: Stored<VirtualMachine>): void {
    const { observedGeneration, desiredGeneration } = vm.status ?? {};
    const generation = vm.metadata.generation ?? 0;
    if ((observedGeneration ?? 0) > generation || (desiredGeneration ?? 0) > generation) {
      violated("observed generations lag", `${vm.metadata.name} is at ${generation}, observed ${observedGeneration}`);
    }
  }

  return {
    domains,
    truth(node, { uuid, name, xml, state }) {
      dirty = true;
      const key = `${node.name} ${uuid}`;
      if (state === undefined) return void domains.delete(key);
      const mark = markOf(xml);
      const known = domains.get(key);
      if (known === undefined && mark !== undefined) {
        created.add(mark.uid);
        domains.set(key, { node, name, ...mark, bootID: node.bootID, running: false, hasRun: false });
      }
      const domain = domains.get(key);
      if (domain === undefined) return;
      if (state === "running") vcpusRun(domain);
      else domain.running = false;
    },
    ending(node, uuid) {
      const domain = domains.get(`${node.name} ${uuid}`);
      // Whoever has lost its files ends what it finds.
      const wrong = domain === undefined || node.disk.wiped ? undefined : ends.ending(domain);
      if (wrong !== undefined) violated(UNASKED, `${wrong}, on ${node.name}`);
    },
    asked: (uid) => ends.asked(uid),
    wrote(write) {
      const { kind, key, object, verb } = write;
      dirty = true;
      const wrong = ends.wrote(write, before.get(object.metadata.uid));
      if (wrong !== undefined) violated(UNASKED, wrong);
      if (kind === VirtualMachineInstance.kind) instanceWritten(object as Instance);
      if (kind === VirtualMachine.kind) machineWritten(object as Stored<VirtualMachine>);
      before.set(object.metadata.uid, object);
      if (kind === Pod.kind && verb === "create" && (object.metadata.ownerReferences ?? []).length === 0) {
        violated("nothing without an owner", `pod ${key} has none`);
      }
      if (kind === VirtualMachine.kind || kind === VirtualMachineInstance.kind || kind === Pod.kind) {
        const tooMany = writes.count(`${kind} ${key}`);
        if (tooMany !== undefined && now() > crowdedUntil + 60_000) violated("no livelock", tooMany);
      }
    },
    decided(decision) {
      if (decision.because.trim() === "") violated("every decision has a because", `${decision.function} gives none`);
      if (decision.outcome.startsWith("bug ")) {
        violated("no bug is met", `${decision.function} ${decision.key}: ${decision.outcome}: ${decision.because}`);
      }
      const tooMany = decisions.count(`${decision.function} ${decision.key}`);
      if (tooMany !== undefined && now() > crowdedUntil + 60_000) violated("no livelock", tooMany);
    },
    gaveUp(letter) {
      if (letter.detail.trim() === "")
        violated("every dead letter names its cause", `${letter.trigger} ${letter.key} gives none`);
    },
    told(node, status) {
      // Where a guest comes back to, its new epoch has a record of its own.
      const key = `${node.name} ${status.uid} ${status.claim.epoch}`;
      const last = sequences.get(key) ?? -1;
      if (status.sequence <= last && !node.disk.wiped) {
        violated("sequences only grow", `${node.name} told ${status.sequence} of ${status.name} after ${last}`);
      }
      sequences.set(key, Math.max(last, status.sequence));
    },
    crowded: (seconds) => (crowdedUntil = Math.max(crowdedUntil, now() + seconds * 1000)),
    suspect(violation) {
      found ??= violation;
    },
    check() {
      if (found !== undefined) throw found;
      if (!dirty) return;
      dirty = false;
      checkDomains();
    },
  };
}

interface Owner {
  readonly node: string;
  readonly bootID: string;
  readonly epoch: number;
}

function ownerOf({ node, bootID, epoch }: Owner): string {
  return `${node} ${bootID} epoch ${epoch}`;
}

function says(claim: Owner | undefined): string {
  return claim === undefined ? "no claim" : ownerOf(claim);
}

/** Counts by name a minute; answers a sentence once there are too many. */
function createRate(what: string, most: number, now: () => number): { count: (name: string) => string | undefined } {
  let minute = 0;
  let counts = new Map<string, number>();
  return {
    count(name) {
      const present = Math.floor(now() / 60_000);
      if (present !== minute) {
        minute = present;
        counts = new Map();
      }
      const count = (counts.get(name) ?? 0) + 1;
      counts.set(name, count);
      return count === most ? `${most} ${what} ${name} in one minute` : undefined;
    },
  };
}
