/** The guest's network cards: each on a device that the network has made already. Pure. */
import { Fault } from "#events/fault.ts";
import { element, type Element } from "./element.ts";
import type { GuestLink } from "./parts.ts";
import { pciAddress } from "./pci.ts";
import type { Domain } from "./spec.ts";

const MODELS: readonly string[] = ["virtio", "e1000", "e1000e", "igb", "rtl8139", "ne2k_pci", "pcnet"];

/**
 * In the order of the spec. `type='ethernet'` with an unmanaged target: libvirt opens the tap or macvtap device by its
 * name and leaves address, state and MTU of the host's side alone.
 * @throws Fault refused InterfaceNotSupported
 */
export function interfaceElements(domain: Domain, links: readonly GuestLink[]): Element[] {
  const wanted = domain.devices.interfaces ?? [];
  return wanted.map((wish, index) => {
    const field = `spec.domain.devices.interfaces[${index}]`;
    const link = links.find((candidate) => candidate.interface === wish.name);
    if (link === undefined) {
      throw new Fault("bug", "LinkNotPrepared", `The interface ${wish.name} has no device on the host`);
    }
    const model = wish.model ?? "virtio";
    if (!MODELS.includes(model)) {
      const message = `${field}.model is ${JSON.stringify(model)}; it must be one of ${MODELS.join(", ")}`;
      throw new Fault("refused", "InterfaceNotSupported", message, {
        causes: [{ reason: "FieldValueNotSupported", field: `${field}.model`, message }],
      });
    }
    return element(
      "interface",
      { type: "ethernet" },
      element("mac", { address: link.mac }),
      element("target", { dev: link.device, managed: "no" }),
      element("model", { type: model }),
      model === "virtio" && element("mtu", { size: link.mtu }),
      wish.state === "down" && element("link", { state: "down" }),
      wish.bootOrder !== undefined && element("boot", { order: wish.bootOrder }),
      // A card that nobody boots from needs no boot ROM: it saves the firmware its search.
      wish.bootOrder === undefined && element("rom", { enabled: "no" }),
      wish.acpiIndex !== undefined && element("acpi", { index: wish.acpiIndex }),
      element("alias", { name: `ua-${wish.name}` }),
      wish.pciAddress !== undefined && pciAddress(wish.pciAddress, `the interface ${wish.name}`),
    );
  });
}
