import { describe, expect, test } from "vitest";
import { clusterConfig } from "#api/cluster-config.ts";
import { defaultVirtualMachineInstance } from "#api/default/virtual-machine-instance.ts";
import { defaultVirtualMachine } from "#api/default/virtual-machine.ts";
import type { Cause } from "#api/validate/cause.ts";
import {
  validateVirtualMachineInstance,
  validateVirtualMachineInstanceUpdate,
} from "#api/validate/virtual-machine-instance.ts";
import { validateVirtualMachine, validateVirtualMachineUpdate } from "#api/validate/virtual-machine.ts";
import type { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import { aMachine, anInstance, given, type SpecParts } from "./builders.ts";

const config = clusterConfig(undefined);

function said(causes: readonly Cause[]): string[] {
  return causes.map(({ reason, field }) => `${reason} ${field}`);
}

/** What admission says of an instance with these parts, defaulted as admission does. */
function wrong(parts: SpecParts): Cause[] {
  return validateVirtualMachineInstance(defaultVirtualMachineInstance(anInstance(parts), config, given), config);
}

/** A virtual machine as it comes over the wire, where types promise nothing: values by their paths. */
function wire(values: Readonly<Record<string, unknown>>): VirtualMachine {
  const vm = structuredClone(aMachine());
  for (const [path, value] of Object.entries(values)) {
    const names = path.split(".");
    const last = names.pop() ?? "";
    let at: object = vm;
    for (const name of names) at = Reflect.get(at, name) as object;
    Reflect.set(at, last, value);
  }
  return vm;
}

const TEMPLATE = "spec.template.spec";

/** As kubectl prints a cause. */
function printed(cause: Cause): string {
  return `${cause.field}: ${cause.message}`;
}

describe("a virtual machine that could not be read", () => {
  test("has each unknown field named, wherever it is", () => {
    const vm = wire({
      [`${TEMPLATE}.colour`]: "red",
      [`${TEMPLATE}.domain`]: { devices: { disks: [{ name: "root", sizeGb: 3 }] }, memory: { guest: "1Gi" } },
    });
    const causes = validateVirtualMachine(vm, config);
    expect(said(causes)).toEqual(
      expect.arrayContaining([
        `FieldValueNotSupported ${TEMPLATE}.colour`,
        `FieldValueNotSupported ${TEMPLATE}.domain.devices.disks[0].sizeGb`,
      ]),
    );
    expect(causes.map(printed)[0]).toMatch(/^spec\.template\.spec\..*: unknown field$/);
  });

  test("has wrong types named with what is expected, and nothing else is guessed at", () => {
    const vm = wire({ [`${TEMPLATE}.domain.cpu`]: { cores: "two", sockets: 1.5 }, [`${TEMPLATE}.domain.devices`]: [] });
    const causes = validateVirtualMachine(vm, config);
    expect(said(causes).sort()).toEqual([
      `FieldValueTypeInvalid ${TEMPLATE}.domain.cpu.cores`,
      `FieldValueTypeInvalid ${TEMPLATE}.domain.cpu.sockets`,
      `FieldValueTypeInvalid ${TEMPLATE}.domain.devices`,
    ]);
    expect(causes.map(printed)).toContain('spec.template.spec.domain.cpu.cores: must be a number; it is "two"');
  });

  test("has missing parts named", () => {
    expect(said(validateVirtualMachine(wire({ spec: undefined }), config))).toEqual(["FieldValueRequired spec"]);
    expect(validateVirtualMachine(null as unknown as VirtualMachine, config).length).toBeGreaterThan(0);
  });

  test("is answered with a bounded number of causes, of bounded length", () => {
    const unknown = Array.from({ length: 1000 }, (_, nth) => [`spec.unknown${nth}`, "x"] as const);
    const vm = wire({ ...Object.fromEntries(unknown), "spec.runStrategy": "y".repeat(100_000) });
    const causes = validateVirtualMachine(vm, config);
    expect(causes.length).toBeLessThan(150);
    for (const { message } of causes) expect(message.length).toBeLessThan(500);
  });

  test("may say null for what is not set", () => {
    const vm = wire({ "spec.dataVolumeTemplates": null, [`${TEMPLATE}.affinity`]: { podAffinity: null } });
    expect(validateVirtualMachine(vm, config)).toEqual([]);
  });

  test("has words and quantities judged with what is allowed", () => {
    const vm = wire({ "spec.runStrategy": "always", [`${TEMPLATE}.domain.memory`]: { guest: "1 GB" } });
    expect(validateVirtualMachine(vm, config).map(printed)).toEqual(
      expect.arrayContaining([
        'spec.runStrategy: must be one of Always, Halted, Manual, RerunOnFailure, Once, WaitAsReceiver; it is "always"',
        'spec.template.spec.domain.memory.guest: must be a number, with a unit if need be, such as 512Mi or 2; it is "1 GB"',
      ]),
    );
  });
});

describe("a virtual machine", () => {
  test("is fine when it says the least", () => {
    expect(validateVirtualMachine(aMachine(), config)).toEqual([]);
    expect(validateVirtualMachine(defaultVirtualMachine(aMachine(), config, given), config)).toEqual([]);
  });

  test("says when it runs in exactly one way", () => {
    const { runStrategy: _, ...spec } = aMachine().spec;
    expect(said(validateVirtualMachine({ ...aMachine(), spec }, config))).toEqual(["FieldValueInvalid spec.running"]);
    const both = validateVirtualMachine(aMachine({}, { running: true }), config);
    expect(both.map(printed)).toEqual([
      "spec.running: must not be set with runStrategy; running is deprecated: remove it",
    ]);
  });

  test("without memory is refused at once, not when it is started", () => {
    const causes = validateVirtualMachine(
      aMachine({ domain: { memory: {} } }, { instancetype: { name: "small" } }),
      config,
    );
    expect(said(causes)).toEqual(["FieldValueRequired spec.template.spec.domain.memory.guest"]);
    expect(causes.map(printed)[0]).toContain("spec.instancetype is without effect as yet");
  });

  test("that is stored already can be changed in its metadata whatever its spec", () => {
    const old = aMachine({ devices: { disks: [{ name: "nowhere" }] } });
    const next = { ...old, metadata: { ...old.metadata, finalizers: [] } };
    expect(validateVirtualMachineUpdate(old, next, config)).toEqual([]);
    const changed = { ...next, spec: { ...next.spec, runStrategy: "Halted" as const } };
    expect(said(validateVirtualMachineUpdate(old, changed, config))).toEqual([
      "FieldValueInvalid spec.template.spec.domain.devices.disks[0].name",
    ]);
  });

  test("that changes the name of a matcher cannot keep its revision", () => {
    const vm = (name: string) => aMachine({}, { preference: { name, revisionName: "one-1" } });
    expect(said(validateVirtualMachineUpdate(vm("one"), vm("two"), config))).toEqual([
      "FieldValueInvalid spec.preference.revisionName",
    ]);
    expect(validateVirtualMachineUpdate(vm("one"), vm("one"), config)).toEqual([]);
  });
});

describe("an instance", () => {
  test("is fine with what the local network and images offer", () => {
    expect(
      wrong({
        hostname: "web-1",
        terminationGracePeriodSeconds: 0,
        domain: {
          cpu: { cores: 2 },
          firmware: {
            kernelBoot: {
              kernelArgs: "console=ttyS0",
              container: { image: "demo:1", kernelPath: "/boot/vmlinuz", initrdPath: "/boot/initrd" },
            },
          },
        },
        devices: {
          disks: [
            { name: "root", disk: { bus: "virtio" }, bootOrder: 1, cache: "none", io: "native", serial: "r-1" },
            { name: "init", cdrom: {} },
          ],
          interfaces: [
            { name: "net", masquerade: {}, ports: [{ name: "http", port: 80 }], macAddress: "02-00-00-00-00-01" },
          ],
          watchdog: { name: "dog", i6300esb: {} },
          rng: {},
        },
        networks: [{ name: "net", pod: { vmNetworkCIDR: "192.168.9.0/24" } }],
        volumes: [
          { name: "root", containerDisk: { image: "example.org/debian:13", path: "/disk/debian.qcow2" } },
          { name: "init", cloudInitNoCloud: { userData: "#cloud-config" } },
          { name: "scratch", emptyDisk: { capacity: "1Gi" } },
        ],
      }),
    ).toEqual([]);
  });

  const cases: readonly (readonly [string, SpecParts, readonly string[]])[] = [
    ["no memory", { domain: { memory: {} } }, ["FieldValueRequired spec.domain.memory.guest"]],
    ["memory of nothing", { domain: { memory: { guest: "0" } } }, ["FieldValueInvalid spec.domain.memory.guest"]],
    [
      "a UUID that is none",
      { domain: { firmware: { uuid: "1234" } } },
      ["FieldValueInvalid spec.domain.firmware.uuid"],
    ],
    [
      "a kernel's arguments without a kernel",
      { domain: { firmware: { kernelBoot: { kernelArgs: "quiet" } } } },
      ["FieldValueInvalid spec.domain.firmware.kernelBoot.kernelArgs"],
    ],
    [
      "a kernel's image without a path",
      { domain: { firmware: { kernelBoot: { container: { image: "demo" } } } } },
      ["FieldValueRequired spec.domain.firmware.kernelBoot.container"],
    ],
    [
      "secure boot without SMM",
      { domain: { firmware: { bootloader: { efi: {} } } } },
      ["FieldValueInvalid spec.domain.firmware.bootloader.efi.secureBoot"],
    ],
    [
      "BIOS and UEFI",
      { domain: { firmware: { bootloader: { bios: {}, efi: { secureBoot: false } } } } },
      ["FieldValueInvalid spec.domain.firmware.bootloader"],
    ],
    [
      "a negative grace period",
      { terminationGracePeriodSeconds: -1 },
      ["FieldValueInvalid spec.terminationGracePeriodSeconds"],
    ],
    [
      "an empty disk without a size",
      { volumes: [{ name: "scratch", emptyDisk: { capacity: 0 } }] },
      ["FieldValueInvalid spec.volumes[0].emptyDisk.capacity"],
    ],
    [
      "a volume whose name is no DNS label",
      { volumes: [{ name: "My_Disk", emptyDisk: { capacity: "1Gi" } }] },
      ["FieldValueInvalid spec.domain.devices.disks[0].name", "FieldValueInvalid spec.volumes[0].name"],
    ],
    [
      "two user data",
      { volumes: [{ name: "init", cloudInitNoCloud: { userData: "a", secretRef: { name: "b" } } }] },
      ["FieldValueInvalid spec.volumes[0].cloudInitNoCloud"],
    ],
    [
      "an address that is no MAC address",
      {
        devices: { interfaces: [{ name: "net", bridge: {}, macAddress: "02:00" }] },
        networks: [{ name: "net", pod: {} }],
      },
      ["FieldValueInvalid spec.domain.devices.interfaces[0].macAddress"],
    ],
    [
      "a network that is no network",
      {
        devices: { interfaces: [{ name: "net", masquerade: {} }] },
        networks: [{ name: "net", pod: { vmNetworkCIDR: "10.0.2.0/33", vmIPv6NetworkCIDR: "fd10::1::/120" } }],
      },
      [
        "FieldValueInvalid spec.networks[0].pod.vmNetworkCIDR",
        "FieldValueInvalid spec.networks[0].pod.vmIPv6NetworkCIDR",
      ],
    ],
    [
      "a discontinued binding",
      { devices: { interfaces: [{ name: "net", slirp: {} }] }, networks: [{ name: "net", pod: {} }] },
      ["FieldValueInvalid spec.domain.devices.interfaces[0].slirp"],
    ],
    [
      "a port beyond all ports",
      {
        devices: { interfaces: [{ name: "net", masquerade: {}, ports: [{ port: 65_536 }] }] },
        networks: [{ name: "net", pod: {} }],
      },
      ["FieldValueInvalid spec.domain.devices.interfaces[0].ports[0].port"],
    ],
    [
      "the wrong watchdog for its architecture",
      { devices: { watchdog: { name: "dog", diag288: {} } } },
      ["FieldValueInvalid spec.domain.devices.watchdog"],
    ],
    [
      "two clocks at once",
      { domain: { clock: { utc: {}, timezone: "Europe/Paris" } } },
      ["FieldValueInvalid spec.domain.clock"],
    ],
    ["a probe that is none", { readinessProbe: { periodSeconds: 2 } }, ["FieldValueRequired spec.readinessProbe"]],
    [
      "a CD-ROM drive on virtio",
      { devices: { disks: [{ name: "cd", cdrom: { bus: "virtio" } }] } },
      ["FieldValueInvalid spec.domain.devices.disks[0].cdrom.bus"],
    ],
  ];
  test.each(cases)("with %s is refused at the right field", (_name, parts, expected) => {
    expect(said(wrong(parts))).toEqual(expected);
  });

  test("has messages that name the field, what is wrong and what is allowed", () => {
    const messages = wrong({
      devices: {
        disks: [
          { name: "a", bootOrder: 1 },
          { name: "b", bootOrder: 1, disk: { bus: "sata", readonly: true } },
        ],
      },
      volumes: [
        { name: "a", emptyDisk: { capacity: "1Gi" } },
        { name: "b", emptyDisk: { capacity: "1Gi" } },
      ],
    }).map(printed);
    expect(messages).toEqual([
      "spec.domain.devices.disks[1].bootOrder: 1 is taken by spec.domain.devices.disks[0]",
      "spec.domain.devices.disks[1].disk.bus: a SATA disk cannot be read-only: use another bus, or a cdrom",
    ]);
  });

  test("of more than 256 disks is refused", () => {
    const many = Array.from({ length: 257 }, (_, nth) => ({ name: `disk-${nth}` }));
    expect(wrong({ devices: { disks: many } }).map(printed)).toContain(
      "spec.domain.devices.disks: must be at most 256 entries long",
    );
  });

  const stored = defaultVirtualMachineInstance(anInstance(), config, given);
  const relabelled = (labels: Record<string, string>): VirtualMachineInstance => ({
    ...stored,
    metadata: { ...stored.metadata, labels },
  });

  test("cannot be created with labels that say where it is, but by Virtive", () => {
    const claimed = relabelled({ "kubevirt.io/nodeName": "elsewhere", "app": "web" });
    expect(said(validateVirtualMachineInstance(claimed, config))).toEqual([
      "FieldValueNotSupported metadata.labels.kubevirt.io/nodeName",
    ]);
    expect(validateVirtualMachineInstance(claimed, config, "virtive")).toEqual([]);
  });

  test("keeps its spec and Virtive's labels when a user changes it", () => {
    const old = relabelled({ "kubevirt.io/nodeName": "here", "app": "web" });
    const paused = { ...old, spec: { ...old.spec, startStrategy: "Paused" as const } };
    const update = (next: VirtualMachineInstance, writer?: "virtive") =>
      said(validateVirtualMachineInstanceUpdate(old, next, config, writer));
    expect(update(relabelled({ "kubevirt.io/nodeName": "here" }))).toEqual([]);
    expect(update(paused)).toEqual(["FieldValueNotSupported spec"]);
    expect(update(relabelled({}))).toEqual(["FieldValueNotSupported metadata.labels.kubevirt.io/nodeName"]);
    expect(update(paused, "virtive")).toEqual([]);
  });
});

describe("where a machine may run", () => {
  const required = "requiredDuringSchedulingIgnoredDuringExecution";
  const near = (term: object): SpecParts => ({
    affinity: { podAffinity: { [required]: [{ topologyKey: "kubernetes.io/hostname", ...term }] } },
  });
  const nodes = (nodeSelectorTerms: object[]): SpecParts => ({
    affinity: { nodeAffinity: { [required]: { nodeSelectorTerms } } },
  });
  const matching = (key: string, ...values: string[]) => [{ matchExpressions: [{ key, operator: "In", values }] }];
  const preferring = (preference: object | undefined): SpecParts =>
    ({
      affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference }] } },
    }) as SpecParts;
  const spread = { maxSkew: 1, topologyKey: "zone", whenUnsatisfiable: "ScheduleAnyway" };
  const nodeTerms = `affinity.nodeAffinity.${required}.nodeSelectorTerms`;
  const podTerm = `affinity.podAffinity.${required}[0]`;

  // What kube-apiserver answers for a pod that has the same.
  test.each<[SpecParts, ...string[]]>([
    [nodes([]), `FieldValueRequired spec.${nodeTerms}`],
    [nodes(matching("zone", "a b")), `FieldValueInvalid spec.${nodeTerms}[0].matchExpressions[0].values[0]`],
    [nodes(matching("zone", "a", ""))],
    [preferring(matching("zone", "a b")[0])],
    [
      near({ labelSelector: { matchLabels: { "a b": "c" } } }),
      `FieldValueInvalid spec.${podTerm}.labelSelector.matchLabels`,
    ],
    [
      near({ labelSelector: { matchLabels: { a: "b c" } } }),
      `FieldValueInvalid spec.${podTerm}.labelSelector.matchLabels`,
    ],
    [near({ namespaces: ["Upper"] }), `FieldValueInvalid spec.${podTerm}.namespaces[0]`],
    [near({ labelSelector: { matchLabels: { "example.com/a": "" } }, namespaces: ["a"] })],
    [{ nodeSelector: { "a b": "c" } }, `FieldValueInvalid spec.nodeSelector`],
    [{ nodeSelector: { zone: "a b" } }, `FieldValueInvalid spec.nodeSelector`],
    [{ nodeSelector: { "kubernetes.io/hostname": "node-1.example" } }],
    [{ tolerations: [{ key: "a b" }] }, `FieldValueInvalid spec.tolerations[0].key`],
    [{ tolerations: [{}] }, `FieldValueInvalid spec.tolerations[0].operator`],
    [{ tolerations: [{ key: "a", operator: "Exists", value: "b" }] }, `FieldValueInvalid spec.tolerations[0].value`],
    [{ tolerations: [{ key: "a", value: "b c" }] }, `FieldValueInvalid spec.tolerations[0].value`],
    [
      { tolerations: [{ key: "a", effect: "NoSchedule", tolerationSeconds: 3 }] },
      `FieldValueInvalid spec.tolerations[0].effect`,
    ],
    [{ tolerations: [{ operator: "Exists" }, { key: "a", effect: "NoExecute", tolerationSeconds: 3 }] }],
    [{ topologySpreadConstraints: [spread, spread] }, `FieldValueDuplicate spec.topologySpreadConstraints[1]`],
    [
      { topologySpreadConstraints: [{ ...spread, minDomains: 2 }] },
      `FieldValueInvalid spec.topologySpreadConstraints[0].minDomains`,
    ],
    [{ topologySpreadConstraints: [spread, { ...spread, whenUnsatisfiable: "DoNotSchedule", minDomains: 2 }] }],
  ])("%j", (parts, ...wanted) => {
    expect(said(wrong(parts))).toEqual(wanted);
  });
});
