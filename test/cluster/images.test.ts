/**
 * Our images and the chart on a real node: built without an engine, loaded without a registry, installed by Helm; a guest is
 * started by kubectl, answers on its pod's address and through a Service, outlives its runtime's pod, and goes with the uninstall hook.
 */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mkdtemp, rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { outputOf } from "#node-runtime/host/command.ts";
import { ensureNodePrograms } from "../../scripts/kubernetes/build.ts";
import { insideNode, loadImage } from "../../scripts/kubernetes/cluster.ts";
import { helm } from "../../scripts/kubernetes/helm.ts";
import { demoGuest } from "../../scripts/guest/guest.ts";
import { buildImages } from "../../scripts/image/images.ts";
import { CHART } from "../../scripts/manifests.ts";
import { startRig, type Rig } from "./api-rig.ts";

const NAMESPACE = "virtive";
const NODE = "node-1";
/** There is no cluster DNS in the rig: control's Service has an address that nodes are told. */
const ADDRESS = "10.96.77.77";
const LAYOUTS = "/var/lib/virtive/layouts";
const values = [
  `control.service.clusterIP=${ADDRESS}`,
  "control.resources.requests.cpu=10m",
  "uninstall.strategy=RemoveWorkloads",
  `node.extraEnv[0].name=VIRTIVE_IMAGE_LAYOUTS,node.extraEnv[0].value=${LAYOUTS}`,
].flatMap((one) => ["--set", one]);
const say = (line: string): void => console.error(`images: ${line}`);
const MINUTE = 60_000;

let rig: Rig;
let directory: string;

beforeAll(async () => {
  await ensureNodePrograms(say);
  directory = await mkdtemp(join(tmpdir(), "virtive-images-"));
  const names = ["control", "node", "anchor"] as const;
  const files = await buildImages({ names, repository: "virtive", tag: "0.1.0", directory, say });
  const guest = await demoGuest({ say });
  rig = await startRig("images", 1);
  for (const file of files.values()) await loadImage(rig.cluster, file);
  await inNode(["mkdir", "-p", LAYOUTS]);
  await inNode(["cp", "-r", guest.layout, `${LAYOUTS}/demo`]);
}, 30 * MINUTE);

afterAll(async () => {
  await rig?.close();
  if (directory !== undefined) await rm(directory, { recursive: true, force: true });
}, 5 * MINUTE);

async function inNode(argv: readonly string[]): Promise<string> {
  return outputOf(await insideNode(rig.cluster, NODE, argv), MINUTE);
}

async function one(args: readonly string[]): Promise<string> {
  return (await rig.kubectl(args)).output.trim();
}

function run(...args: readonly string[]): Promise<string> {
  return helm([...args, `--kubeconfig=${rig.cluster.kubeconfig}`, `--namespace=${NAMESPACE}`]);
}

const patience = (timeout: number) => ({ timeout, interval: 1_000 });

describe("images and chart on a real node", () => {
  it("are built to the same bytes again", async () => {
    const again = await mkdtemp(join(tmpdir(), "virtive-again-"));
    const files = await buildImages({
      names: ["control", "anchor"],
      repository: "virtive",
      tag: "0.1.0",
      directory: again,
      say,
    });
    const digest = async (file: string): Promise<string> =>
      createHash("sha256")
        .update(await readFile(file))
        .digest("hex");
    for (const file of files.values()) {
      expect(await digest(file)).toBe(await digest(join(directory, file.slice(again.length + 1))));
    }
    await rm(again, { recursive: true });
  });

  it("come up: control leads and serves, the node's runtime joins", async () => {
    await run("install", "virtive", CHART, "--create-namespace", ...values);
    const ready = ["rollout", "status", "deployment/virtive-control", "-n", NAMESPACE, "--timeout=100s"];
    expect((await rig.kubectl(ready)).output).toContain("successfully rolled out");
    const schedulable = ["get", "nodes", "-l", "kubevirt.io/schedulable=true", "-o", "name"];
    await expect.poll(() => one(schedulable), patience(2 * MINUTE)).toBe(`node/${NODE}`);
    expect(await one(["get", "--raw", "/apis/subresources.kubevirt.io/v1/version"])).toContain("gitVersion");
  });

  it("run a guest that kubectl created, reached by its pod's address and through a Service", async () => {
    await rig.kubectl(["apply", "-f", "scripts/guest/demo-vm.yaml"]);
    const phase = ["get", "vmi", "demo", "-o", "jsonpath={.status.phase}"];
    await expect.poll(() => one(phase), patience(4 * MINUTE)).toBe("Running");
    const service = {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: "demo" },
      spec: { selector: { "kubevirt.io/vm": "demo" }, ports: [{ port: 80 }] },
    };
    await rig.kubectl(["create", "-f", "-"], JSON.stringify(service));
    const address = await one(["get", "service", "demo", "-o", "jsonpath={.spec.clusterIP}"]);
    const answer = async (): Promise<string> => inNode(["curl", "-s", "-m", "5", `http://${address}/`]).catch(() => "");
    await expect.poll(answer, patience(2 * MINUTE)).not.toBe("");
  });

  it("replace the runtime under the running guest", async () => {
    const qemu = async (): Promise<string> => (await inNode(["pgrep", "-f", "guest=default"]).catch(() => "")).trim();
    const before = await qemu();
    expect(before).not.toBe("");
    await rig.kubectl(["delete", "pod", "-n", NAMESPACE, "-l", "app.kubernetes.io/component=node"]);
    const ready = ["rollout", "status", "daemonset/virtive-node", "-n", NAMESPACE, "--timeout=100s"];
    expect((await rig.kubectl(ready)).output).toContain("successfully rolled out");
    const condition = ["get", "vmi", "demo", "-o", "jsonpath={.status.conditions[?(@.type=='Ready')].status}"];
    await expect.poll(() => one(condition), patience(2 * MINUTE)).toBe("True");
    expect(await qemu()).toBe(before);
  });

  it("go with the hook: the guest, the machines, the definitions", async () => {
    await run("uninstall", "virtive", "--timeout=5m");
    expect(await one(["get", "crd", "-o", "name"])).not.toContain("kubevirt");
    expect(await one(["get", "pods", "-A", "-l", "kubevirt.io=virt-launcher", "-o", "name"])).toBe("");
    await expect.poll(() => inNode(["pgrep", "-f", "guest=default"]).catch(() => ""), patience(MINUTE)).toBe("");
    expect(await one(["get", "secrets,configmaps,leases", "-n", NAMESPACE, "-o", "name"])).not.toContain("virtive");
  });
});
