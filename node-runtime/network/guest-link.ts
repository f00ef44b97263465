/**
 * A guest's links: from a tap in the hypervisor's network namespace into its pod's.
 *
 * ```
 *  hypervisor's namespace                  pod's namespace
 *  ┌───────────────────────────┐          ┌─────────────────────────────────────┐
 *  │ QEMU ── vn…t0 ── vn…p0 ───┼──────────┼─ k6t 10.0.2.1/24 ── NAT ── eth0     │  masquerade
 *  │        macvtap   veth     │          │  └ DHCP                             │
 *  │                           │          │ k6t ──── k6b (DHCP) ──── eth0       │  bridge
 *  └───────────────────────────┘          └─────────────────────────────────────┘
 * ```
 *
 * On the node's end it is a macvtap in mode passthrough and not a bridge: a bridge there falls into the node's own
 * packet filter. It is made before the domain and libvirt only opens it (managed='no'), so that start, stop and
 * migration need nothing of libvirt's network code.
 */
import { access } from "node:fs/promises";
import { asFault, Fault } from "#events/fault.ts";
import type { Log } from "#events/log.ts";
import type { MachineOrder } from "#events/machine.ts";
import type { GuestLink } from "../domain/parts.ts";
import type { MachineNetwork } from "../driver/ports.ts";
import { netmask } from "./addresses.ts";
import { inside, ipBatch, links, removeLinks } from "./command.ts";
import { endDhcp, hostResolver, serveDhcp } from "./dhcp.ts";
import { guestInterfaces, type GuestInterface } from "./guest-interface.ts";
import { linkPrefix, tapIndex } from "./names.ts";
import { seenByPrograms } from "../programs.ts";
import { masqueradeRules } from "./nat.ts";
import type { PodNetwork, PodPlace } from "./pod-network.ts";

export interface GuestLinksOptions {
  readonly instance: string;
  readonly node: string;
  /** Where QEMU's taps are opened: name of a network namespace; undefined for the one of this process. */
  readonly hypervisorNamespace: string | undefined;
  /** Pid and lease files. */
  readonly directory: string;
  /** `hold` only where pods may share an address. */
  readonly pods: Pick<PodNetwork, "find"> & Partial<Pick<PodNetwork, "hold">>;
  /** Puts a process that serves a guest where its pod's processes are counted, and end with it. */
  readonly adopt?: (podUID: string, pid: number) => Promise<void>;
  readonly log: Log;
}

/** The pod's end. Its address is the guest's gateway, so the same for all guests and after a migration. */
const POD_LINK = "k6t";
const POD_LINK_MAC = "02:00:0a:00:02:01";
const POD_BRIDGE = "k6b";
/** Speaks DHCP on the bridge; the guest never routes to it. */
const BRIDGE_ADDRESS = "169.254.75.10";

export function guestLinks(options: GuestLinksOptions): MachineNetwork {
  return {
    addressesFollow: options.pods.hold !== undefined,
    async up(order) {
      const wanted = guestInterfaces(order);
      const [first] = wanted;
      if (first === undefined) return { links: [], serve: () => Promise.resolve() };
      const pod = await options.pods.find(order.anchor.podUID);
      if (pod === undefined) {
        const message = `pod ${order.anchor.podName} (${order.anchor.podUID}) has no network on this node`;
        throw new Fault("later", "PodNetworkMissing", message);
      }
      await connect(options, order, first, pod);
      const made = [{ interface: first.name, device: first.tap, mac: first.mac, mtu: pod.mtu } satisfies GuestLink];
      return { links: made, serve: () => serve(options, order, first, pod) };
    },
    async hold(order) {
      await options.pods.hold?.(order.anchor.podUID);
    },
    async down(uid) {
      await endDhcp(options.directory, uid);
      const ours = (await links(options.hypervisorNamespace)).filter((link) => link.name.startsWith(linkPrefix(uid)));
      // The tap goes with the pair that it sits on, and so does the pod's end.
      await removeLinks(
        options.hypervisorNamespace,
        ours.filter((link) => link.name.startsWith(`${linkPrefix(uid)}p`)).map((link) => link.name),
      );
    },
  };
}

/** The tap exists and leads into the pod when it resolves. One process when nothing is there yet. */
async function connect(
  options: GuestLinksOptions,
  order: MachineOrder,
  wanted: GuestInterface,
  pod: PodPlace,
): Promise<void> {
  try {
    await make(options, order, wanted, pod);
  } catch (thrown) {
    const present = await links(options.hypervisorNamespace);
    const has = (name: string): boolean => present.some((link) => link.name === name && link.up);
    if (has(wanted.pair) && has(wanted.tap)) return; // made before; a running guest may be on it
    if (!present.some((link) => link.name === wanted.pair)) throw thrown;
    // Half of it is left of a start that was cut short. No guest can be on it: the tap is what is made last.
    options.log.warn({ uid: order.uid, reason: asFault(thrown).reason }, "a half-made link is made anew");
    await removeLinks(options.hypervisorNamespace, [wanted.pair]);
    await make(options, order, wanted, pod);
  }
}

async function make(
  options: GuestLinksOptions,
  order: MachineOrder,
  wanted: GuestInterface,
  pod: PodPlace,
): Promise<void> {
  const { pair, tap, mac } = wanted;
  const index = await freeIndex(options, order.uid);
  await ipBatch(options.hypervisorNamespace, [
    // In mode passthrough the tap has the address of the link under it: the guest's.
    `link add name ${pair} address ${mac} mtu ${pod.mtu} type veth peer name ${POD_LINK} address ${POD_LINK_MAC} mtu ${pod.mtu} netns ${pod.namespace}`,
    `link set dev ${pair} up`,
    `link add link ${pair} name ${tap} index ${index} type macvtap mode passthru`,
    `link set dev ${tap} up`,
  ]);
}

async function freeIndex(options: GuestLinksOptions, uid: string): Promise<number> {
  for (let attempt = 0; attempt < 16; attempt += 1) {
    const index = tapIndex(options.instance, options.node, uid, 0, attempt);
    const taken = await access(seenByPrograms(`/dev/tap${index}`)).then(
      () => true,
      () => false,
    );
    if (!taken) return index;
  }
  throw new Fault("later", "TapIndexesTaken", "16 random interface indexes are all taken on this machine");
}

/** Addresses, NAT and DHCP in the pod's namespace. All of it can be repeated under a running guest. */
async function serve(
  options: GuestLinksOptions,
  order: MachineOrder,
  wanted: GuestInterface,
  pod: PodPlace,
): Promise<void> {
  const { binding } = wanted;
  const common = {
    directory: options.directory,
    uid: order.uid,
    namespace: pod.namespace,
    interface: wanted,
    mtu: pod.mtu,
  };
  const resolver = pod.resolver ?? (await hostResolver());
  const serveBy = async (dhcp: Parameters<typeof serveDhcp>[0]): Promise<void> => {
    const pid = await serveDhcp(dhcp);
    await options.adopt?.(order.anchor.podUID, pid);
  };
  if (binding.kind === "masquerade") {
    await Promise.all([
      ipBatch(pod.namespace, [
        `addr replace ${binding.gateway}/${binding.prefix} dev ${POD_LINK}`,
        `link set dev ${POD_LINK} up`,
      ]).then(() =>
        serveBy({
          ...common,
          resolver,
          link: POD_LINK,
          address: binding.guest,
          netmask: netmask(binding.prefix),
          gateway: binding.gateway,
        }),
      ),
      inside(pod.namespace, "nft", ["-f", "-"], masqueradeRules(pod.podIP, POD_LINK, binding)),
    ]);
    return;
  }
  const present = (await links(pod.namespace)).some((link) => link.name === POD_BRIDGE);
  await ipBatch(pod.namespace, [
    ...(present ? [] : [`link add name ${POD_BRIDGE} type bridge forward_delay 0`]),
    `addr replace ${BRIDGE_ADDRESS}/32 dev ${POD_BRIDGE}`,
    `link set dev ${POD_LINK} master ${POD_BRIDGE} up`,
    // The pod's address is the guest's now: two that answer for it would be one too many.
    `addr flush dev eth0`,
    `link set dev eth0 master ${POD_BRIDGE} up`,
    // Networks of pods may send back what comes in (hairpin): the guest would be looked for on the wrong side.
    `link set dev eth0 type bridge_slave learning off`,
    `link set dev ${POD_BRIDGE} up`,
  ]);
  await serveBy({
    ...common,
    resolver,
    link: POD_BRIDGE,
    address: pod.podIP,
    netmask: netmask(pod.prefix),
    gateway: pod.gateway,
  });
}
