/**
 * Claims on a cluster: of one node and bound late, of both nodes, as files and as devices, filled by a DataVolume. Of CDI
 * there is the kind alone; the test does what it would do.
 */
import { mkdir, open, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import { diskPage, SECTOR, wordPath } from "../../moves/parts/disk-page.ts";
import { MINUTE, machine, patience, type ChartRig } from "../chart-rig.ts";

const MIB = 1024 * 1024;
const LATE = "bound-late";
/** Of node-1, and below it. */
const DISKS = "/var/lib/disks";
const HOME = "node-1";
const AWAY = "node-2";

interface Wanted {
  readonly name: string;
  readonly mode?: "Filesystem" | "Block";
  readonly access?: string;
  /** Where it is: a path on one node, or one that both nodes have. */
  readonly on: { readonly local: string } | { readonly hostPath: string };
  readonly megabytes?: number;
}

export function storageOfGuests(open_: () => ChartRig): void {
  describe("guests with claims", () => {
    let loop = "";
    const services = new Map<string, string>();
    const shared = (): string => join(open_().directory, "shared");
    const filled = (): string => join(open_().directory, "filled");
    const nodeOf = (name: string): Promise<string> => open_().value("vmi", name, ".status.nodeName");
    const create = (...items: readonly object[]): Promise<string> =>
      open_().must(["create", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
    const condition = (type: string, member: string): string => `.status.conditions[?(@.type=="${type}")].${member}`;
    const start = async (vm: VirtualMachine): Promise<void> => {
      services.set(vm.metadata.name, await open_().start(vm));
    };
    const word = async (name: string, device: string, sector: number, text = ""): Promise<string> => {
      let answer: string | undefined;
      const path = wordPath(device, sector, text);
      const asked = async () => (answer = await open_().http(services.get(name) ?? "", path));
      await expect.poll(asked, patience(MINUTE)).toBeDefined();
      return (answer ?? "").trim();
    };

    function volumeFor({ name, mode = "Filesystem", access = "ReadWriteOnce", on, megabytes = 8 }: Wanted): object {
      const affinity = { key: "kubernetes.io/hostname", operator: "In", values: [HOME] };
      return {
        apiVersion: "v1",
        kind: "PersistentVolume",
        metadata: { name },
        spec: {
          capacity: { storage: `${megabytes}Mi` },
          accessModes: [access],
          volumeMode: mode,
          storageClassName: LATE,
          persistentVolumeReclaimPolicy: "Retain",
          ...("local" in on
            ? {
                // No claim is named: kube-scheduler finds it, by size and access mode.
                local: { path: on.local },
                nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [affinity] }] } },
              }
            : { hostPath: { path: on.hostPath }, claimRef: { namespace: "default", name } }),
        },
      };
    }

    function claimFor({ name, mode = "Filesystem", access = "ReadWriteOnce", megabytes = 8 }: Wanted, owner?: object) {
      const resources = { requests: { storage: `${megabytes}Mi` } };
      return {
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { name, ...(owner === undefined ? {} : { ownerReferences: [owner] }) },
        spec: { accessModes: [access], volumeMode: mode, storageClassName: LATE, resources },
      };
    }

    /** The demo guest with these claims as disks from vdc on, and the page that writes to them. */
    function guest(
      name: string,
      claims: readonly string[],
      more: {
        readonly disk?: object;
        readonly readonly?: string;
        readonly spec?: object;
        readonly volume?: object;
      } = {},
    ): VirtualMachine {
      return machine(name, ({ domain, volumes = [] }) => ({
        ...more.spec,
        evictionStrategy: "LiveMigrate",
        domain: {
          ...domain,
          devices: {
            ...domain.devices,
            disks: [
              ...(domain.devices.disks ?? []),
              ...claims.map((claim) => ({
                name: claim,
                disk: { bus: "virtio", readonly: claim === more.readonly },
                ...more.disk,
              })),
            ],
          },
        },
        volumes: [
          ...volumes.map((one) =>
            one.name === "seed" ? { name: "seed", cloudInitNoCloud: { userData: diskPage() } } : one,
          ),
          ...claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: claim }, ...more.volume })),
        ],
      }));
    }

    const files: Wanted = { name: "files", on: { local: `${DISKS}/files` } };
    const fixed: Wanted = { name: "fixed", on: { local: `${DISKS}/fixed` }, megabytes: 4 };
    const both: Wanted = { name: "both", access: "ReadWriteMany", on: { hostPath: "" } };

    beforeAll(async () => {
      const rig = open_();
      await rig.onNode(HOME, [
        "sh",
        "-c",
        `set -e; mkdir -p ${DISKS}/files ${DISKS}/fixed; printf '%-${SECTOR}s' fixed >${DISKS}/fixed/disk.img
        truncate -s 1M ${DISKS}/fixed/disk.img; truncate -s 8M ${DISKS}/block.img`,
      ]);
      loop = (await rig.onNode(HOME, ["losetup", "--find", "--show", `${DISKS}/block.img`])).trim();
      await mkdir(shared());
      await mkdir(filled());
      await create({
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: LATE },
        provisioner: "kubernetes.io/no-provisioner",
        volumeBindingMode: "WaitForFirstConsumer",
      });
    }, 5 * MINUTE);

    afterAll(async () => {
      if (loop !== "") await open_().onNode(HOME, ["losetup", "--detach", loop]);
    }, MINUTE);

    it(
      "have claims that kube-scheduler binds for their pod: a disk is made, one is a device, one may only be read",
      { timeout: 6 * MINUTE },
      async () => {
        const rig = open_();
        const block: Wanted = { name: "block", mode: "Block", on: { local: loop } };
        await create(...[files, fixed, block].flatMap((one) => [volumeFor(one), claimFor(one)]));
        expect(await rig.value("pvc", "files", ".status.phase")).toBe("Pending");
        await start(guest("keeper", ["files", "fixed", "block"], { readonly: "fixed" }));
        expect(await nodeOf("keeper")).toBe(HOME);
        expect(await rig.value("pvc", "files", ".status.phase")).toBe("Bound");
        expect(await word("keeper", "vdc", 3, "made")).toBe("made");
        expect(await word("keeper", "vdd", 0)).toBe("fixed");
        expect(await word("keeper", "vdd", 1, "broken")).toBe("refused");
        expect(await word("keeper", "vde", 3, "device")).toBe("device");
        const size = await rig.onNode(HOME, ["stat", "--format=%s %u", `${DISKS}/files/disk.img`]);
        expect(size.trim()).toBe(`${8 * MIB} 64055`);
        expect(await rig.value("vmi", "keeper", condition("LiveMigratable", "reason"))).toBe("DisksNotLiveMigratable");
      },
    );

    it("are told where no node that they may be on can reach their claim, and where their claim is missing", async () => {
      const rig = open_();
      const elsewhere = { nodeSelector: { "kubernetes.io/hostname": AWAY } };
      await create(guest("stranger", ["files"], { spec: elsewhere }));
      await rig.until("vm", "stranger", ".status.printableStatus", /^ErrorUnschedulable$/);
      const why = await rig.value("vm", "stranger", condition("PodScheduled", "message"));
      expect(why).toMatch(/affinity/);
      console.error(`what kube-scheduler says of a claim elsewhere: ${why}`);
      await rig.must(["delete", "vm", "stranger", "--timeout=60s"]);

      await create(guest("mover", ["both"], { disk: { shareable: true } }));
      await rig.until("vm", "mover", ".status.printableStatus", /^ErrorPvcNotFound$/);
      expect(await rig.value("vm", "mover", condition("PodScheduled", "message"))).toBe(
        "Can't start: volume both: PersistentVolumeClaim both does not exist.",
      );
    });

    it(
      "start once their claim is there, and move with it when it is for both nodes",
      { timeout: 8 * MINUTE },
      async () => {
        const rig = open_();
        const here: Wanted = { ...both, on: { hostPath: shared() } };
        await create(volumeFor(here), claimFor(here));
        const spec = { selector: { "kubevirt.io/vm": "mover" }, ports: [{ port: 80 }] };
        await create({ apiVersion: "v1", kind: "Service", metadata: { name: "mover" }, spec });
        services.set("mover", await rig.value("service", "mover", ".spec.clusterIP"));
        await rig.until("vm", "mover", ".status.printableStatus", /^Running$/, 3 * MINUTE);
        const before = await rig.counter(services.get("mover") ?? "");
        expect(await rig.value("vmi", "mover", condition("LiveMigratable", "status"))).toBe("True");
        const from = await nodeOf("mover");
        // The claim's disk, and the container disk's overlay beside it.
        for (const device of ["vdc", "vda"]) expect(await word("mover", device, 2, "before")).toBe("before");
        await create({
          apiVersion: "kubevirt.io/v1",
          kind: "VirtualMachineInstanceMigration",
          metadata: { name: "mover-moves" },
          spec: { vmiName: "mover" },
        });
        await rig.until("vmim", "mover-moves", ".status.phase", /^(Succeeded|Failed)$/, 3 * MINUTE);
        expect(await rig.value("vmim", "mover-moves", ".status.migrationState.failureReason")).toBe("");
        const to = await nodeOf("mover");
        expect(to).not.toBe(from);
        const after = await rig.counter(services.get("mover") ?? "");
        expect(after.boot).toBe(before.boot);
        expect(after.number).toBeGreaterThan(before.number);
        for (const device of ["vdc", "vda"]) {
          expect(await word("mover", device, 2)).toBe("before");
          expect(await word("mover", device, 3, "after")).toBe("after");
        }
        const disk = (await readFile(join(shared(), "disk.img"))).toString("latin1");
        expect([2, 3].map((at) => disk.slice(at * SECTOR, (at + 1) * SECTOR).trim())).toEqual(["before", "after"]);
        expect((await stat(join(shared(), "disk.img"))).size).toBe(8 * MIB);
        // Nothing of it is left on the node that it came from.
        const left = ["sh", "-c", "ls /run/virtive/volumes 2>/dev/null || true"];
        const uid = await rig.value("vmi", "mover", ".metadata.uid");
        expect((await rig.onNode(from, left)).includes(uid)).toBe(false);
        expect((await rig.onNode(to, left)).includes(uid)).toBe(true);

        const other = { nodeSelector: { "kubernetes.io/hostname": from } };
        await start(guest("sharer", ["both"], { disk: { shareable: true }, spec: other }));
        expect(await word("sharer", "vdc", 3)).toBe("after");
        expect(await word("sharer", "vdc", 4, "shared")).toBe("shared");
        expect(await word("mover", "vdc", 4)).toBe("shared");
      },
    );

    it(
      "wait for CDI and for what it fills, start from it, and take it along when they go",
      { timeout: 8 * MINUTE },
      async () => {
        const rig = open_();
        const vm = guest("importer", ["web-root"], {
          volume: { persistentVolumeClaim: undefined, dataVolume: { name: "web-root" } },
        });
        const storage = { resources: { requests: { storage: "8Mi" } } };
        const brought = { metadata: { name: "web-root" }, spec: { source: { blank: {} }, storage } };
        await create({ ...vm, spec: { ...vm.spec, dataVolumeTemplates: [brought] } });
        const reason = condition("DataVolumesReady", "reason");
        await rig.until("vm", "importer", reason, /^CDINotInstalled$/);
        expect(await rig.value("vmi", "importer", ".metadata.name")).toBe("");

        await create(DATA_VOLUMES);
        await rig.until("vm", "importer", reason, /^NotAllDVsReady$/);
        await rig.until("datavolume", "web-root", ".metadata.ownerReferences[0].name", /^importer$/);
        const uid = await rig.value("datavolume", "web-root", ".metadata.uid");
        const owner = {
          apiVersion: "cdi.kubevirt.io/v1beta1",
          kind: "DataVolume",
          name: "web-root",
          uid,
          controller: true,
        };
        const root: Wanted = { name: "web-root", access: "ReadWriteMany", on: { hostPath: filled() } };
        await create(volumeFor(root), claimFor(root, owner));
        const phase = (to: string): Promise<string> =>
          rig.must([
            "patch",
            "datavolume",
            "web-root",
            "--subresource=status",
            "--type=merge",
            "-p",
            `{"status":{"phase":"${to}"}}`,
          ]);
        await phase("ImportInProgress");
        await rig.until("vm", "importer", condition("DataVolumesReady", "message"), /web-root is ImportInProgress/);
        expect(await rig.value("vm", "importer", ".status.printableStatus")).toBe("Provisioning");
        const disk = await open(join(filled(), "disk.img"), "w");
        await disk.truncate(4 * MIB);
        await disk.write("filled".padEnd(SECTOR), 0);
        await disk.close();
        await phase("Succeeded");
        const spec = { selector: { "kubevirt.io/vm": "importer" }, ports: [{ port: 80 }] };
        await create({ apiVersion: "v1", kind: "Service", metadata: { name: "importer" }, spec });
        services.set("importer", await rig.value("service", "importer", ".spec.clusterIP"));
        await rig.until("vm", "importer", ".status.printableStatus", /^Running$/, 3 * MINUTE);
        expect(await word("importer", "vdc", 0)).toBe("filled");
        await rig.must(["delete", "vm", "importer", "--timeout=110s"]);
        for (const kind of ["datavolume", "pvc"]) {
          await rig.must(["wait", kind, "web-root", "--for=delete", "--timeout=60s"]);
        }
      },
    );

    it("leave nothing behind but what they wrote", { timeout: 5 * MINUTE }, async () => {
      const rig = open_();
      await rig.must(["delete", "vm", "keeper", "mover", "sharer", "--timeout=110s"]);
      await rig.must(["delete", "service", "keeper", "mover", "sharer", "importer"]);
      await rig.must(["delete", "pvc", "files", "fixed", "block", "both", "--timeout=60s"]);
      await rig.must(["delete", "pv", "files", "fixed", "block", "both", "web-root", "--timeout=60s"]);
      await rig.must(["delete", "storageclass", LATE]);
      await rig.must(["delete", "crd", "datavolumes.cdi.kubevirt.io", "--timeout=60s"]);
      const look =
        "ls -A /run/virtive/volumes /dev/virtive 2>/dev/null; grep ' /run/virtive/volumes' /proc/self/mountinfo; true";
      const found = ["sh", "-c", look];
      const left = async (): Promise<string> =>
        (await Promise.all(rig.nodes.map((node) => rig.onNode(node, found))))
          .join("")
          .replace(/^\S+:$/gm, "")
          .trim();
      await expect.poll(left, patience(MINUTE)).toBe("");
      const at = `dd if=${DISKS}/files/disk.img bs=${SECTOR} skip=3 count=1 2>/dev/null; dd if=${DISKS}/block.img bs=${SECTOR} skip=3 count=1 2>/dev/null`;
      expect((await rig.onNode(HOME, ["sh", "-c", at])).trim().split(/\s+/)).toEqual(["made", "device"]);
    });
  });
}

/** As much of CDI's kind as Virtive has to do with. */
const DATA_VOLUMES = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: "datavolumes.cdi.kubevirt.io" },
  spec: {
    group: "cdi.kubevirt.io",
    scope: "Namespaced",
    names: {
      kind: "DataVolume",
      plural: "datavolumes",
      singular: "datavolume",
      listKind: "DataVolumeList",
      shortNames: ["dv"],
    },
    versions: [
      {
        name: "v1beta1",
        served: true,
        storage: true,
        subresources: { status: {} },
        schema: { openAPIV3Schema: { "type": "object", "x-kubernetes-preserve-unknown-fields": true } },
      },
    ],
  },
};
