/**
 * The network of anchor pods on one machine: in the local shape it plays the CNI. One bridge an instance with a private
 * subnet behind NAT; one network namespace a pod with an eth0 on that bridge.
 *
 * ```
 *  pod's namespace               root namespace
 *  ┌──────────────┐             ┌──────────────────────────────────┐
 *  │ eth0 10.x.0.n├─────────────┤vpXXXXXX-n─┐                      │
 *  └──────────────┘             │      vbXXXXXX 10.x.0.1 ─ NAT ─ uplink
 * ```
 *
 * A namespace takes four processes and about 20 ms to make, so one is kept ready: a start takes it (2 ms), and the next
 * one is made a moment later. A pod's number (its address, its names) is written down before it is told.
 */
import { join } from "node:path";
import { readFile } from "node:fs/promises";
import { z } from "zod";
import { Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import type { Disk } from "../disk.ts";
import {
  freeSubnet,
  overlaps,
  parseSubnet,
  printAddress,
  printSubnet,
  routedSubnet,
  sizeOf,
  type Subnet,
} from "./addresses.ts";
import type { Resolver } from "./dhcp.ts";
import { command, inside, ipBatch, links, namespaceExists, removeLinks } from "./command.ts";
import { instanceNames } from "./names.ts";

export interface PodPlace {
  readonly podIP: string;
  /** Of the pod's subnet. */
  readonly prefix: number;
  readonly gateway: string;
  readonly mtu: number;
  /** Its network namespace: a name, or the path of a file that stands for it. */
  readonly namespace: string;
  /** Whom the guest is to ask for names; the node's own servers when unset. */
  readonly resolver?: Resolver;
}

export interface PodNetwork {
  /** The pod's namespace and address, made if need be. @throws Fault later */
  ensure(podUID: string): Promise<PodPlace>;
  /** What `ensure` made; undefined when it has not, or it is gone. */
  find(podUID: string): Promise<PodPlace | undefined>;
  /** Takes the pod's namespace down and frees its address. Not there: nothing to do. */
  end(podUID: string): Promise<void>;
  /** Takes everything down: namespaces, bridge, NAT. */
  endAll(): Promise<void>;
  /** Waits for what is under way; leaves everything as it is. */
  close(): Promise<void>;
}

export interface PodNetworkOptions {
  /** The instance's id, six hex digits. */
  readonly instance: string;
  readonly directory: string;
  readonly disk: Disk;
  readonly log: Log;
}

const State = z.strictObject({
  subnet: z.string(),
  /** podUID → number, which is the host part of its address. */
  pods: z.record(z.string(), z.int().min(2)),
});
type State = z.infer<typeof State>;

const MTU = 1500;
const AHEAD_AFTER_MS = 1_000;
/** 1 is the bridge. */
const FIRST_SLOT = 2;

export async function openPodNetwork(options: PodNetworkOptions): Promise<PodNetwork> {
  const network = new LocalPodNetwork(options);
  await network.open();
  return network;
}

class LocalPodNetwork implements PodNetwork {
  readonly #options: PodNetworkOptions;
  readonly #names: ReturnType<typeof instanceNames>;
  readonly #path: string;
  #subnet: Subnet = { base: 0, prefix: 16 };
  readonly #pods = new Map<string, number>();
  /** A namespace that is ready and nobody's. */
  #ready: Promise<number> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Numbers that are being made or taken down. */
  readonly #busy = new Set<number>();
  /** One change of the state on disk at a time. */
  #writing: Promise<void> = Promise.resolve();
  readonly #ensuring = new Map<string, Promise<PodPlace>>();
  #ended = false;

  constructor(options: PodNetworkOptions) {
    this.#options = options;
    this.#names = instanceNames(options.instance);
    this.#path = join(options.directory, "pods.json");
  }

  async open(): Promise<void> {
    const state = await this.#read();
    for (const [podUID, slot] of Object.entries(state?.pods ?? {})) this.#pods.set(podUID, slot);
    await this.#chooseSubnet(state?.subnet);
    await this.#save();
    await this.#raiseBridge();
    await this.#removeStrays();
    this.#prepareNext();
  }

  ensure(podUID: string): Promise<PodPlace> {
    const under = this.#ensuring.get(podUID);
    if (under !== undefined) return under;
    const mine = this.#ensure(podUID).finally(() => this.#ensuring.delete(podUID));
    this.#ensuring.set(podUID, mine);
    return mine;
  }

  async find(podUID: string): Promise<PodPlace | undefined> {
    const slot = this.#pods.get(podUID);
    if (slot === undefined || !(await namespaceExists(this.#names.namespace(slot)))) return undefined;
    return this.#place(slot);
  }

  async end(podUID: string): Promise<void> {
    await this.#ensuring.get(podUID)?.catch(() => {});
    const slot = this.#pods.get(podUID);
    if (slot === undefined) return;
    // Taken down before its number is free: the next pod must not find the last one's link.
    await this.#takeDown(slot);
    this.#pods.delete(podUID);
    await this.#save();
  }

  async endAll(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#ready?.catch(() => {});
    for (const podUID of [...this.#pods.keys()]) await this.end(podUID);
    await this.#removeStrays();
    await removeLinks(undefined, [this.#names.bridge]);
    await command("nft", ["-f", "-"], `add table ip ${this.#names.table}\ndelete table ip ${this.#names.table}\n`);
  }

  async close(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#ready?.catch(() => {});
    await Promise.allSettled(this.#ensuring.values());
    await this.#writing;
  }

  async #ensure(podUID: string): Promise<PodPlace> {
    const known = this.#pods.get(podUID);
    if (known !== undefined) {
      if (!(await namespaceExists(this.#names.namespace(known)))) {
        // The kernel takes a namespace down behind its name's end: its link may still be there.
        await this.#takeDown(known);
        await this.#make(known);
      }
      return this.#place(known);
    }
    if (this.#ended) throw new Fault("later", "NetworkClosing", "the pod network is being taken down");
    const slot = await this.#takeReady();
    this.#pods.set(podUID, slot);
    this.#busy.delete(slot);
    try {
      await this.#save();
    } catch (thrown) {
      this.#pods.delete(podUID);
      await this.#takeDown(slot);
      throw thrown;
    }
    this.#prepareNextSoon();
    return this.#place(slot);
  }

  async #takeReady(): Promise<number> {
    const ready = this.#ready ?? this.#makeOne();
    this.#ready = undefined;
    try {
      return await ready;
    } catch {
      return this.#makeOne(); // what was made ahead failed a while ago; now it counts
    }
  }

  /** Not at once: the machine that took the last one is being started, and that is what someone waits for. */
  #prepareNextSoon(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#prepareNext(), AHEAD_AFTER_MS);
    this.#timer.unref();
  }

  #prepareNext(): void {
    if (this.#ended || this.#ready !== undefined) return;
    this.#ready = this.#makeOne();
    this.#ready.catch((thrown: unknown) =>
      this.#options.log.warn({ thrown: String(thrown) }, "no namespace is ready ahead"),
    );
  }

  async #makeOne(): Promise<number> {
    const taken = new Set([...this.#pods.values(), ...this.#busy]);
    let slot = FIRST_SLOT;
    while (taken.has(slot)) slot += 1;
    if (slot > sizeOf(this.#subnet.prefix) - 2) {
      throw new Fault("later", "AddressesExhausted", `all addresses of ${printSubnet(this.#subnet)} are taken`);
    }
    this.#busy.add(slot);
    try {
      await this.#make(slot);
    } catch (thrown) {
      await this.#takeDown(slot).catch(() => {});
      throw thrown;
    }
    return slot;
  }

  async #make(slot: number): Promise<void> {
    const namespace = this.#names.namespace(slot);
    const link = this.#names.podLink(slot);
    const { podIP, prefix, gateway } = this.#place(slot);
    if (!(await namespaceExists(namespace))) await command("ip", ["netns", "add", namespace]);
    await ipBatch(undefined, [
      `link add name ${link} mtu ${MTU} type veth peer name eth0 mtu ${MTU} netns ${namespace}`,
      `link set dev ${link} master ${this.#names.bridge} up`,
    ]);
    await Promise.all([
      ipBatch(namespace, [
        "link set dev lo up",
        `addr add ${podIP}/${prefix} dev eth0`,
        "link set dev eth0 up",
        `route add default via ${gateway}`,
      ]),
      // Traffic between the guest's link and eth0 is routed here.
      inside(namespace, "tee", ["/proc/sys/net/ipv4/ip_forward"], "1\n"),
    ]);
  }

  async #takeDown(slot: number): Promise<void> {
    this.#busy.add(slot);
    try {
      const link = this.#names.podLink(slot);
      const namespace = this.#names.namespace(slot);
      // The link goes by name: whoever still sits in the namespace would keep it alive.
      await removeLinks(undefined, [link]);
      if (!(await namespaceExists(namespace))) return;
      // Nothing of ours is left in it after an orderly stop; after a kill it may be a guest's DHCP server.
      const left = await command("ip", ["netns", "pids", namespace]);
      for (const pid of left.split("\n").filter((line) => line !== "")) endIfThere(Number(pid));
      await command("ip", ["netns", "del", namespace]);
    } finally {
      this.#busy.delete(slot);
    }
  }

  #place(slot: number): PodPlace {
    return {
      podIP: printAddress(this.#subnet.base + slot),
      prefix: this.#subnet.prefix,
      gateway: printAddress(this.#subnet.base + 1),
      mtu: MTU,
      namespace: this.#names.namespace(slot),
    };
  }

  async #chooseSubnet(kept: string | undefined): Promise<void> {
    const { bridge } = this.#names;
    const routes = JSON.parse(await command("ip", ["-j", "route", "show", "table", "all"])) as {
      dst?: string;
      dev?: string;
    }[];
    const taken = routes
      .filter((route) => route.dev !== bridge)
      .flatMap((route) => routedSubnet(route.dst ?? "default") ?? []);
    if (kept !== undefined) {
      this.#subnet = parseSubnet(kept, "the network's state");
      if (!taken.some((subnet) => overlaps(subnet, this.#subnet))) return;
      if (this.#pods.size > 0) {
        this.#options.log.warn(
          { subnet: kept },
          "the pods' subnet is routed elsewhere too, and pods use it: it is kept",
        );
        return;
      }
    }
    const free = freeSubnet(taken, Number.parseInt(this.#options.instance, 16));
    if (free === undefined) throw new Fault("later", "NoFreeSubnet", "no private IPv4 subnet is free on this machine");
    this.#subnet = free;
    // The bridge may carry the subnet that is given up.
    await removeLinks(undefined, [bridge]);
  }

  async #raiseBridge(): Promise<void> {
    const { bridge, table } = this.#names;
    const subnet = printSubnet(this.#subnet);
    const exists = (await links(undefined)).some((link) => link.name === bridge);
    await ipBatch(undefined, [
      ...(exists ? [] : [`link add name ${bridge} type bridge forward_delay 0`]),
      `addr replace ${printAddress(this.#subnet.base + 1)}/${this.#subnet.prefix} dev ${bridge}`,
      `link set dev ${bridge} up`,
    ]);
    await command(
      "nft",
      ["-f", "-"],
      [
        `add table ip ${table}`,
        `delete table ip ${table}`,
        `table ip ${table} {`,
        "  chain postrouting {",
        "    type nat hook postrouting priority srcnat;",
        `    ip saddr ${subnet} oifname != "${bridge}" masquerade`,
        "  }",
        "}",
        "",
      ].join("\n"),
    );
    await this.#allowForwarding();
  }

  async #allowForwarding(): Promise<void> {
    const path = "/proc/sys/net/ipv4/ip_forward";
    if ((await readFile(path, "utf8")).trim() === "1") return;
    await command("tee", [path], "1\n");
    this.#options.log.info({ path }, "turned on IPv4 forwarding, so that guests reach the network");
  }

  /** Namespaces and links of ours that no pod has: made ahead by a process that is gone, or left by a crash. */
  async #removeStrays(): Promise<void> {
    const used = new Set([...this.#pods.values()]);
    const slots = new Set<number>();
    const collect = (name: string, prefix: string): void => {
      const slot = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
      if (Number.isSafeInteger(slot) && !used.has(slot)) slots.add(slot);
    };
    for (const name of await this.#options.disk.names("/run/netns")) collect(name, this.#names.namespacePrefix);
    for (const link of await links(undefined)) collect(link.name, this.#names.podLink(0).slice(0, -1));
    for (const slot of slots) await this.#takeDown(slot);
  }

  async #read(): Promise<State | undefined> {
    const text = await this.#options.disk.read(this.#path);
    if (text === undefined) return undefined;
    try {
      return State.parse(JSON.parse(text));
    } catch (thrown) {
      throw new Fault("refused", "StateUnreadable", `${this.#path} is not what the pod network wrote there`, {
        cause: thrown,
      });
    }
  }

  #save(): Promise<void> {
    const write = (): Promise<void> =>
      this.#options.disk.replace(
        this.#path,
        JSON.stringify({ subnet: printSubnet(this.#subnet), pods: Object.fromEntries(this.#pods) } satisfies State),
        // No namespace outlives the node's boot.
        { lasting: false },
      );
    const mine = this.#writing.then(write, write);
    this.#writing = mine.catch(() => {}); // the one who asked for it is told
    return mine;
  }
}

function endIfThere(pid: number): void {
  if (!Number.isSafeInteger(pid) || pid <= 1) return;
  try {
    process.kill(pid, "SIGKILL");
  } catch {
    // it ended by itself
  }
}
