/** Rules for networks, and for the two sides of an attachment: network and interface of the same name. Pure. */
import type { ClusterConfig } from "../cluster-config.ts";
import type { Network } from "../schema/networks.ts";
import type { VirtualMachineInstanceSpec } from "../virtual-machine-instance.ts";
import { duplicate, gateOff, invalid, missing, shown, type Cause } from "./cause.ts";
import { validateInterface } from "./interface.ts";
import { isCIDR } from "./text-forms.ts";

/** `at` is the path of the spec. */
export function validateNetworks(spec: VirtualMachineInstanceSpec, at: string, config: ClusterConfig): Cause[] {
  const networks = spec.networks ?? [];
  const interfaces = spec.domain.devices.interfaces ?? [];
  const byName = new Map(networks.map((network) => [network.name, network]));
  const attached = new Set(interfaces.map((nic) => nic.name));
  const nics = `${at}.domain.devices.interfaces`;
  return [
    ...networks.flatMap((network, index) => validateNetwork(network, `${at}.networks[${index}]`)),
    ...validateNames(networks, `${at}.networks`, "every network has a name of its own"),
    ...validateNames(interfaces, nics, "only one interface can be attached to a network"),
    ...networks.flatMap((network, index) =>
      attached.has(network.name)
        ? []
        : [
            missing(
              `${at}.networks[${index}].name`,
              `no interface is attached to ${shown(network.name)}: add one to ${nics}`,
            ),
          ],
    ),
    ...interfaces.flatMap((nic, index) =>
      byName.has(nic.name)
        ? []
        : [invalid(`${nics}[${index}].name`, `there is no network ${shown(nic.name)}: add it to ${at}.networks`)],
    ),
    ...interfaces.flatMap((nic, index) => validateInterface(nic, byName.get(nic.name), `${nics}[${index}]`, config)),
    ...validatePodNetwork(networks, at, nics),
    ...validateResourceClaims(spec, at, nics, config),
  ];
}

function validateNames(list: readonly { readonly name: string }[], at: string, rule: string): Cause[] {
  const seen = new Set<string>();
  return list.flatMap(({ name }, index) => {
    if (seen.has(name)) return [duplicate(`${at}[${index}].name`, `${rule}; ${shown(name)} is there twice`)];
    seen.add(name);
    return [];
  });
}

function validateNetwork(network: Network, field: string): Cause[] {
  const sources = (["pod", "multus", "resourceClaim"] as const).filter((source) => network[source] !== undefined);
  if (sources.length !== 1) {
    const found = sources.length === 0 ? "none" : sources.join(" and ");
    return [missing(field, `must have exactly one of pod, multus and resourceClaim; it has ${found}`)];
  }
  const causes: Cause[] = [];
  if (network.multus?.networkName === "") causes.push(missing(field, "multus.networkName must name a network"));
  const { vmNetworkCIDR: ipv4, vmIPv6NetworkCIDR: ipv6 } = network.pod ?? {};
  if (ipv4 !== undefined && ipv4 !== "" && !isCIDR(ipv4, 4)) {
    causes.push(
      invalid(`${field}.pod.vmNetworkCIDR`, `must be an IPv4 network such as 10.0.2.0/24; it is ${shown(ipv4)}`),
    );
  }
  if (ipv6 !== undefined && ipv6 !== "" && !isCIDR(ipv6, 6)) {
    causes.push(
      invalid(`${field}.pod.vmIPv6NetworkCIDR`, `must be an IPv6 network such as fd10:0:2::/120; it is ${shown(ipv6)}`),
    );
  }
  return causes;
}

/** The pod has one network of its own: one interface may be on it, and Multus may replace it once. */
function validatePodNetwork(networks: readonly Network[], at: string, nics: string): Cause[] {
  const pods = networks.filter((network) => network.pod !== undefined);
  const replaced = networks.filter((network) => network.multus?.default === true);
  const causes: Cause[] = [];
  if (pods.length > 1) causes.push(duplicate(nics, "only one interface can be on the pod network"));
  if (replaced.length > 1) causes.push(invalid(`${at}.networks`, "only one multus network can be the default"));
  if (replaced.length > 0 && pods.length > 0) {
    causes.push(
      invalid(`${at}.networks`, "a multus network that is the default takes the place of the pod network: remove one"),
    );
  }
  return causes;
}

function validateResourceClaims(
  spec: VirtualMachineInstanceSpec,
  at: string,
  nics: string,
  config: ClusterConfig,
): Cause[] {
  const networks = spec.networks ?? [];
  const claiming = networks.filter((network) => network.resourceClaim !== undefined);
  if (claiming.length === 0) return [];
  if (!config.featureGates.has("NetworkDevicesWithDRA")) return [gateOff(`${at}.networks`, "NetworkDevicesWithDRA")];
  const causes: Cause[] = [];
  const claims = new Set((spec.resourceClaims ?? []).map((claim) => claim.name));
  const seen = new Set<string>();
  networks.forEach((network, index) => {
    if (network.resourceClaim === undefined) return;
    const field = `${at}.networks[${index}]`;
    const { claimName = "", requestName = "" } = network.resourceClaim;
    if (claimName === "")
      causes.push(missing(`${field}.resourceClaim.claimName`, "must name an entry of resourceClaims"));
    else if (!claims.has(claimName)) {
      causes.push(
        invalid(`${field}.resourceClaim.claimName`, `there is no ${shown(claimName)} in ${at}.resourceClaims`),
      );
    }
    if (requestName === "")
      causes.push(missing(`${field}.resourceClaim.requestName`, "must name a request of the claim"));
    const device = `${claimName}/${requestName}`;
    if (seen.has(device)) causes.push(duplicate(field, `the device ${shown(device)} is attached already`));
    seen.add(device);
    const nic = spec.domain.devices.interfaces?.find((candidate) => candidate.name === network.name);
    if (nic !== undefined && nic.sriov === undefined && nic.binding === undefined) {
      causes.push(
        invalid(nics, `the network ${shown(network.name)} needs an interface with sriov or a binding plugin`),
      );
    }
  });
  if (networks.some((network) => network.multus !== undefined)) {
    causes.push(invalid(`${at}.networks`, "multus and resourceClaim networks cannot be mixed"));
  }
  return causes;
}
