/**
 * What this runtime cannot do yet and must not leave out silently: a guest without it would be less safe, would lose data
 * or would not be what its owner asked for. Everything else that a spec may say and the domain does not show is harmless
 * to leave out. Pure.
 */
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { Fault, type Cause } from "#events/fault.ts";
import { NOT_IN_XML } from "./element.ts";
import type { Domain } from "./spec.ts";

type Check = (domain: Domain) => boolean;

/** The machine types and the firmware here are those of x86-64. */
const ARCHITECTURE = "amd64";

const UNSUPPORTED: Readonly<Record<string, Check>> = {
  "spec.domain.launchSecurity": (domain) => domain.launchSecurity !== undefined,
  "spec.domain.cpu.dedicatedCpuPlacement": (domain) => domain.cpu?.dedicatedCpuPlacement === true,
  "spec.domain.cpu.isolateEmulatorThread": (domain) => domain.cpu?.isolateEmulatorThread === true,
  "spec.domain.cpu.numa": (domain) => domain.cpu?.numa !== undefined,
  "spec.domain.cpu.realtime": (domain) => domain.cpu?.realtime !== undefined,
  "spec.domain.devices.gpus": (domain) => (domain.devices.gpus ?? []).length > 0,
  "spec.domain.devices.hostDevices": (domain) => (domain.devices.hostDevices ?? []).length > 0,
  "spec.domain.devices.filesystems": (domain) => (domain.devices.filesystems ?? []).length > 0,
  "spec.domain.devices.tpm": (domain) => domain.devices.tpm !== undefined && domain.devices.tpm.enabled !== false,
  "spec.domain.devices.clientPassthrough": (domain) => domain.devices.clientPassthrough !== undefined,
  "spec.domain.devices.downwardMetrics": (domain) => domain.devices.downwardMetrics !== undefined,
  "spec.domain.devices.autoattachVSOCK": (domain) => domain.devices.autoattachVSOCK === true,
  "spec.domain.devices.watchdog.diag288": (domain) => domain.devices.watchdog?.diag288 !== undefined,
  "spec.domain.firmware.acpi": (domain) => domain.firmware?.acpi !== undefined,
  "spec.domain.firmware.bootloader.efi.persistent": (domain) => domain.firmware?.bootloader?.efi?.persistent === true,
};

/** @throws Fault refused FieldNotSupported or TextNotAllowed, with all fields at once as causes */
export function refuseUnsupported(spec: VirtualMachineInstanceSpec): void {
  const { domain, architecture } = spec;
  if (architecture !== undefined && architecture !== ARCHITECTURE) {
    const field = "spec.architecture";
    const message = `${field} is ${JSON.stringify(architecture)}; this node runs ${ARCHITECTURE}`;
    refuse("FieldNotSupported", [{ reason: "FieldValueNotSupported", field, message }]);
  }
  const causes = Object.entries(UNSUPPORTED)
    .filter(([, isAsked]) => isAsked(domain))
    .map(([field]): Cause => ({
      reason: "FieldValueNotSupported",
      field,
      message: `${field} is not supported on this node`,
    }));
  refuse("FieldNotSupported", causes);
  const texts: Cause[] = [];
  collectBadTexts(domain, "spec.domain", texts);
  refuse("TextNotAllowed", texts);
}

function refuse(reason: string, causes: readonly Cause[]): void {
  if (causes.length === 0) return;
  throw new Fault("refused", reason, causes.map((cause) => cause.message).join("; "), { causes });
}

function collectBadTexts(value: unknown, field: string, causes: Cause[]): void {
  if (typeof value === "string") {
    if (!NOT_IN_XML.test(value)) return;
    const message = `${field} has a control character; only printable text, tabs and line breaks are allowed`;
    causes.push({ reason: "FieldValueInvalid", field, message });
  } else if (Array.isArray(value)) {
    value.forEach((item, index) => collectBadTexts(item, `${field}[${index}]`, causes));
  } else if (typeof value === "object" && value !== null) {
    for (const [key, item] of Object.entries(value)) collectBadTexts(item, `${field}.${key}`, causes);
  }
}
