/** A guest in an anchor pod of a real Kubernetes node: counted with the pod, reached by its address, gone with it in order. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import type { Instance } from "#functions/instance.ts";
import type { ClaimedVolume } from "#functions/schedule/claims.ts";
import { BUSYBOX_IMAGE } from "../../scripts/kubernetes/images.ts";
import { NODE, openClusterRig, startPod, type Anchor, type ClusterRig } from "./node-rig.ts";

const NAMESPACE = "tenant";
interface Demo {
  readonly spec: { readonly template: { readonly spec: Instance["spec"] } };
}
const demo = parse(readFileSync(join(import.meta.dirname, "../../scripts/guest/demo-vm.yaml"), "utf8")) as Demo;

function instance(nth: number, change: (spec: Instance["spec"]) => Instance["spec"] = (spec) => spec): Instance {
  return {
    apiVersion: "kubevirt.io/v1",
    kind: "VirtualMachineInstance",
    metadata: {
      name: `guest-${nth}`,
      namespace: NAMESPACE,
      uid: `3f2504e0-4f89-41d3-9a0c-0305e82c33${String(nth).padStart(2, "0")}`,
      resourceVersion: "100",
      creationTimestamp: "2026-01-01T00:00:00Z",
      labels: { "kubevirt.io/vm": "demo" },
    },
    spec: change(demo.spec.template.spec),
  };
}

describe.skipIf(process.getuid?.() !== 0)("a guest in its anchor pod", () => {
  let rig: ClusterRig;
  let client: Anchor;

  beforeAll(async () => {
    rig = await openClusterRig(`cluster-anchor-${process.pid}`);
    await rig.kubectl("create", "namespace", NAMESPACE);
    await rig.kubectl("label", "namespace", NAMESPACE, "pod-security.kubernetes.io/enforce=restricted");
    await rig.kubectl("label", "node", NODE, "kubevirt.io/schedulable=true");
    const container = { name: "c", image: BUSYBOX_IMAGE, command: ["sleep", "1d"] };
    client = await startPod(rig.ask, { metadata: { name: "client" }, spec: { containers: [container] } });
    await rig.startRuntime();
  }, 1_500_000);

  afterAll(() => rig?.close());

  const counter = async (at: Anchor): Promise<{ readonly number: number; readonly boot: string }> => {
    const text = await vi.waitUntil(() => rig.ask80(client, at.ip, "counter"), { timeout: 120_000, interval: 500 });
    const [number, , boot = ""] = text.trim().split(" ");
    return { number: Number(number), boot };
  };

  /** Value of a line such as `VmRSS: 12 kB` of the process's status. */
  const statusOf = async (pid: number, name: string): Promise<string> => {
    const text = await rig.onNode(["cat", `/proc/${pid}/status`]);
    return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(text)?.[1] ?? "";
  };

  const groupOf = async (at: Anchor): Promise<string> => {
    const found = await rig.onNode(["find", "/sys/fs/cgroup", "-type", "d", "-path", `*/memory*pod${at.uid}`]);
    return found.trim();
  };

  const qemuOf = async (vmi: Instance): Promise<number> => {
    const file = `/run/virtive/libvirt/qemu/${NAMESPACE}_${vmi.metadata.name}.pid`;
    return Number((await rig.onNode(["cat", file])).trim());
  };

  const leftOf = async (at: Anchor): Promise<readonly string[]> => {
    const text = await rig.onNode([
      "sh",
      "-c",
      `ip -o link | grep -o 'vn[0-9a-f]*[pt]0'; pgrep -a dnsmasq; pgrep -a qemu-system
      find /sys/fs/cgroup -type d -name 'pod${at.uid}'; ls /run/virtive/gates /run/virtive/pods; ls -d /var/lib/virtive/runtime/machines/*/volumes; true`,
    ]);
    return text.split("\n").filter((line) => line !== "" && !line.endsWith(":"));
  };

  it("boots, is counted with the pod and reached by its address, and goes in order", async () => {
    const vmi = instance(1);
    const anchor = await rig.anchor(vmi);
    await rig.order(rig.orderOf(vmi, anchor));
    await rig.until(vmi.metadata.uid, "running");
    expect((await counter(anchor)).number).toBeGreaterThan(0);

    const qemu = await qemuOf(vmi);
    const group = await groupOf(anchor);
    const members = (await rig.onNode(["cat", `${group}/vm/cgroup.procs`])).trim().split("\n").map(Number);
    expect(members).toContain(qemu);
    expect(members).toHaveLength(2); // QEMU and DHCP
    const charged = Number(
      /^(?:total_rss|anon) (\d+)$/m.exec(await rig.onNode(["cat", `${group}/vm/memory.stat`]))?.[1],
    );
    const own = Number.parseInt(await statusOf(qemu, "RssAnon"), 10) * 1024;
    console.error(
      `charged to the pod: ${(charged / 2 ** 20).toFixed(1)} MiB of QEMU's ${(own / 2 ** 20).toFixed(1)} MiB`,
    );
    expect(own).toBeGreaterThan(64 * 2 ** 20);
    expect(charged / own).toBeGreaterThan(0.95);
    expect((await statusOf(qemu, "Uid")).split("\t")).toEqual(["64055", "64055", "64055", "64055"]);
    expect(await statusOf(qemu, "CapEff")).toBe("0000000000000000");
    expect(await statusOf(qemu, "Seccomp")).toBe("2");

    // The kubelet asks the anchor to go; it stays for as long as its guest does.
    await rig.kubectl("delete", "pod", "--namespace", NAMESPACE, anchor.name, "--wait=false");
    await rig.order(rig.orderOf(vmi, anchor, { desired: "stopped", version: "101" }));
    const stopped = await rig.until(vmi.metadata.uid, "stopped");
    expect(stopped.exit).toMatchObject({ kind: "shutdown", reason: "ShutdownAsked" });
    await rig.kubectl("wait", "pod", "--namespace", NAMESPACE, anchor.name, "--for=delete", "--timeout=30s");
    await vi.waitFor(async () => expect(await leftOf(anchor)).toEqual([]), { timeout: 20_000, interval: 500 });
  });

  it("goes on when the runtime and its libvirtd are killed, and is taken up by the next", async () => {
    const vmi = instance(2);
    const anchor = await rig.anchor(vmi);
    await rig.order(rig.orderOf(vmi, anchor));
    await rig.until(vmi.metadata.uid, "running");
    const before = await counter(anchor);
    const boot = rig.heartbeats.at(-1)?.bootID;
    const joined = rig.joined();

    await rig.killRuntime();
    const meanwhile = await counter(anchor);
    await rig.startRuntime();
    expect(rig.heartbeats.at(-1)?.bootID).toBe(boot);
    expect(rig.joined()).toBe(joined + 1);
    await rig.until(vmi.metadata.uid, "running");
    const after = await counter(anchor);
    expect([meanwhile.boot, after.boot]).toEqual([before.boot, before.boot]);
    expect(after.number).toBeGreaterThan(meanwhile.number);

    await rig.order(rig.orderOf(vmi, anchor, { desired: "off", version: "101" }));
    await rig.until(vmi.metadata.uid, "stopped");
    await rig.kubectl("delete", "pod", "--namespace", NAMESPACE, anchor.name, "--timeout=30s");
    await vi.waitFor(async () => expect(await leftOf(anchor)).toEqual([]), { timeout: 20_000, interval: 500 });
  });

  it("ends when its pod's memory limit is reached, and it is told so", async () => {
    const vmi = instance(3);
    const limits = { memory: "96Mi" };
    const anchor = await rig.anchor(vmi, { resources: { requests: limits, limits } });
    await rig.order(rig.orderOf(vmi, anchor));
    const stopped = await rig.until(vmi.metadata.uid, "stopped");
    expect(stopped.exit).toMatchObject({ kind: "crashed", reason: "GuestOutOfMemory" });
    const phase = await rig.kubectl("get", "pod", "--namespace", NAMESPACE, anchor.name, "-o=jsonpath={.status.phase}");
    expect(phase).not.toBe("Succeeded");
    await rig.kubectl("delete", "pod", "--namespace", NAMESPACE, anchor.name, "--timeout=30s");
    await vi.waitFor(async () => expect(await leftOf(anchor)).toEqual([]), { timeout: 20_000, interval: 500 });
  });

  it("has its pod's own address on a bridge, and the claims of its volumes as disks, an empty one too", async () => {
    await rig.onNode(["sh", "-c", DISKS]);
    const loop = (await rig.onNode(["losetup", "--find", "--show", "/var/lib/disks/block.img"])).trim();
    try {
      const claims: ClaimedVolume[] = [
        { volume: "files", claim: "files", mode: "Filesystem", readOnly: false, byDataVolume: false },
        { volume: "fixed", claim: "fixed", mode: "Filesystem", readOnly: true, byDataVolume: false },
        { volume: "empty", claim: "empty", mode: "Filesystem", readOnly: false, byDataVolume: true },
        { volume: "block", claim: "block", mode: "Block", readOnly: false, byDataVolume: false },
      ];
      for (const { claim, mode } of claims) {
        await persistentVolume(claim, mode ?? "Filesystem", mode === "Block" ? loop : `/var/lib/disks/${claim}`);
      }
      const vmi = instance(4, withClaims);
      const anchor = await rig.anchor(vmi, { claims });
      await rig.order(rig.orderOf(vmi, anchor));
      await rig.until(vmi.metadata.uid, "running");
      const told = await vi.waitUntil(() => rig.ask80(client, anchor.ip, "claims"), {
        timeout: 120_000,
        interval: 500,
      });
      expect(told.trim().split("\n")).toEqual(["read: files", "read: fixed", "fixed refuses", "empty has room"]);

      await rig.order(rig.orderOf(vmi, anchor, { desired: "stopped", version: "101" }));
      await rig.until(vmi.metadata.uid, "stopped");
      await rig.kubectl("delete", "pod", "--namespace", NAMESPACE, anchor.name, "--timeout=30s");
      await vi.waitFor(async () => expect(await leftOf(anchor)).toEqual([]), { timeout: 20_000, interval: 500 });
      const found = await rig.onNode([
        "sh",
        "-c",
        "head -c 5 /var/lib/disks/files/disk.img; head -c 5 /var/lib/disks/block.img",
      ]);
      expect(found).toBe("guestguest");
    } finally {
      await rig.onNode(["losetup", "--detach", loop]);
    }
  });

  async function persistentVolume(name: string, volumeMode: string, path: string): Promise<void> {
    const common = { accessModes: ["ReadWriteOnce"], storageClassName: "", volumeMode };
    const affinity = { key: "kubernetes.io/hostname", operator: "In", values: [NODE] };
    const made = await rig.ask("POST", "/api/v1/persistentvolumes", {
      apiVersion: "v1",
      kind: "PersistentVolume",
      metadata: { name },
      spec: {
        ...common,
        capacity: { storage: "64Mi" },
        local: { path },
        nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [affinity] }] } },
      },
    });
    const claimed = await rig.ask("POST", `/api/v1/namespaces/${NAMESPACE}/persistentvolumeclaims`, {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name },
      spec: { ...common, volumeName: name, resources: { requests: { storage: "64Mi" } } },
    });
    expect([made.code, claimed.code], made.text + claimed.text).toEqual([201, 201]);
  }
});

/** Two volumes with a disk, one that is small and empty, and a file for a block device. */
const DISKS = `set -e
  mkdir -p /var/lib/disks/files /var/lib/disks/fixed /var/lib/disks/empty
  for one in files fixed; do printf '%-512s' $one >/var/lib/disks/$one/disk.img; truncate -s 16M /var/lib/disks/$one/disk.img; done
  mount -t tmpfs -o size=32M tmpfs /var/lib/disks/empty
  truncate -s 16M /var/lib/disks/block.img`;

/** Its disks from vdc on are claims, in this order; the guest tells what it found, and writes. */
function withClaims(spec: Instance["spec"]): Instance["spec"] {
  const names = ["files", "fixed", "empty", "block"];
  const userData = `#!/bin/sh
    exec >/www/claims.new
    for one in vdc vdd; do echo "read: $(head -c 5 /dev/$one)"; done
    printf guest >/dev/vdd 2>/dev/null || echo "fixed refuses"
    [ $(cat /sys/block/vde/size) -gt 50000 ] && printf guest >/dev/vde && echo "empty has room"
    printf guest | dd of=/dev/vdc conv=notrunc; printf guest | dd of=/dev/vdf conv=notrunc; sync
    mv /www/claims.new /www/claims
    `;
  const { domain, volumes = [] } = spec;
  const claimed = names.map((name) =>
    name === "empty" ? { name, dataVolume: { name } } : { name, persistentVolumeClaim: { claimName: name } },
  );
  return {
    ...spec,
    domain: {
      ...domain,
      devices: {
        ...domain.devices,
        interfaces: [{ name: "default", bridge: {} }],
        disks: [
          ...(domain.devices.disks ?? []),
          ...names.map((name) => ({ name, disk: { bus: "virtio" as const, readonly: name === "fixed" } })),
        ],
      },
    },
    volumes: [
      ...volumes.map((one) => (one.name === "seed" ? { name: "seed", cloudInitNoCloud: { userData } } : one)),
      ...claimed,
    ],
  };
}
