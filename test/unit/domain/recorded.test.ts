/**
 * What a guest sees, compared with domains that KubeVirt made of the same VMIs. Recorded cases lie beside the
 * repository; without them the tests are skipped.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { Fault } from "#events/fault.ts";
import { domainXml } from "#node-runtime/domain/xml.ts";
import { orderFor, partsFor } from "./machine.ts";
import { all, first, readXml, type Read } from "./read-xml.ts";

interface Case {
  readonly test: string;
  readonly id: string;
  readonly vmi: { readonly spec: VirtualMachineInstanceSpec; readonly metadata: { readonly uid?: string } };
  readonly context: { readonly arch: string };
  readonly domainXML: string;
  readonly error?: string | null;
}

const path = join(import.meta.dirname, "../../../../shared/data/recorded/vmi-to-domainxml.jsonl");
const here = existsSync(path);
const cases = here
  ? readFileSync(path, "utf8")
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Case)
      .filter((one) => one.context.arch === "amd64")
  : [];

/** What this runtime refuses (see refusals.ts), and which inputs only a converter of KubeVirt's would meet. */
const NOT_HERE =
  /SEV|TPM|VSOCK|usb redirection|ACPI table|supplementalPool|IOMMUFD|TSC Frequency|hotplug disk|NUMA|CBT|binding plugin|Bochs/;

const comparable = cases.filter((one) => !one.error && !NOT_HERE.test(one.test));

describe.skipIf(!here)("recorded domains", () => {
  it.each(comparable.map((one) => [`${one.test.slice(0, 120)} (${one.id})`, one] as const))("%s", (_, recorded) => {
    const { spec } = recorded.vmi;
    // Some inputs have no memory; the API would not have let them pass.
    const withMemory = { ...spec, domain: { ...spec.domain, devices: spec.domain.devices ?? {} } };
    const boot = spec.domain.firmware?.kernelBoot;
    const parts = partsFor(withMemory, {
      accelerator: "kvm",
      ...(boot === undefined
        ? {}
        : { boot: { kernel: "/k", ...(boot.kernelArgs ? { commandLine: boot.kernelArgs } : {}) } }),
    });
    const ours = readXml(domainXml(orderFor(withMemory, { uid: recorded.vmi.metadata.uid || "u" }), parts));
    const theirs = readXml(recorded.domainXML);
    const wanted = facts(theirs);
    const got = facts(ours);
    for (const [key, value] of Object.entries(wanted)) expect({ [key]: got[key] }).toEqual({ [key]: value });
  });

  it("refuses what was refused there", () => {
    const refused = cases.filter((one) => one.error && /pci address|keyboard/.test(one.error));
    expect(refused.length).toBeGreaterThan(0);
    for (const { vmi } of refused) {
      expect(() => domainXml(orderFor(vmi.spec), partsFor(vmi.spec))).toThrow(Fault);
    }
  });
});

/** What a guest sees and what its data's safety rests on, where the domain says it. */
function facts(root: Read): Readonly<Record<string, unknown>> {
  const found: Record<string, unknown> = {};
  const put = (key: string, value: unknown): void => {
    if (value !== undefined && value !== "") found[key] = value;
  };
  const on = (path: string, attribute: string): string | undefined => first(root, path)?.attributes[attribute];
  put("cpu mode", on("cpu", "mode"));
  put("cpu model", first(root, "cpu/model")?.text);
  put("topology", first(root, "cpu/topology")?.attributes);
  put(
    "cpu features",
    all(root, "cpu/feature").map((one) => `${one.attributes["policy"]} ${one.attributes["name"]}`),
  );
  const memory = first(root, "memory")?.text;
  put("memory", memory === "0" ? undefined : memory);
  for (const entry of all(root, "sysinfo/system/entry")) {
    if (["uuid", "serial"].includes(entry.attributes["name"] ?? ""))
      put(`smbios ${entry.attributes["name"]}`, entry.text);
  }
  put("kernel arguments", first(root, "os/cmdline")?.text);
  put("boots by EFI", first(root, "os/loader") !== undefined || on("os", "firmware") === "efi" ? true : undefined);
  put("serial console", all(root, "devices/serial").length);
  put("displays", all(root, "devices/graphics").length);
  put("video", on("devices/video/model", "type"));
  put("entropy", all(root, "devices/rng").length);
  put("balloon", on("devices/memballoon", "model")?.replace(/-(non-)?transitional$/, ""));
  put("sound", on("devices/sound", "model"));
  put("watchdog", first(root, "devices/watchdog")?.attributes);
  put("hyperv", hyperv(root));
  const threads = all(root, "devices/disk/driver").flatMap((driver) => driver.attributes["iothread"] ?? []);
  put("disks with a thread", threads.length);
  put("threads that serve disks", new Set(threads).size);
  for (const input of all(root, "devices/input")) put(`input ${alias(input)}`, input.attributes["bus"]);
  for (const timer of all(root, "clock/timer")) put(`timer ${timer.attributes["name"]}`, timer.attributes);
  // Some recorded inputs name no bus, which the API would have filled in: then the names are not what a guest would see.
  const disks = all(root, "devices/disk");
  const named = disks.every((disk) => first(disk, "target")?.attributes["bus"] !== undefined);
  for (const disk of disks) putDisk(disk, named, put);
  for (const card of all(root, "devices/interface")) {
    const model = first(card, "model")?.attributes["type"]?.replace(/-(non-)?transitional$/, "");
    put(`card ${alias(card)}`, { model, boot: first(card, "boot")?.attributes["order"] });
  }
  return found;
}

function hyperv(root: Read): unknown {
  const element = first(root, "features/hyperv");
  if (element === undefined) return undefined;
  return [element.attributes["mode"], ...element.children.map((one) => `${one.name} ${one.attributes["state"]}`)];
}

function putDisk(disk: Read, named: boolean, put: (key: string, value: unknown) => void): void {
  const name = `disk ${alias(disk)}`;
  const target = first(disk, "target")?.attributes ?? {};
  const driver = first(disk, "driver")?.attributes ?? {};
  put(`${name} device`, disk.attributes["device"]);
  put(`${name} bus`, target["bus"]);
  put(`${name} target`, named ? target["dev"] : undefined);
  put(`${name} tray`, target["tray"]);
  put(`${name} serial`, first(disk, "serial")?.text);
  put(`${name} error policy`, driver["error_policy"]);
  put(`${name} cache`, driver["cache"]);
  put(`${name} io`, driver["io"]);
  put(`${name} boot`, first(disk, "boot")?.attributes["order"]);
  put(`${name} shareable`, first(disk, "shareable") !== undefined ? true : undefined);
  put(`${name} readonly`, first(disk, "readonly") !== undefined ? true : undefined);
}

function alias(device: Read): string {
  return first(device, "alias")?.attributes["name"] ?? "";
}
