/** Rules for one network interface. Pure. */
import type { ClusterConfig } from "../cluster-config.ts";
import { BINDINGS, PORT_PROTOCOLS, type Interface } from "../schema/interfaces.ts";
import type { Network } from "../schema/networks.ts";
import { duplicate, gateOff, invalid, missing, shown, type Cause } from "./cause.ts";
import { isIPv4, isMAC, isPCIAddress, whyNoPortName } from "./text-forms.ts";

/** The address of the bridge inside the pod. */
const RESERVED_MAC = "02:00:00:00:00:00";
const DISCONTINUED = {
  slirp: "use masquerade",
  macvtap: "use a binding plugin",
  passt: "use passtBinding",
} as const satisfies Partial<Record<keyof Interface, string>>;

/** `network` is the network of the same name, if there is one. */
export function validateInterface(
  nic: Interface,
  network: Network | undefined,
  field: string,
  config: ClusterConfig,
): Cause[] {
  return [
    ...validateIdentity(nic, field),
    ...validateBinding(nic, network, field, config),
    ...validateState(nic, network, field),
    ...validatePorts(nic, field),
    ...validatePortRanges(nic, field, config),
    ...validateDHCP(nic, field),
  ];
}

function validateIdentity(nic: Interface, field: string): Cause[] {
  const causes: Cause[] = [];
  if (!/^[A-Za-z0-9_-]+$/.test(nic.name)) {
    causes.push(invalid(`${field}.name`, `must be of letters, digits, - and _; it is ${shown(nic.name)}`));
  }
  const mac = nic.macAddress;
  if (mac !== undefined && mac !== "" && !isMAC(mac)) {
    causes.push(invalid(`${field}.macAddress`, `must be a MAC address such as 02:00:00:4a:11:07; it is ${shown(mac)}`));
  } else if (nic.masquerade !== undefined && mac?.toLowerCase().replaceAll("-", ":") === RESERVED_MAC) {
    causes.push(
      invalid(`${field}.macAddress`, `${RESERVED_MAC} is the address of the pod's own bridge: choose another`),
    );
  }
  const pci = nic.pciAddress;
  if (pci !== undefined && pci !== "" && !isPCIAddress(pci)) {
    causes.push(invalid(`${field}.pciAddress`, `must be a PCI address such as 0000:81:00.1; it is ${shown(pci)}`));
  }
  return causes;
}

function validateBinding(nic: Interface, network: Network | undefined, field: string, config: ClusterConfig): Cause[] {
  const bindings = BINDINGS.filter((binding) => nic[binding] !== undefined);
  const [binding] = bindings;
  if (binding === undefined || bindings.length > 1) {
    const found = bindings.length === 0 ? "none" : bindings.join(" and ");
    return [invalid(field, `must have exactly one binding, such as masquerade or bridge; it has ${found}`)];
  }
  if (binding in DISCONTINUED) {
    const instead = DISCONTINUED[binding as keyof typeof DISCONTINUED];
    return [invalid(`${field}.${binding}`, `is discontinued: ${instead}`)];
  }
  const name = `${field}.name`;
  const onPod = network?.pod !== undefined;
  if (binding === "masquerade" && network !== undefined && !onPod) {
    return [invalid(name, "masquerade works on the pod network only: use bridge on this one")];
  }
  if (binding === "bridge" && onPod && !config.permitBridgeInterfaceOnPodNetwork) {
    return [invalid(name, "the cluster does not permit bridge on the pod network: use masquerade")];
  }
  if (binding === "passtBinding") {
    if (!config.featureGates.has("PasstBinding")) return [gateOff(name, "PasstBinding")];
    if (network !== undefined && !onPod) return [invalid(name, "passtBinding works on the pod network only")];
  }
  if (binding === "binding" && nic.binding?.name === "") {
    return [missing(`${field}.binding.name`, "must name a plugin of the KubeVirt object")];
  }
  return [];
}

function validateState(nic: Interface, network: Network | undefined, field: string): Cause[] {
  const { state } = nic;
  if (state === undefined) return [];
  const at = `${field}.state`;
  if (state === "absent") {
    const causes: Cause[] = [];
    if (nic.bridge === undefined) causes.push(invalid(at, "only an interface with bridge can become absent"));
    if (network?.pod !== undefined || network?.multus?.default === true) {
      causes.push(invalid(at, "the interface of the pod's own network cannot become absent"));
    }
    return causes;
  }
  return nic.sriov === undefined ? [] : [invalid(at, `an interface with sriov cannot be set ${state}`)];
}

function validatePorts(nic: Interface, field: string): Cause[] {
  const names = new Set<string>();
  return (nic.ports ?? []).flatMap((port, index) => {
    const at = `${field}.ports[${index}]`;
    const causes: Cause[] = [];
    if (port.port === 0) causes.push(missing(`${at}.port`, "must be a port, 1 to 65535"));
    else if (port.port < 0 || port.port > 65_535) {
      causes.push(invalid(`${at}.port`, `must be a port, 1 to 65535; it is ${port.port}`));
    }
    if (port.name !== undefined && port.name !== "") {
      const why = whyNoPortName(port.name);
      if (names.has(port.name)) causes.push(duplicate(`${at}.name`, `another port is called ${shown(port.name)}`));
      if (why !== undefined) causes.push(invalid(`${at}.name`, `${why}; it is ${shown(port.name)}`));
      names.add(port.name);
    }
    return causes;
  });
}

function validatePortRanges(nic: Interface, field: string, config: ClusterConfig): Cause[] {
  const ranges = nic.portRanges ?? [];
  if (ranges.length === 0) return [];
  const name = `${field}.name`;
  if (!config.featureGates.has("PortRangesSpec")) return [gateOff(name, "PortRangesSpec")];
  const causes: Cause[] = [];
  if (nic.masquerade === undefined) causes.push(invalid(name, "portRanges need the binding masquerade"));
  if ((nic.ports ?? []).length > 0) causes.push(invalid(name, "must have ports or portRanges, not both"));
  ranges.forEach((range, index) => {
    const at = `${field}.portRanges[${index}]`;
    if (!PORT_PROTOCOLS.some((protocol) => protocol === range.protocol)) {
      causes.push(invalid(`${at}.protocol`, `must be TCP or UDP; it is ${shown(range.protocol)}`));
    }
    for (const end of ["start", "end"] as const) {
      if (range[end] < 1 || range[end] > 65_535) {
        causes.push(invalid(`${at}.${end}`, `must be a port, 1 to 65535; it is ${range[end]}`));
      }
    }
    if (range.start > range.end) {
      causes.push(invalid(`${at}.start`, `must not be above end, ${range.end}; it is ${range.start}`));
    }
  });
  const sorted = ranges.toSorted((a, b) => a.protocol.localeCompare(b.protocol) || a.start - b.start);
  const overlap = sorted.find((range, index) => {
    const before = sorted[index - 1];
    return before !== undefined && before.protocol === range.protocol && before.end >= range.start;
  });
  if (overlap !== undefined) {
    causes.push(invalid(`${field}.portRanges`, `ranges of ${overlap.protocol} overlap at ${overlap.start}`));
  }
  return causes;
}

function validateDHCP(nic: Interface, field: string): Cause[] {
  const at = `${field}.dhcpOptions`;
  const { ntpServers = [], privateOptions = [] } = nic.dhcpOptions ?? {};
  const seen = new Set<number>();
  return [
    ...ntpServers.flatMap((server, index) =>
      isIPv4(server) ? [] : [invalid(`${at}.ntpServers[${index}]`, `must be an IPv4 address; it is ${shown(server)}`)],
    ),
    ...privateOptions.flatMap(({ option }, index) => {
      const again = seen.has(option);
      seen.add(option);
      if (again) return [duplicate(`${at}.privateOptions[${index}].option`, `option ${option} is there twice`)];
      if (option >= 224 && option <= 254) return [];
      return [invalid(`${at}.privateOptions[${index}].option`, `must be from 224 to 254; it is ${option}`)];
    }),
  ];
}
