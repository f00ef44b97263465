/** Rules for machine, firmware, features and encrypted memory. Pure. */
import type { Architecture, ClusterConfig } from "../cluster-config.ts";
import type { Domain } from "../schema/instance-spec.ts";
import type { VirtualMachineInstanceSpec } from "../virtual-machine-instance.ts";
import { forbidden, gateOff, invalid, missing, shown, type Cause } from "./cause.ts";
import { whyNoFilePath } from "./text-forms.ts";

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const SERIAL = /^[A-Za-z0-9_.+-]*$/;
const MAX_SERIAL = 256;

/** `at` is the path of the domain. */
export function validateFirmware(
  domain: Domain,
  at: string,
  architecture: Architecture,
  config: ClusterConfig,
): Cause[] {
  return [
    ...validateMachine(domain, at, architecture, config),
    ...validateIdentity(domain, `${at}.firmware`),
    ...validateBootloader(domain, `${at}.firmware.bootloader`, architecture),
    ...validateKernelBoot(domain, `${at}.firmware.kernelBoot`),
    ...validateFeatures(domain, `${at}.features`),
  ];
}

function validateMachine(domain: Domain, at: string, architecture: Architecture, config: ClusterConfig): Cause[] {
  const type = domain.machine?.type ?? "";
  const { allowed } = config.machines[architecture];
  if (type === "" || allowed.some((pattern) => fits(pattern, type))) return [];
  return [invalid(`${at}.machine.type`, `must fit ${allowed.join(" or ")} on ${architecture}; it is ${shown(type)}`)];
}

/** Whether the text fits a pattern in which * stands for any text. */
function fits(pattern: string, text: string): boolean {
  const parts = pattern.split("*").map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`).test(text);
}

function validateIdentity(domain: Domain, at: string): Cause[] {
  const { uuid, serial = "" } = domain.firmware ?? {};
  const causes: Cause[] = [];
  if (uuid !== undefined && uuid !== "" && !UUID.test(uuid)) {
    causes.push(
      invalid(`${at}.uuid`, `must be a UUID such as 5d307ca9-b3ef-428c-8861-06e72d69f223; it is ${shown(uuid)}`),
    );
  }
  if (!SERIAL.test(serial) || serial.length > MAX_SERIAL) {
    causes.push(
      invalid(`${at}.serial`, `must be up to ${MAX_SERIAL} letters, digits and _ . + -; it is ${shown(serial)}`),
    );
  }
  return causes;
}

/** Secure boot is on unless it is turned off; it rests on SMM, but for TDX, whose firmware measures itself. */
export function hasSecureBoot(domain: Domain): boolean {
  const efi = domain.firmware?.bootloader?.efi;
  return efi !== undefined && efi.secureBoot !== false;
}

function hasSMM(domain: Domain): boolean {
  const smm = domain.features?.smm;
  return smm !== undefined && smm.enabled !== false;
}

function validateBootloader(domain: Domain, at: string, architecture: Architecture): Cause[] {
  const { bios, efi } = domain.firmware?.bootloader ?? {};
  const causes: Cause[] = [];
  if (bios !== undefined && efi !== undefined) causes.push(invalid(at, "must be bios or efi, not both"));
  const needsSMM = architecture === "amd64" && domain.launchSecurity?.tdx === undefined;
  if (needsSMM && hasSecureBoot(domain) && !hasSMM(domain)) {
    causes.push(
      invalid(`${at}.efi.secureBoot`, "is on, and needs features.smm: turn that on, or set secureBoot to false"),
    );
  }
  return causes;
}

function validateKernelBoot(domain: Domain, at: string): Cause[] {
  const boot = domain.firmware?.kernelBoot;
  if (boot === undefined) return [];
  const { container } = boot;
  const causes: Cause[] = [];
  const args = boot.kernelArgs ?? "";
  if (args !== "" && (container?.kernelPath ?? "") === "") {
    causes.push(invalid(`${at}.kernelArgs`, "needs a kernel: set container.kernelPath"));
  }
  if (container === undefined) return causes;
  if (container.image === "") causes.push(missing(`${at}.container.image`, "must name an image"));
  const paths = ["kernelPath", "initrdPath"] as const;
  if (paths.every((path) => (container[path] ?? "") === "")) {
    causes.push(missing(`${at}.container`, "must have kernelPath, initrdPath or both"));
  }
  for (const path of paths) {
    const value = container[path] ?? "";
    const why = value === "" ? undefined : whyNoFilePath(value);
    if (why !== undefined) causes.push(invalid(`${at}.container.${path}`, why));
  }
  return causes;
}

function validateFeatures(domain: Domain, at: string): Cause[] {
  const { hyperv, hypervPassthrough } = domain.features ?? {};
  const causes: Cause[] = [];
  if (hyperv !== undefined && hypervPassthrough !== undefined && hypervPassthrough.enabled !== false) {
    causes.push(invalid(`${at}.hyperv`, "must not be set with hypervPassthrough, which turns all of it on"));
  }
  const spinlocks = hyperv?.spinlocks?.spinlocks;
  if (spinlocks !== undefined && spinlocks < 4096) {
    causes.push(invalid(`${at}.hyperv.spinlocks.spinlocks`, `must be 4096 or more; it is ${spinlocks}`));
  }
  const vendor = hyperv?.vendorid?.vendorid;
  if (vendor !== undefined && vendor.length > 12) {
    causes.push(invalid(`${at}.hyperv.vendorid.vendorid`, `must be up to 12 characters; it has ${vendor.length}`));
  }
  return causes;
}

const TECHNIQUES = {
  sev: { name: "SEV", gate: "WorkloadEncryptionSEV" },
  snp: { name: "SEV-SNP", gate: "WorkloadEncryptionSEV" },
  tdx: { name: "TDX", gate: "WorkloadEncryptionTDX" },
} as const;

/** `at` is the path of the spec. */
export function validateLaunchSecurity(
  spec: VirtualMachineInstanceSpec,
  at: string,
  architecture: Architecture,
  config: ClusterConfig,
): Cause[] {
  const { launchSecurity } = spec.domain;
  if (launchSecurity === undefined) return [];
  const field = `${at}.domain.launchSecurity`;
  const chosen = (["sev", "snp", "tdx"] as const).filter((technique) => launchSecurity[technique] !== undefined);
  const [technique] = chosen;
  // On s390x it means Secure Execution, which has no settings.
  if (architecture === "s390x" && technique === undefined) return [];
  if (technique === undefined || chosen.length > 1) {
    return [forbidden(field, `must be exactly one of sev, snp and tdx; it is ${chosen.join(" and ") || "none"}`)];
  }
  const { name, gate } = TECHNIQUES[technique];
  if (!config.featureGates.has(gate)) return [gateOff(field, gate)];
  const { domain } = spec;
  const efi = domain.firmware?.bootloader?.efi;
  const causes: Cause[] = [];
  if (efi === undefined) causes.push(invalid(field, `${name} needs firmware.bootloader.efi`));
  if (technique === "tdx") {
    if (hasSMM(domain)) causes.push(invalid(field, "TDX does not work with features.smm"));
  } else if (hasSecureBoot(domain)) {
    causes.push(
      invalid(field, `${name} does not work with secure boot: set firmware.bootloader.efi.secureBoot to false`),
    );
  }
  if (technique !== "sev" && efi?.persistent === true) {
    causes.push(invalid(field, `${name} does not work with firmware.bootloader.efi.persistent`));
  }
  const bootable = domain.devices.interfaces?.find((nic) => nic.bootOrder !== undefined);
  if (bootable !== undefined)
    causes.push(
      invalid(field, `${name} cannot boot from the network: interface ${shown(bootable.name)} has a bootOrder`),
    );
  if (launchSecurity.sev?.attestation !== undefined && spec.startStrategy !== "Paused") {
    causes.push(invalid(field, "attestation needs startStrategy Paused"));
  }
  return causes;
}
