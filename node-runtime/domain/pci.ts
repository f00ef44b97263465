/** PCI addresses, and the ports that hot-plug needs. Pure. */
import { Fault } from "#events/fault.ts";
import { element, type Element } from "./element.ts";

const ADDRESS = /^([0-9a-f]{4}):([0-9a-f]{2}):([01][0-9a-f])\.([0-7])$/i;

/** Root ports that a q35 guest has left for devices that come while it runs. */
export const SPARE_ROOT_PORTS = 8;

/** @throws Fault refused InvalidPCIAddress */
export function pciAddress(address: string, of: string): Element {
  const [, domain, bus, slot, fn] = ADDRESS.exec(address) ?? [];
  if (domain === undefined) {
    throw new Fault(
      "refused",
      "InvalidPCIAddress",
      `The PCI address of ${of} is ${JSON.stringify(address)}; it must be domain:bus:slot.function such as 0000:81:01.0`,
    );
  }
  return element("address", {
    type: "pci",
    domain: `0x${domain}`,
    bus: `0x${bus}`,
    slot: `0x${slot}`,
    function: `0x${fn}`,
  });
}

/** libvirt puts each PCI Express device on the next free port, so the spare ones come on top of those in use. */
export function rootPorts(inUse: number, spare: number): Element[] {
  const root = element("controller", { type: "pci", index: 0, model: "pcie-root" });
  const ports = Array.from({ length: inUse + spare }, (_, index) =>
    element("controller", { type: "pci", index: index + 1, model: "pcie-root-port" }),
  );
  return [root, ...ports];
}
