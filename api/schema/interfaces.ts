/** Network interfaces: how the guest is attached to a network. */
import { int, int32, list, object, presence, required, text, word, type Value } from "./vocabulary.ts";

export const INTERFACE_MODELS = ["virtio", "e1000", "e1000e", "igb", "ne2k_pci", "pcnet", "rtl8139"] as const;
export const PORT_PROTOCOLS = ["TCP", "UDP"] as const;

const DHCPOptionsSchema = object("What DHCP tells the guest beside its address.", {
  bootFileName: text("Option 67: file to boot from the network."),
  tftpServerName: text("Option 66: server of that file."),
  ntpServers: list("Option 42: time servers, as IPv4 addresses.", text("An IPv4 address.")),
  privateOptions: list(
    "Options of one's own.",
    object("One option.", {
      option: required(int("Number of the option, 224 to 254.")),
      value: required(text("Its value, as text.")),
    }),
  ),
});

export const InterfaceSchema = object(
  "A network interface of the guest. Exactly one binding says how it is attached to the network of the same name.",
  {
    name: required(text("Name of the network in spec.networks that it is attached to.")),
    model: word("Device that the guest sees; virtio when unset.", [...INTERFACE_MODELS]),
    macAddress: text("MAC address, such as 02:00:00:4a:11:07 or with dashes; made up when unset."),
    pciAddress: text("PCI address in the guest, such as 0000:81:00.1."),
    bootOrder: int("Place in the order of devices that are tried for booting, from 1."),
    acpiIndex: int("Number by which the guest names the interface."),
    tag: text("Label that the guest reads in its device metadata."),
    state: word("The link: up, down (cable pulled), or absent (to be unplugged).", ["up", "down", "absent"]),
    ports: list(
      "Ports of the guest that are reached through the pod's address, for masquerade. All ports when empty.",
      object("One port.", {
        name: text("Name by which Services refer to it; unique in the interface."),
        port: required(int32("Number of the port, 1 to 65535.")),
        protocol: word("Protocol; TCP when unset.", [...PORT_PROTOCOLS]),
      }),
    ),
    portRanges: list(
      "Ranges of ports that are reached through the pod's address, for masquerade. Excludes ports.",
      object("One range, both ends included.", {
        start: required(int32("First port.")),
        end: required(int32("Last port; not below start.")),
        protocol: required(text("Protocol: TCP or UDP.")),
      }),
      { list: "atomic" },
    ),
    dhcpOptions: DHCPOptionsSchema,
    masquerade: presence("Binding: the guest has an address of its own behind the pod's, translated by NAT."),
    bridge: presence("Binding: the guest takes over the pod's address, on a bridge."),
    sriov: presence("Binding: a virtual function of a network card is passed through."),
    macvtap: presence("Binding: a macvtap device. Discontinued; use a binding plugin."),
    passt: presence("Binding: user-mode networking by passt. Discontinued; use passtBinding."),
    passtBinding: presence("Binding: user-mode networking by passt, on the pod network."),
    slirp: presence("Binding: user-mode networking by slirp. Discontinued."),
    binding: object("Binding by a plugin that the KubeVirt object registers.", {
      name: required(text("Name of the plugin.")),
    }),
  },
);
export type Interface = Value<ReturnType<(typeof InterfaceSchema)["unwrap"]>>;

/** The fields of an interface of which exactly one is set. */
export const BINDINGS = [
  "masquerade",
  "bridge",
  "sriov",
  "macvtap",
  "passt",
  "passtBinding",
  "slirp",
  "binding",
] as const satisfies readonly (keyof Interface)[];
