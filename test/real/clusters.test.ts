/** scripts/cluster's clusters: they come up, run pods, stand beside each other, and leave nothing behind. */
import { access, readdir, readFile } from "node:fs/promises";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { outputOf } from "#node-runtime/host/command.ts";
import { ensureKube, ensureNodePrograms } from "../../scripts/kubernetes/build.ts";
import { administratorOf, downCluster, powerOff, powerOn, upCluster } from "../../scripts/kubernetes/cluster.ts";
import { asAdministrator, type Ask } from "../../scripts/kubernetes/api.ts";
import { BUSYBOX_IMAGE } from "../../scripts/kubernetes/images.ts";
import { clusterProcesses } from "../../scripts/kubernetes/processes.ts";
import { allClusters, findCluster, type Cluster } from "../../scripts/kubernetes/record.ts";
import { until } from "../../scripts/kubernetes/waiting.ts";

const BUILD_MILLISECONDS = 1_500_000;
const say = (line: string): void => console.error(`cluster: ${line}`);
const names = ["left", "right", "noded"].map((name) => `test-${name}-${process.pid}`);
const [left = "", right = "", noded = ""] = names;

beforeAll(async () => {
  await ensureKube(say);
  await ensureNodePrograms(say);
}, BUILD_MILLISECONDS);

afterEach(async () => {
  for (const cluster of await allClusters()) if (names.includes(cluster.name)) await downCluster(cluster);
});

/** All traces that a cluster may leave on the machine, a line each. */
async function traces(cluster: Cluster): Promise<string[]> {
  const { directory, bridge } = cluster;
  const links = await readdir("/sys/class/net");
  const namespaces = await readdir("/run/netns").catch(() => []);
  const mounts = (await readFile("/proc/self/mounts", "utf8")).split("\n");
  const groups = await outputOf(["find", "/sys/fs/cgroup", "-type", "d", "-name", `${bridge}-*`]);
  const routes = (await outputOf(["ip", "route"])).split("\n");
  const processes = await clusterProcesses(cluster);
  const there = await access(directory).then(
    () => [directory],
    () => [],
  );
  return [
    ...processes.map(({ pid }) => `process ${pid}`),
    ...links.filter((link) => link === bridge || link.startsWith(`${bridge}n`)).map((link) => `link ${link}`),
    ...namespaces.filter((name) => name.startsWith(`${bridge}-`)).map((name) => `namespace ${name}`),
    ...mounts.filter((mount) => mount.includes(directory)).map((mount) => `mount ${mount}`),
    ...groups
      .split("\n")
      .filter((group) => group !== "")
      .map((group) => `group ${group}`),
    ...routes.filter((route) => route.split(" ").includes(bridge)).map((route) => `route ${route}`),
    ...there.map((file) => `file ${file}`),
  ];
}

async function askOf(cluster: Cluster): Promise<Ask> {
  return asAdministrator(cluster, await administratorOf(cluster));
}

describe("control planes", () => {
  it("stand side by side, and one that was killed leaves nothing", async () => {
    const [first, second] = await Promise.all([upCluster({ name: left }), upCluster({ name: right })]);
    expect(first.url).not.toBe(second.url);
    await expect(upCluster({ name: left })).rejects.toThrow("is there already");
    for (const cluster of [first, second]) {
      expect((await (await askOf(cluster))("GET", "/readyz")).text).toBe("ok");
    }
    for (const { pid } of await clusterProcesses(first)) process.kill(pid, "SIGKILL");
    await downCluster(first);
    expect(await traces(first)).toEqual([]);
    expect((await (await askOf(second))("GET", "/readyz")).text).toBe("ok");
    await downCluster(await findCluster(right));
    expect(await traces(second)).toEqual([]);
  });

  it("that do not come up say why and leave nothing", async () => {
    await expect(upCluster({ name: left, apiServerFlags: ["--no-such-flag"] })).rejects.toThrow("no-such-flag");
    await expect(findCluster(left)).rejects.toThrow("no cluster");
  });
});

describe.skipIf(process.getuid?.() !== 0)("nodes", () => {
  it("run pods, come back after a power cut, and leave nothing, killed or not", async () => {
    const cluster = await upCluster({ name: noded, nodes: 2, say });
    const ask = await askOf(cluster);
    const pods = "/api/v1/namespaces/default/pods";
    for (const node of ["node-1", "node-2"]) {
      const made = await ask("POST", pods, {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: `on-${node}` },
        spec: {
          nodeName: node,
          containers: [{ name: "c", image: BUSYBOX_IMAGE, command: ["sh", "-c", "httpd -p 80 -h /etc; sleep 1d"] }],
        },
      });
      expect(made.code, made.text).toBe(201);
    }
    interface Pod {
      status: { phase: string; podIP?: string; containerStatuses?: [{ restartCount: number; ready: boolean }] };
    }
    const podOn = async (node: string): Promise<Pod["status"]> =>
      (JSON.parse((await ask("GET", `${pods}/on-${node}`)).text) as Pod).status;
    for (const node of ["node-1", "node-2"]) {
      await until(`the pod on ${node}`, 60_000, async () => (await podOn(node)).phase === "Running" || undefined);
    }
    expect(await traces(cluster)).toEqual(
      expect.arrayContaining([`link ${cluster.bridge}`, `namespace ${cluster.bridge}-node-1`]),
    );

    await powerOff(cluster, "node-2");
    const off = await traces(cluster);
    expect(off.filter((trace) => trace.includes("node-2") || trace.endsWith("n2"))).toEqual([]);
    await powerOn(cluster, "node-2", say);
    await until("the pod to run again", 60_000, async () => {
      const [container] = (await podOn("node-2")).containerStatuses ?? [];
      return (container?.restartCount === 1 && container.ready) || undefined;
    });

    for (const { pid } of await clusterProcesses(cluster)) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It went with another one.
      }
    }
    await downCluster(cluster);
    expect(await traces(cluster)).toEqual([]);
  });
});
