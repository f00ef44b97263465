/** The demo guest on a real libvirt: from the demo VM's spec to its prompt, by direct kernel boot and from its disk. */
import { execFile } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { parse } from "yaml";
import type { VirtualMachineInstanceSpec } from "#api/virtual-machine-instance.ts";
import { silentLog } from "#events/log.ts";
import type { MachineOrder } from "#events/machine.ts";
import type { GuestLink } from "#node-runtime/domain/parts.ts";
import { claimOfDomain, domainUuid } from "#node-runtime/domain/identity.ts";
import { domainXml } from "#node-runtime/domain/xml.ts";
import { EMULATOR } from "#node-runtime/host/accelerator.ts";
import { openImageStore } from "#node-runtime/images/store.ts";
import { prepareVolumes, removeVolumes } from "#node-runtime/volumes/prepare.ts";
import { demoGuest, type DemoGuest } from "../../scripts/guest/guest.ts";
import { openLibvirtBench, whyNoLibvirt, type LibvirtBench } from "../contract/hypervisor/libvirt-bench.ts";
import { orderFor } from "../unit/domain/machine.ts";

const skip = whyNoLibvirt();
const run = promisify(execFile);
const BOOT = { timeout: 90_000, interval: 50 } as const;

interface Vm {
  readonly spec: { readonly template: { readonly spec: VirtualMachineInstanceSpec } };
}
const demo = parse(readFileSync(join(import.meta.dirname, "../../scripts/guest/demo-vm.yaml"), "utf8")) as Vm;
const spec = demo.spec.template.spec;

describe.skipIf(skip !== undefined)(`the demo guest${skip === undefined ? "" : ` (skipped: ${skip})`}`, () => {
  let bench: LibvirtBench;
  let guest: DemoGuest;
  beforeAll(async () => {
    [bench, guest] = await Promise.all([openLibvirtBench({ name: "guests" }), demoGuest()]);
    await bench.hypervisor.ready();
  }, 300_000);
  afterAll(() => bench?.close());

  /** Prepared, created, listened to, resumed. `heard` is what its console has said so far. */
  async function boot(order: MachineOrder, links: readonly GuestLink[] = []) {
    const directory = join(bench.stateDirectory, "machines", order.uid);
    const images = openImageStore({
      directory: join(bench.stateDirectory, "images"),
      localLayouts: [guest.layout],
      log: silentLog,
    });
    const volumes = await prepareVolumes({ order, directory, images, log: silentLog });
    const xml = domainXml(order, { volumes, links, accelerator: "tcg", emulator: EMULATOR });
    const uuid = domainUuid(order);
    await bench.hypervisor.createPaused(xml);
    const console = await bench.hypervisor.console(uuid);
    let text = "";
    console.on("error", () => undefined).on("data", (chunk: Buffer) => (text += chunk.toString("utf8")));
    await bench.hypervisor.resume(uuid);
    return {
      uuid,
      directory,
      volumes,
      says: (words: string | RegExp) =>
        vi.waitUntil(() => (typeof words === "string" ? text.includes(words) : words.test(text)), BOOT),
      type: (line: string) => void console.write(`${line}\n`),
      heard: () => text,
      async end() {
        console.destroy();
        await bench.hypervisor.destroy(uuid);
        await removeVolumes(directory);
      },
    };
  }

  it("boots its kernel directly, runs its cloud-init script, answers on the console and on the network, powers off", async () => {
    // A bare tap in the node's namespace, as the network would have made it; the guest's end is 10.0.2.2.
    const inNode = (...argv: string[]) => {
      const [program = "", ...args] = bench.host.enter(argv);
      return run(program, args, { timeout: 10_000 });
    };
    const link = { interface: "default", device: "vtdemo0", mac: "02:00:00:00:00:02", mtu: 1400 };
    await inNode("ip", "tuntap", "add", link.device, "mode", "tap");
    await inNode("ip", "link", "set", link.device, "mtu", String(link.mtu), "up");
    await inNode("ip", "address", "add", "10.0.2.1/24", "dev", link.device);
    const kernelBoot = spec.domain.firmware?.kernelBoot;
    const order = orderFor({
      ...spec,
      domain: {
        ...spec.domain,
        firmware: { kernelBoot: { ...kernelBoot, kernelArgs: `${kernelBoot?.kernelArgs} vm.ip=10.0.2.2/24` } },
      },
    });
    const machine = await boot(order, [link]);
    try {
      await machine.says('Virtive demo guest "demo"');
      await machine.says("demo:/root# ");
      expect(machine.heard()).toContain("hello from cloud-init: this is demo");
      expect(machine.heard()).toContain("address 10.0.2.2");

      machine.type("echo $((6 * 7)) cpus $(nproc); cat /sys/class/net/eth0/mtu; cat /sys/class/dmi/id/product_uuid");
      await machine.says("42 cpus 1");
      await machine.says("1400");
      await machine.says(order.uid);
      // The image's disk, with the image's kernel on it, is there to be written to.
      machine.type(
        "mount /dev/vda /mnt && ls /mnt | sort | head -n 1; echo mark > /mnt/mark; umount /mnt; sync; echo done=$?",
      );
      await machine.says("initrd.gz");
      await machine.says("done=0");

      const page = async (): Promise<string> => {
        const get = 'exec 3<>/dev/tcp/10.0.2.2/80; printf "GET /counter HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3';
        return (await inNode("bash", "-c", get)).stdout;
      };
      const counter = async (): Promise<number> =>
        Number(/\r\n\r\n(\d+) [\d.]+ [0-9a-f-]{36}\n$/.exec(await page())?.[1]);
      const first = await counter();
      expect(first).toBeGreaterThan(0);
      await vi.waitUntil(async () => (await counter()) > first, BOOT);

      const xml = await bench.hypervisor.xml(machine.uuid);
      expect(claimOfDomain(xml)).toEqual({
        uid: order.uid,
        epoch: 3,
        node: "node-1",
        namespace: "default",
        name: "demo",
      });

      // Preparing again under a running guest changes nothing of its.
      const images = openImageStore({
        directory: join(bench.stateDirectory, "none"),
        localLayouts: [],
        log: silentLog,
      });
      const before = readFileSync(join(machine.directory, "volumes/data.qcow2"));
      await prepareVolumes({ order, directory: machine.directory, images, log: silentLog });
      expect(before.equals(readFileSync(join(machine.directory, "volumes/data.qcow2")))).toBe(true);

      await bench.hypervisor.shutdown(machine.uuid);
      await vi.waitUntil(async () => (await bench.hypervisor.domain(machine.uuid)) === undefined, BOOT);
    } finally {
      await machine.end();
      await inNode("ip", "link", "delete", link.device);
    }
    expect(readdirSync(machine.directory)).toEqual([]);
  });

  it("boots from its disk, reads a ConfigDrive's cloud-config, and its panic ends it as crashed", async () => {
    const userData = [
      "#cloud-config",
      "hostname: from-disk",
      "write_files:",
      "  - path: /run/deep/note",
      "    permissions: '0640'",
      "    content: |",
      "      first line",
      "        second line",
      "runcmd:",
      "  - cat /run/deep/note",
      "  - [sh, -c, 'stat -c %a /run/deep/note']",
      "",
    ].join("\n");
    const { firmware: _, ...domain } = spec.domain;
    const order = orderFor(
      {
        ...spec,
        domain: { ...domain, devices: { ...domain.devices, interfaces: [], autoattachGraphicsDevice: true } },
        networks: [],
        volumes: [
          { name: "data", containerDisk: { image: guest.image, path: "/disk/disk.qcow2" } },
          { name: "seed", cloudInitConfigDrive: { userData } },
        ],
      },
      { uid: "3f2504e0-4f89-41d3-9a0c-0305e82c3302", name: "disk" },
    );
    const ended: string[] = [];
    const stopListening = bench.hypervisor.onEvent((event) => {
      if (event.event === "stopped" && event.uuid === order.uid) ended.push(event.how);
    });
    const machine = await boot(order);
    try {
      await machine.says("from-disk:/root# ");
      expect(machine.heard()).toMatch(/first line\r?\n {2}second line\r?\n640\r?\n/);
      expect(readdirSync(join(machine.directory, "volumes"))).toContain("vnc.sock");

      machine.type("echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger");
      await vi.waitUntil(() => ended.length > 0, BOOT);
      expect(ended).toEqual(["crashed"]);
    } finally {
      stopListening();
      await machine.end();
    }
    expect(readdirSync(machine.directory)).toEqual([]);
  });

  it("is prepared once there is room, and until then says that the disk is full", async () => {
    const directory = join(bench.stateDirectory, "small");
    mkdirSync(directory);
    // The node's state lies on a disk of its own, with room for less than the guest's disk.
    await run("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", directory]);
    try {
      const order = orderFor(spec, { uid: "3f2504e0-4f89-41d3-9a0c-0305e82c3303" });
      const images = openImageStore({
        directory: join(directory, "images"),
        localLayouts: [guest.layout],
        log: silentLog,
      });
      const machine = join(directory, "machine");
      const prepare = () => prepareVolumes({ order, directory: machine, images, log: silentLog });
      await expect(prepare()).rejects.toMatchObject({ kind: "later", reason: "DiskFull" });
      const partial = readdirSync(directory, { recursive: true }).filter((file) => String(file).endsWith(".partial"));
      expect(partial).toEqual([]);
      await run("mount", ["-o", "remount,size=200m", directory]);
      expect((await prepare()).disks).toHaveLength(2);
    } finally {
      await run("umount", [directory]);
    }
  });

  const golden = join(import.meta.dirname, "../unit/domain/golden");
  const names = readdirSync(golden).filter((file) => file.endsWith(".xml"));

  it.each(names)("is one of many: libvirt finds golden/%s valid", async (name) => {
    const virsh = ["virsh", "-c", `qemu+unix:///system?socket=${bench.host.socketPath}`];
    const [program = "", ...args] = virsh;
    const shown = await run(program, [...args, "define", "--validate", join(golden, name)], { timeout: 60_000 });
    expect(shown.stdout).toContain("defined");
    await run(program, [...args, "undefine", "--nvram", "default_demo"], { timeout: 60_000 });
  });
});
