/** How the guest starts and what its firmware tells it about the machine. Pure. */
import { join } from "node:path";
import { element, type Element } from "./element.ts";
import { domainUuid, type Identified } from "./identity.ts";
import type { DomainParts } from "./parts.ts";
import type { Devices, Domain } from "./spec.ts";

export const DEFAULT_MACHINE_TYPE = "q35";

/** Where Debian's package `ovmf` keeps the firmware: code, and the template of each machine's variable store. */
export const OVMF = {
  plain: { code: "/usr/share/OVMF/OVMF_CODE_4M.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.fd" },
  secure: { code: "/usr/share/OVMF/OVMF_CODE_4M.ms.fd", variables: "/usr/share/OVMF/OVMF_VARS_4M.ms.fd" },
} as const;

export function machineTypeOf(domain: Domain): string {
  const type = domain.machine?.type;
  return type === undefined || type === "" ? DEFAULT_MACHINE_TYPE : type;
}

/** True for machine types with PCI Express, whose hot-plug needs spare root ports. */
export function isQ35(machineType: string): boolean {
  return machineType === "q35" || machineType.startsWith("pc-q35");
}

/** The EFI firmware that the guest boots with; undefined for BIOS. Secure boot is EFI's default, as in KubeVirt. */
export function efiOf(domain: Domain): { readonly secureBoot: boolean } | undefined {
  const efi = domain.firmware?.bootloader?.efi;
  return efi === undefined ? undefined : { secureBoot: efi.secureBoot ?? true };
}

export function hasSerialConsole(devices: Devices): boolean {
  return devices.autoattachSerialConsole !== false;
}

/** The file with this machine's EFI variables. */
export function nvramPath(directory: string): string {
  return join(directory, "volumes", "efi-variables.fd");
}

export function osElement(domain: Domain, parts: DomainParts): Element {
  const boot = parts.volumes.boot;
  const bios = domain.firmware?.bootloader?.bios;
  return element(
    "os",
    {},
    element("type", { arch: "x86_64", machine: machineTypeOf(domain) }, "hvm"),
    efiElements(domain, parts.volumes.directory),
    boot?.kernel !== undefined && element("kernel", {}, boot.kernel),
    boot?.initrd !== undefined && element("initrd", {}, boot.initrd),
    boot?.commandLine !== undefined && element("cmdline", {}, boot.commandLine),
    // SeaBIOS writes to the first serial port, so there has to be one.
    bios?.useSerial === true && hasSerialConsole(domain.devices) && element("bios", { useserial: "yes" }),
    element("smbios", { mode: "sysinfo" }),
  );
}

function efiElements(domain: Domain, directory: string | undefined): Element[] {
  const efi = efiOf(domain);
  if (efi === undefined) return [];
  const files = efi.secureBoot ? OVMF.secure : OVMF.plain;
  return [
    element("loader", { readonly: "yes", secure: efi.secureBoot ? "yes" : "no", type: "pflash" }, files.code),
    element("nvram", { template: files.variables }, directory !== undefined && nvramPath(directory)),
  ];
}

/** The SMBIOS tables. libvirt insists that the system's UUID is the domain's. */
export function sysinfoElement(order: Identified): Element {
  const { firmware, chassis } = order.spec.domain;
  const system = entries({
    manufacturer: "Virtive",
    product: "Virtual Machine",
    serial: firmware?.serial,
    uuid: domainUuid(order),
  });
  const chassisEntries = entries({
    manufacturer: chassis?.manufacturer,
    version: chassis?.version,
    serial: chassis?.serial,
    asset: chassis?.asset,
    sku: chassis?.sku,
  });
  return element(
    "sysinfo",
    { type: "smbios" },
    element("system", {}, system),
    chassisEntries.length > 0 && element("chassis", {}, chassisEntries),
  );
}

function entries(values: Readonly<Record<string, string | undefined>>): Element[] {
  return Object.entries(values).flatMap(([name, value]) =>
    value === undefined || value === "" ? [] : [element("entry", { name }, value)],
  );
}
