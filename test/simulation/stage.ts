/** The stage of a history: one API server, its nodes, one control plane at a time, users; and what befalls them. */
import { PersistentVolumeClaim } from "#api/core.ts";
import type { KubeObject, Stored } from "#api/object.ts";
import { seededRandom } from "#events/chance.ts";
import { Fault } from "#events/fault.ts";
import type { MemoryCluster } from "#events/memory-cluster.ts";
import { apiDoor, type ApiServer } from "./api-door.ts";
import { createApiServer } from "./api-server.ts";
import { controlDoor, type ControlDoor, type Listening } from "./control-door.ts";
import { startControlPlane, type ControlPlane } from "./control-plane.ts";
import { nearHalfADisk } from "./disks-safety.ts";
import { startImporter, type Importer } from "./importer.ts";
import { earlier, Lags } from "./lags.ts";
import type { ModelWires } from "#node-runtime/model-migration.ts";
import { SimulatedNode } from "./node.ts";
import { peersDoor } from "./peers-door.ts";
import { ABOUT_NODES, tellDeed, type Deed, type Setting } from "./plan.ts";
import { createSafety, type Safety } from "./safety.ts";
import { createScheduler, type Process, type Scheduler } from "./scheduler.ts";
import type { Seams } from "./seams.ts";
import { watchSilence, type Silence } from "./silence.ts";
import { createStory, type Story } from "./story.ts";
import { createUsers, isUserDeed, NAMESPACE, type UserDeed, type Users } from "./users.ts";
import { createWeather, type Weather } from "./weather.ts";
import { SimulatedPods } from "./pods.ts";

const LISTEN_EVERY_MILLISECONDS = 15_000;
/** The lease that a heartbeat's answer carries. */
const LEASE_SECONDS = 10;

export interface StageOptions {
  readonly seed: number;
  readonly setting: Setting;
  readonly seams: Seams;
  readonly told: boolean;
}

export class Stage {
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  readonly story: Story;
  readonly safety: Safety;
  readonly cluster: MemoryCluster;
  readonly nodes = new Map<string, SimulatedNode>();
  readonly pods = new SimulatedPods();
  /** What befell it, by kind. */
  readonly faults: Record<string, number> = {};
  writes = 0;
  events = 0;
  decisions = 0;
  readonly #server: ApiServer;
  readonly #seams: Seams;
  readonly #loose: boolean;
  readonly #fate: Process;
  readonly #door: ControlDoor;
  readonly #users: Users;
  #control: ControlPlane | undefined;
  /** What it takes in, noted. */
  #listens: Listening | undefined;
  #controlSkew = 0;
  /** Kills that wait for so many more writes, or changes of a node's domains. */
  #killControlAfter: { writes: number; readonly seconds: number } | undefined;
  readonly #killRuntimeAfter = new Map<
    string,
    { changes: number; readonly deed: Extract<Deed, { do: "kill-runtime" }> }
  >();
  readonly #broken: (() => void)[] = [];
  /** Reports that machines told and no control plane has taken yet, by node: event ids. */
  readonly untaken = new Map<string, Set<string>>();
  readonly #silence: Silence;
  readonly #importer: Importer | undefined;

  constructor({ seed, setting, seams, told }: StageOptions) {
    const scheduler = (this.scheduler = createScheduler(seed));
    this.#seams = seams;
    this.#loose = setting.loose === true;
    this.weather = createWeather(seed);
    this.story = createStory(told, () => scheduler.now);
    this.#fate = scheduler.process("fate");
    this.cluster = createApiServer(scheduler.process("API server").clock);
    // Of chance of its own: without disks a seed's history is what it was.
    if (setting.disks === true)
      this.#importer = startImporter({ cluster: this.cluster, scheduler, random: seededRandom(seed ^ 0xcd1) });
    this.#server = { cluster: this.cluster, down: false };
    this.safety = createSafety(this.cluster, () => scheduler.now);
    this.cluster.onWrite((write) => this.#wrote(write));
    this.#door = controlDoor({
      scheduler,
      weather: this.weather,
      present: () => this.#listens,
      told: (node, report, status) => {
        this.story.tell(
          node.name,
          () => `tells ${status.name} ${report}: ${status.state}, sequence ${status.sequence}`,
        );
        this.safety.told(node, status);
        this.#untakenOf(node.name).add(`${status.uid}.${status.claim.epoch}.${status.sequence}.${report}`);
      },
      leaseSeconds: LEASE_SECONDS,
    });
    const wires: ModelWires = new Map();
    for (const name of setting.nodes) {
      const { weather } = this;
      const node = new SimulatedNode({
        name,
        scheduler,
        weather,
        seams,
        wires,
        pods: this.pods,
        isBound: (claim) => this.cluster.objects(PersistentVolumeClaim).get(claim)?.status?.phase === "Bound",
        peers: (self, process) => seams.peers(peersDoor({ nodes: this.nodes, self, process, scheduler, weather })),
        truth: (on, truth) => {
          this.story.tell(name, () => `domain ${truth.name} ${truth.state ?? "is gone"}`);
          this.safety.truth(on, truth);
          this.#countChange(name);
        },
        ending: (on, uuid) => this.safety.ending(on, uuid),
      });
      this.nodes.set(name, node);
      node.startRuntime(this.#door);
    }
    this.#silence = watchSilence(this.cluster, setting.nodes, () => scheduler.now);
    if (!this.#loose) this.cluster.onWrite((write) => this.safety.suspect(this.#silence.called(write)));
    const listen = (): void => {
      this.safety.suspect(this.#silence.unnoticed());
      scheduler.after(this.#fate, LISTEN_EVERY_MILLISECONDS, listen);
    };
    listen();
    const user = scheduler.process("users");
    const door = apiDoor({ server: this.#server, process: user, scheduler, weather: this.weather });
    this.#users = createUsers(door, user, setting.disks === true, (uid) => this.safety.asked(uid));
    this.#startControl();
  }

  perform(deed: Deed): void {
    this.story.tell(isUserDeed(deed) ? "user" : "FAULT", () => tellDeed(deed));
    if (isUserDeed(deed)) {
      if (deed.do === "guest") return this.#guest(deed);
      void this.#users.perform(deed).then((refusal) => {
        if (refusal !== undefined) this.story.tell("user", `is told no: ${refusal}`);
      });
      return;
    }
    this.faults[deed.do] = (this.faults[deed.do] ?? 0) + 1;
    this.#befall(deed);
  }

  /** All that is broken is mended; nothing befalls any more. */
  heal(): void {
    this.story.tell("FATE", "all faults stop");
    this.weather.clear();
    this.#importer?.heal();
    this.#killControlAfter = undefined;
    this.#killRuntimeAfter.clear();
    for (const mend of this.#broken.splice(0)) mend();
    for (const node of this.nodes.values()) node.hypervisor.spare();
  }

  /** When the last of what stands still goes on. */
  get thawsAt(): number {
    const nodes = [...this.nodes.values()].map(({ frozenUntil }) => frozenUntil);
    return Math.max(this.scheduler.now, this.#control?.process.frozenUntil ?? 0, ...nodes);
  }

  #befall(deed: Exclude<Deed, UserDeed>): void {
    if (!ABOUT_NODES.has(deed.do) && "seconds" in deed) this.#silence.disturbed(Math.abs(deed.seconds));
    switch (deed.do) {
      case "spell":
        this.weather.begin(deed.spell, deed.node);
        return this.#later(deed.seconds, () => this.weather.end(deed.spell, deed.node));
      case "kill-control":
        if (deed.afterWrites > 0) this.#killControlAfter = { writes: deed.afterWrites, seconds: deed.seconds };
        else this.#killControl(deed.seconds);
        return;
      case "second-control": {
        const second = this.#controlPlane(new Lags());
        this.safety.crowded(deed.seconds);
        this.#silence.crowded(deed.seconds);
        return this.#later(deed.seconds, () => second.kill());
      }
      case "lag":
        return this.#behind(deed, this.#control?.lags);
      case "take-over": {
        const lags = new Lags(earlier(this.cluster, deed.kinds));
        return this.#later(deed.behind, () => {
          this.#killControl(0);
          this.#behind(deed, lags);
          this.#startControl(lags);
        });
      }
      case "kill-runtime":
        if (deed.afterChanges > 0) this.#killRuntimeAfter.set(deed.node, { changes: deed.afterChanges, deed });
        else this.#killRuntime(deed);
        return;
      case "kill-libvirtd":
        return this.#killLibvirtd(this.#node(deed.node), deed.seconds);
      case "power-cycle":
        return this.#powerCycle(this.#node(deed.node), deed);
      case "outage": {
        const node = this.#node(deed.node);
        this.#powerCycle(node, deed);
        this.scheduler.after(this.#fate, deed.saidAfter * 1000, () => {
          if (!node.powered) this.perform({ do: "confirm-off", aside: deed.node });
        });
        return;
      }
      case "freeze-node":
        return this.#node(deed.node).freeze(this.scheduler.now + deed.seconds * 1000);
      case "freeze-control":
        if (this.#control !== undefined) {
          const { process } = this.#control;
          process.frozenUntil = Math.max(process.frozenUntil, this.scheduler.now + deed.seconds * 1000);
        }
        return this.#silence.deaf(deed.seconds);
      case "partition":
        this.#node(deed.node).cutOff = true;
        return this.#later(deed.seconds, () => (this.#node(deed.node).cutOff = false));
      case "api-down":
        this.#server.down = true;
        this.cluster.disconnect(new Fault("later", "APIServerUnreachable", "the API server went away"));
        return this.#later(deed.seconds, () => (this.#server.down = false));
      case "watch-gap":
        if (deed.compact) this.cluster.compact();
        return this.cluster.disconnect();
      case "clock-jump":
        return this.#jump(deed.who, deed.seconds * 1000);
    }
  }

  #guest(deed: Extract<Deed, { do: "guest" }>): void {
    for (const { hypervisor } of this.nodes.values()) {
      const domain = hypervisor.machines.find(({ name }) => name === `${NAMESPACE}_${deed.vm}`);
      if (domain?.state === "running") return hypervisor[deed.what](domain.uuid);
    }
  }

  /** Mends it then, or when all is mended. */
  #later(seconds: number, mend: () => void): void {
    let mended = false;
    const once = (): void => {
      if (mended) return;
      mended = true;
      mend();
    };
    this.#broken.push(once);
    this.scheduler.after(this.#fate, seconds * 1000, once);
  }

  /** Watches of the control plane are behind. */
  #behind({ kinds, seconds }: Extract<Deed, { kinds: readonly string[] }>, lags: Lags | undefined): void {
    const until = this.scheduler.now + seconds * 1000;
    lags?.hold(kinds, until);
    this.weather.holdsUntil(until);
    this.#silence.disturbed(seconds);
  }

  #startControl(lags = new Lags()): void {
    if (this.#control !== undefined) return;
    this.#control = this.#controlPlane(lags);
    this.#listens = this.#listening(this.#control);
    this.#silence.begins();
  }

  #controlPlane(lags: Lags): ControlPlane {
    const { scheduler, weather, nodes } = this;
    return startControlPlane({
      server: this.#server,
      nodes,
      pods: this.pods,
      scheduler,
      weather,
      seams: this.#seams,
      loose: this.#loose,
      lags,
      skew: this.#controlSkew,
      decided: (decision) => {
        this.decisions += 1;
        this.story.tell(decision.function, () => {
          const effects = decision.effects.length === 0 ? "" : ` → ${decision.effects.join(", ")}`;
          return `${decision.key}: ${decision.because}${effects} (${decision.outcome})`;
        });
        this.safety.decided(decision);
      },
      gaveUp: (letter) => {
        this.story.tell("broker", `gave up ${letter.trigger} ${letter.key}: ${letter.detail}`);
        this.safety.gaveUp(letter);
      },
      took: () => (this.events += 1),
    });
  }

  #killControl(seconds: number): void {
    if (this.#control === undefined) return;
    this.story.tell("FAULT", `the control plane is killed for ${seconds} s`);
    this.#silence.disturbed(seconds);
    this.#control.kill();
    this.#control = undefined;
    this.#listens = undefined;
    this.#later(seconds, () => this.#startControl());
  }

  #killRuntime({ node: name, seconds, files }: Extract<Deed, { do: "kill-runtime" }>): void {
    const node = this.#node(name);
    this.story.tell("FAULT", `the runtime of ${name} is killed for ${seconds} s, its files are ${files}`);
    node.killRuntime();
    if (files === "lost") this.#loseDisk(node);
    this.#later(seconds, () => node.startRuntime(this.#door));
  }

  #killLibvirtd(node: SimulatedNode, seconds: number): void {
    if (!node.hypervisor.connected) return;
    node.hypervisor.disconnect();
    this.#later(seconds, () => {
      if (!node.hypervisor.connected && node.powered) node.hypervisor.reconnect();
    });
  }

  #powerCycle(node: SimulatedNode, { seconds, files }: Extract<Deed, { do: "power-cycle" | "outage" }>): void {
    if (!node.powered) return;
    node.powerOff();
    if (files === "lost") this.#loseDisk(node);
    this.#later(seconds, () => {
      node.powerOn();
      node.startRuntime(this.#door);
    });
  }

  #loseDisk(node: SimulatedNode): void {
    node.loseDisk();
    this.untaken.delete(node.name);
  }

  #untakenOf(node: string): Set<string> {
    const there = this.untaken.get(node) ?? new Set();
    this.untaken.set(node, there);
    return there;
  }

  #listening(control: ControlPlane): Listening {
    return {
      get frozenUntil() {
        return control.frozenUntil;
      },
      heartbeat: async (body) => {
        const node = await control.heartbeat(body);
        this.#silence.heard(node);
        return node;
      },
      report: async (event) => {
        await control.report(event);
        this.untaken.get(event.extensions["node"] ?? "")?.delete(event.id);
      },
    };
  }

  #jump(who: string, milliseconds: number): void {
    const node = this.nodes.get(who);
    if (node !== undefined) return node.jump(milliseconds);
    this.#controlSkew += milliseconds;
    this.#silence.set();
    if (this.#control !== undefined) this.#control.process.skew = this.#controlSkew;
  }

  #wrote(write: Parameters<Safety["wrote"]>[0]): void {
    this.writes += 1;
    this.story.tell("api", () => {
      const { verb, kind, key, part, object } = write;
      const status = (object as Stored<KubeObject> & { status?: { phase?: string; printableStatus?: string } }).status;
      const says = status?.phase ?? status?.printableStatus;
      const what = `${verb} ${kind}${part === "status" ? " status" : ""} ${key}`;
      return `${what} v${object.metadata.resourceVersion}${says === undefined ? "" : ` ${says}`}`;
    });
    this.safety.wrote(write);
    if (this.#importer !== undefined) this.safety.suspect(nearHalfADisk(this.cluster, write));
    const kill = this.#killControlAfter;
    if (kill === undefined || (kill.writes -= 1) > 0) return;
    this.#killControlAfter = undefined;
    this.#killControl(kill.seconds);
  }

  #countChange(node: string): void {
    const kill = this.#killRuntimeAfter.get(node);
    if (kill === undefined || (kill.changes -= 1) > 0) return;
    this.#killRuntimeAfter.delete(node);
    this.#killRuntime(kill.deed);
  }

  #node(name: string): SimulatedNode {
    const node = this.nodes.get(name);
    if (node === undefined) throw new Error(`the history has no node ${name}`);
    return node;
  }
}
