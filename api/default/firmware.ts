/** Defaults of firmware and of the images that are pulled for it. Pure. */
import type { Architecture } from "../cluster-config.ts";
import type { Firmware } from "../schema/firmware.ts";
import { told } from "./told.ts";

/** Kubernetes' rule: a tag that can move is pulled always, everything else once. */
export function pullPolicyFor(image: string): "Always" | "IfNotPresent" {
  if (image.includes("@")) return "IfNotPresent";
  // A colon before the last slash belongs to the registry's port.
  const tag = /:([^:/]+)$/.exec(image)?.[1];
  return tag === undefined || tag === "latest" ? "Always" : "IfNotPresent";
}

export function defaultFirmware(firmware: Firmware, architecture: Architecture, uuid: () => string): Firmware {
  const container = firmware.kernelBoot?.container;
  return {
    ...firmware,
    uuid: told(firmware.uuid) ?? uuid(),
    // arm64 has no BIOS, and its UEFI no signed keys that guests could rely on.
    ...(architecture === "arm64" && firmware.bootloader === undefined
      ? { bootloader: { efi: { secureBoot: false } } }
      : {}),
    ...(container !== undefined && container.imagePullPolicy === undefined
      ? {
          kernelBoot: {
            ...firmware.kernelBoot,
            container: { ...container, imagePullPolicy: pullPolicyFor(container.image) },
          },
        }
      : {}),
  };
}
