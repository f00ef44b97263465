/**
 * The libvirt domain of a machine: a pure function of its order and of what volumes and network have prepared.
 * The domain is transient: it is what its order says, and when it ends nothing of it stays in libvirt.
 */
import type { MachineOrder } from "#events/machine.ts";
import { cpuElement, memoryElements, topologyOf, vcpuElement } from "./compute.ts";
import {
  channelElement,
  consoleElements,
  controllerElements,
  displayElements,
  inputElements,
  platformElements,
} from "./devices.ts";
import { diskElements, planDisks } from "./disks.ts";
import { element, render } from "./element.ts";
import { emulatedMemory } from "./emulated-memory.ts";
import { clockElement, featuresElement } from "./features.ts";
import { osElement, sysinfoElement } from "./firmware.ts";
import { claimElement, domainName, domainUuid } from "./identity.ts";
import { interfaceElements } from "./interfaces.ts";
import type { DomainParts } from "./parts.ts";
import { refuseUnsupported } from "./refusals.ts";

/**
 * @throws Fault refused (FieldNotSupported, TextNotAllowed, InvalidQuantity, …) with the spec's fields as causes when
 *   the spec cannot become a domain; bug when parts are missing that the spec needs
 */
export function domainXml(order: MachineOrder, parts: DomainParts): string {
  const { spec } = order;
  const { domain } = spec;
  refuseUnsupported(spec);
  const topology = topologyOf(domain);
  const disks = diskElements(spec, parts.volumes);
  const { devices } = domain;
  return render(
    element(
      "domain",
      { type: parts.accelerator === "kvm" ? "kvm" : "qemu" },
      element("name", {}, domainName(order)),
      element("uuid", {}, domainUuid(order)),
      claimElement(order),
      memoryElements(domain),
      vcpuElement(topology),
      disks.ioThreads > 0 && element("iothreads", {}, String(disks.ioThreads)),
      sysinfoElement(order),
      osElement(domain, parts),
      featuresElement(domain, parts.accelerator),
      cpuElement(domain, topology, parts.accelerator),
      clockElement(domain, parts.accelerator),
      element("on_poweroff", {}, "destroy"),
      element("on_reboot", {}, domain.rebootPolicy === "Terminate" ? "destroy" : "restart"),
      // A guest that panics ends, so that it is reported and its run strategy decides what comes next.
      element("on_crash", {}, "destroy"),
      element(
        "devices",
        {},
        element("emulator", {}, parts.emulator),
        disks.elements,
        controllerElements(domain, planDisks(spec)),
        interfaceElements(domain, parts.links),
        consoleElements(devices),
        channelElement(),
        inputElements(devices),
        displayElements(devices, parts.volumes.directory),
        platformElements(domain),
      ),
      emulatedMemory(domain, parts.accelerator),
    ),
  );
}
