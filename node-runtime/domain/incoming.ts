/** The domain of a guest that comes from another node: the source's, with this node's paths and this node's claim. Pure. */
import { Fault } from "#events/fault.ts";
import type { MachineOrder } from "#events/machine.ts";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { planDisks } from "./disks.ts";
import { escaped, render } from "./element.ts";
import { claimElement } from "./identity.ts";

/**
 * Devices and their addresses must be the source's to the bit, so they are taken from its XML; only what names this
 * node is changed. The source's directory stands in values of attributes and of elements alone, at their beginning.
 * @throws Fault refused IncomingMalformed
 */
export function incomingXml(options: {
  readonly xml: string;
  readonly sourceDirectory: string;
  readonly order: MachineOrder;
  readonly directory: string;
  readonly emulator: string;
}): string {
  const { xml, sourceDirectory, order, directory, emulator } = options;
  if (!sourceDirectory.startsWith("/") || sourceDirectory.length < 2) {
    throw malformed(`the source's directory is ${JSON.stringify(sourceDirectory)}; it must be an absolute path`);
  }
  const claims = xml.match(/<virtive:machine\s[^<>]*\/>/g) ?? [];
  if (claims.length !== 1) throw malformed(`the source's domain carries our mark ${claims.length} times, not once`);
  const claim = claimElement(order).children[0];
  if (claim === undefined || typeof claim === "string") throw malformed("a claim is no element");
  // As they stand in the text: a directory may be called anything.
  const from = escaped(sourceDirectory, "the source's directory");
  const to = escaped(directory, "the directory");
  const program = escaped(emulator, "the emulator");
  return xml
    .replace(claims[0] ?? "", () => render(claim).trim())
    .replace(/(['">])([^'"<>]*)/g, (whole, opening: string, value: string) =>
      value === from || value.startsWith(`${from}/`) ? `${opening}${to}${value.slice(from.length)}` : whole,
    )
    .replace(/<emulator>[^<]*<\/emulator>/, () => `<emulator>${program}</emulator>`);
}

function malformed(why: string): Fault {
  return new Fault("refused", "IncomingMalformed", why);
}

/** Targets (vda) of what the guest writes and only this node has: overlays of container disks, and empty disks. */
export function copiedDisks(spec: VirtualMachineInstanceSpec): readonly string[] {
  const own = new Set(
    (spec.volumes ?? [])
      .filter((volume) => volume.containerDisk !== undefined || volume.emptyDisk !== undefined)
      .map((volume) => volume.name),
  );
  return planDisks(spec)
    .filter((plan) => own.has(plan.disk.name) && plan.device !== "cdrom" && !plan.readonly)
    .map((plan) => plan.target);
}
