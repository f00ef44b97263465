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
 *
 * A guest that moves keeps its pod's address: the target's pod is made with it, and its link stays off the bridge until
 * the guest runs there. Then it takes the other one's place in one step, and clients notice nothing, since eth0's MAC
 * follows from the address. (Were it another, whoever has learned the old one would go on sending to it for up to a minute.)
 */
import { join } from "node:path";
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
import { raiseBridge, swapPorts } from "./pod-bridge.ts";
import { ownSeat, PodSeats, type Seat } from "./pod-seats.ts";

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
  /**
   * The pod's namespace and address, made if need be. `heirOf`: a pod whose address it is to have; until `hold` nobody
   * reaches it there. One that is not known has nothing to leave: the pod gets an address of its own.
   * @throws Fault later
   */
  ensure(podUID: string, heirOf?: string): Promise<PodPlace>;
  /**
   * Whoever asks for the pod's address reaches this pod from now on, and no other that has it. Known and so already, or
   * not known: nothing to do. @throws Fault later
   */
  hold(podUID: string): Promise<void>;
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

const MTU = 1500;
const AHEAD_AFTER_MS = 1_000;

export async function openPodNetwork(options: PodNetworkOptions): Promise<PodNetwork> {
  const network = new LocalPodNetwork(options);
  await network.open();
  return network;
}

class LocalPodNetwork implements PodNetwork {
  readonly #options: PodNetworkOptions;
  readonly #names: ReturnType<typeof instanceNames>;
  readonly #seats: PodSeats;
  #subnet: Subnet = { base: 0, prefix: 16 };
  /** A namespace that is ready and nobody's. */
  #ready: Promise<number> | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Numbers that are being made or taken down. */
  readonly #busy = new Set<number>();
  /** One address is handed over at a time. */
  #holding: Promise<void> = Promise.resolve();
  readonly #ensuring = new Map<string, Promise<PodPlace>>();
  #ended = false;

  constructor(options: PodNetworkOptions) {
    this.#options = options;
    this.#names = instanceNames(options.instance);
    this.#seats = new PodSeats(join(options.directory, "pods.json"), options.disk);
  }

  async open(): Promise<void> {
    await this.#seats.read();
    await this.#chooseSubnet(this.#seats.subnet);
    this.#seats.subnet = printSubnet(this.#subnet);
    await this.#seats.save();
    await raiseBridge(this.#names, this.#subnet, this.#options.log);
    await this.#bringToOrder();
    await this.#removeStrays();
    this.#prepareNext();
  }

  ensure(podUID: string, heirOf?: string): Promise<PodPlace> {
    const under = this.#ensuring.get(podUID);
    if (under !== undefined) return under;
    const mine = this.#ensure(podUID, heirOf).finally(() => this.#ensuring.delete(podUID));
    this.#ensuring.set(podUID, mine);
    return mine;
  }

  async find(podUID: string): Promise<PodPlace | undefined> {
    const seat = this.#seats.get(podUID);
    if (seat === undefined || !(await namespaceExists(this.#names.namespace(seat.slot)))) return undefined;
    return this.#place(seat);
  }

  hold(podUID: string): Promise<void> {
    const mine = this.#holding.then(() => this.#hold(podUID));
    this.#holding = mine.catch(() => {}); // the one who asked for it is told
    return mine;
  }

  async end(podUID: string): Promise<void> {
    await this.#ensuring.get(podUID)?.catch(() => {});
    const seat = this.#seats.get(podUID);
    if (seat === undefined) return;
    // Taken down before its number is free: the next pod must not find the last one's link.
    await this.#takeDown(seat.slot);
    this.#seats.delete(podUID);
    await this.#seats.save();
    const [heir, ...others] = this.#seats.at(seat.address);
    if (heir !== undefined && others.length === 0) await this.hold(heir[0]);
  }

  async endAll(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#ready?.catch(() => {});
    for (const podUID of this.#seats.pods) await this.end(podUID);
    await this.#removeStrays();
    await removeLinks(undefined, [this.#names.bridge]);
    await command("nft", ["-f", "-"], `add table ip ${this.#names.table}\ndelete table ip ${this.#names.table}\n`);
  }

  async close(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    await this.#ready?.catch(() => {});
    await Promise.allSettled(this.#ensuring.values());
    await this.#holding;
    await this.#seats.written();
  }

  async #ensure(podUID: string, heirOf: string | undefined): Promise<PodPlace> {
    const known = this.#seats.get(podUID);
    if (known !== undefined) {
      if (!(await namespaceExists(this.#names.namespace(known.slot)))) {
        // The kernel takes a namespace down behind its name's end: its link may still be there.
        await this.#takeDown(known.slot);
        await this.#make(known);
      }
      return this.#place(known);
    }
    if (this.#ended) throw new Fault("later", "NetworkClosing", "the pod network is being taken down");
    const slot = await this.#takeReady();
    const heritage = heirOf === undefined ? undefined : this.#seats.get(heirOf)?.address;
    const seat = heritage === undefined ? ownSeat(slot) : { slot, address: heritage, waits: true };
    this.#seats.set(podUID, seat);
    this.#busy.delete(slot);
    try {
      if (seat.waits) await this.#readdress(seat);
      await this.#seats.save();
    } catch (thrown) {
      this.#seats.delete(podUID);
      await this.#takeDown(slot);
      throw thrown;
    }
    this.#prepareNextSoon();
    return this.#place(seat);
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
    const slot = this.#seats.free(this.#busy);
    if (slot > sizeOf(this.#subnet.prefix) - 2) {
      throw new Fault("later", "AddressesExhausted", `all addresses of ${printSubnet(this.#subnet)} are taken`);
    }
    this.#busy.add(slot);
    try {
      await this.#make(ownSeat(slot));
    } catch (thrown) {
      await this.#takeDown(slot).catch(() => {});
      throw thrown;
    }
    return slot;
  }

  async #make(seat: Seat): Promise<void> {
    const namespace = this.#names.namespace(seat.slot);
    const link = this.#names.podLink(seat.slot);
    if (!(await namespaceExists(namespace))) await command("ip", ["netns", "add", namespace]);
    await ipBatch(undefined, [
      `link add name ${link} mtu ${MTU} type veth peer name eth0 mtu ${MTU} netns ${namespace}`,
      `link set dev ${link} ${seat.waits ? "nomaster" : `master ${this.#names.bridge}`} up`,
    ]);
    await Promise.all([
      ipBatch(namespace, ["link set dev lo up", ...this.#addressed(seat)]),
      // Traffic between the guest's link and eth0 is routed here.
      inside(namespace, "tee", ["/proc/sys/net/ipv4/ip_forward"], "1\n"),
    ]);
  }

  /** A namespace that was made with an address of its own gets the seat's. */
  async #readdress(seat: Seat): Promise<void> {
    // Off the bridge first: another pod is there under this address.
    await ipBatch(undefined, [`link set dev ${this.#names.podLink(seat.slot)} nomaster`]);
    const namespace = this.#names.namespace(seat.slot);
    await ipBatch(namespace, ["link set dev eth0 down", "addr flush dev eth0", ...this.#addressed(seat)]);
  }

  #addressed(seat: Seat): readonly string[] {
    const { podIP, prefix, gateway } = this.#place(seat);
    return [
      `link set dev eth0 address ${this.#names.podMac(seat.address)}`,
      `addr add ${podIP}/${prefix} dev eth0`,
      "link set dev eth0 up",
      `route add default via ${gateway}`,
    ];
  }

  async #hold(podUID: string): Promise<void> {
    const seat = this.#seats.get(podUID);
    if (seat === undefined) return;
    const others = this.#seats.at(seat.address).filter(([other, { waits }]) => other !== podUID && !waits);
    if (!seat.waits && others.length === 0) return;
    await this.#swap(
      [seat],
      others.map(([, other]) => other),
    );
    this.#seats.set(podUID, { ...seat, waits: false });
    for (const [other, theirs] of others)
      if (this.#seats.get(other) === theirs) this.#seats.set(other, { ...theirs, waits: true });
    // A process that is killed before this has another one tell it again: whose guest runs holds the address.
    await this.#seats.save();
  }

  #swap(on: readonly Seat[], off: readonly Seat[]): Promise<void> {
    const name = ({ slot }: Seat): string => this.#names.podLink(slot);
    return swapPorts(this.#names.bridge, { on: on.map(name), off: off.map(name) });
  }

  /** Of pods that share an address the one that was written down is on the bridge. What can't be done is done by `hold`. */
  async #bringToOrder(): Promise<void> {
    const sharing = this.#seats.pods
      .flatMap((podUID) => this.#seats.get(podUID) ?? [])
      .filter(({ address }) => this.#seats.at(address).length > 1);
    const waiting = sharing.filter(({ waits }) => waits);
    const holding = sharing.filter(({ waits }) => !waits);
    await this.#swap(holding, waiting).catch((thrown: unknown) =>
      this.#options.log.warn({ thrown: String(thrown) }, "pods that share an address could not be brought to order"),
    );
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

  #place({ slot, address }: Seat): PodPlace {
    return {
      podIP: printAddress(this.#subnet.base + address),
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
      if (this.#seats.size > 0) {
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

  /** Namespaces and links of ours that no pod has: made ahead by a process that is gone, or left by a crash. */
  async #removeStrays(): Promise<void> {
    const slots = new Set<number>();
    const collect = (name: string, prefix: string): void => {
      const slot = name.startsWith(prefix) ? Number(name.slice(prefix.length)) : Number.NaN;
      if (Number.isSafeInteger(slot) && !this.#seats.has(slot)) slots.add(slot);
    };
    for (const name of await this.#options.disk.names("/run/netns")) collect(name, this.#names.namespacePrefix);
    for (const link of await links(undefined)) collect(link.name, this.#names.podLink(0).slice(0, -1));
    for (const slot of slots) await this.#takeDown(slot);
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
