/**
 * Virtual machines on a real Kubernetes node, from kubectl to the guest: control process, kube-scheduler, kubelet, node
 * runtime, QEMU. Control and runtime run from source, the runtime in the node's namespaces with a pod's token.
 */
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { install, NAMESPACE as OURS, type Installation } from "../../scripts/race/installation.ts";
import { startReplica, type Replica } from "../../scripts/race/replicas.ts";
import { BUSYBOX_IMAGE } from "../../scripts/kubernetes/images.ts";
import { ANCHOR_IMAGE, NODE, openClusterRig, startPod, type Anchor, type ClusterRig } from "./node-rig.ts";

const TENANT = "tenant";
const DEMO = readFileSync(join(import.meta.dirname, "../../scripts/guest/demo-vm.yaml"), "utf8");

describe.skipIf(process.getuid?.() !== 0)("a virtual machine on a real node", () => {
  let rig: ClusterRig;
  let installation: Installation;
  let replica: Replica;
  let client: Anchor;

  beforeAll(async () => {
    rig = await openClusterRig(`cluster-machines-${process.pid}`);
    installation = await install(rig.cluster, ["image.repository=docker.io/virtive", "image.tag=test"]);
    await startControl();
    await rig.kubectl("create", "namespace", TENANT);
    await rig.kubectl("label", "namespace", TENANT, "pod-security.kubernetes.io/enforce=restricted");
    const container = { name: "c", image: BUSYBOX_IMAGE, command: ["sleep", "1d"] };
    client = await startPod(rig.ask, { metadata: { name: "client" }, spec: { containers: [container] } });
    await startNode(container);
  }, 1_500_000);

  afterAll(async () => {
    await replica?.kill();
    await installation?.close();
    await rig?.close();
  });

  async function startControl(): Promise<void> {
    expect(installation.anchorImage).toBe(ANCHOR_IMAGE);
    replica = await startReplica(installation, { index: 0, logs: rig.directory });
    await installation.lead([replica]);
  }

  /** The runtime, as the pod of the DaemonSet would have it: who it is, its pod's token says. */
  async function startNode(container: { name: string; image: string; command: string[] }): Promise<void> {
    const pod = await startPod(rig.ask, {
      metadata: { name: "virtive-node", namespace: OURS },
      spec: { nodeName: NODE, serviceAccountName: "virtive-node", containers: [container] },
    });
    const bound = [`--bound-object-uid=${pod.uid}`, "--bound-object-kind=Pod", `--bound-object-name=${pod.name}`];
    const token = await rig.kubectl(
      "create",
      "token",
      "virtive-node",
      "-n",
      OURS,
      "--audience=virtive-control",
      ...bound,
    );
    await writeFile(join(rig.directory, "node-token"), token);
    await writeFile(join(rig.directory, "control-ca.crt"), (await installation.authority()).ca);
    await rig.startRuntime({
      VIRTIVE_CONTROL_URL: `https://${installation.address}:${replica.ingressPort}`,
      VIRTIVE_CONTROL_CA: join(rig.directory, "control-ca.crt"),
      VIRTIVE_TOKEN: join(rig.directory, "node-token"),
    });
  }

  const apply = async (manifest: string): Promise<void> => {
    const file = join(rig.directory, "object.yaml");
    await writeFile(file, manifest);
    await rig.kubectl("apply", "-n", TENANT, "-f", file);
  };
  const value = (kind: string, name: string, path: string): Promise<string> =>
    rig.kubectl("get", kind, name, "-n", TENANT, `-o=jsonpath={${path}}`);
  const until = (kind: string, name: string, path: string, wanted: string | RegExp): Promise<void> =>
    vi.waitFor(async () => expect(await value(kind, name, path)).toMatch(wanted), { timeout: 120_000, interval: 300 });
  const counter = async (address: string): Promise<{ readonly number: number; readonly boot: string }> => {
    const text = await vi.waitUntil(() => rig.ask80(client, address, "counter"), { timeout: 120_000, interval: 500 });
    const [number, , boot = ""] = text.trim().split(" ");
    return { number: Number(number), boot };
  };

  it("runs by kubectl, answers through a Service, and does not mind who controls it", async () => {
    await apply(DEMO);
    await until("vm", "demo", ".status.printableStatus", /^Running$/);
    const pod = await rig.kubectl(
      "get",
      "pod",
      "-n",
      TENANT,
      "-l",
      "kubevirt.io=virt-launcher",
      "-o=jsonpath={.items[*].spec.nodeName} {.items[*].status.phase}",
    );
    expect(pod).toBe(`${NODE} Running`);
    await apply(
      JSON.stringify({
        apiVersion: "v1",
        kind: "Service",
        metadata: { name: "demo" },
        spec: { selector: { "kubevirt.io/vm": "demo" }, ports: [{ port: 80 }] },
      }),
    );
    const address = await value("service", "demo", ".spec.clusterIP");
    const before = await counter(address);

    await replica.kill();
    const meanwhile = await counter(address);
    await startControl();
    await rig.killRuntime();
    await rig.startRuntime({
      VIRTIVE_CONTROL_URL: `https://${installation.address}:${replica.ingressPort}`,
      VIRTIVE_CONTROL_CA: join(rig.directory, "control-ca.crt"),
      VIRTIVE_TOKEN: join(rig.directory, "node-token"),
    });
    await until("vm", "demo", ".status.printableStatus", /^Running$/);
    const after = await counter(address);
    expect([meanwhile.boot, after.boot]).toEqual([before.boot, before.boot]);
    expect(after.number).toBeGreaterThan(meanwhile.number);
  });

  it("stops in order when its pod is evicted, and starts again as it is to", async () => {
    const address = await value("service", "demo", ".spec.clusterIP");
    const before = await counter(address);
    await rig.kubectl("delete", "pod", "-n", TENANT, "-l", "kubevirt.io=virt-launcher", "--wait=false");
    await vi.waitFor(async () => expect((await counter(address)).boot).not.toBe(before.boot), {
      timeout: 150_000,
      interval: 1000,
    });
    await until("vm", "demo", ".status.printableStatus", /^Running$/);
  });

  it("says what quota and scheduler have against it", async () => {
    const named = (name: string, memory: string): string =>
      DEMO.replaceAll("demo\n", `${name}\n`).replace("guest: 128Mi", `guest: ${memory}`);
    await apply(named("large", "900Gi"));
    await until("vmi", "large", '.status.conditions[?(@.type=="PodScheduled")].message', /Insufficient memory/);
    await rig.kubectl("create", "quota", "small", "-n", TENANT, "--hard=pods=2");
    await apply(named("third", "128Mi"));
    await until("vmi", "third", '.status.conditions[?(@.type=="PodScheduled")].message', /exceeded quota: small/);
    await rig.kubectl("delete", "vm", "large", "third", "-n", TENANT, "--timeout=60s");
  });

  it("leaves nothing when it is deleted", async () => {
    await rig.kubectl("delete", "vm", "demo", "-n", TENANT, "--timeout=90s");
    const left = await rig.kubectl("get", "pods,vmi", "-n", TENANT, "-o=name");
    expect(left.trim()).toBe("");
    const there = await rig.onNode([
      "sh",
      "-c",
      "pgrep -a qemu-system; pgrep -a dnsmasq; ip -o link | grep -o 'vn[0-9a-f]*p0'; ls /var/lib/virtive/runtime/machines; true",
    ]);
    expect(there.trim()).toBe("");
  });
});
