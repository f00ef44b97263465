/** What `kind` and `docker` are asked for: stand-ins note their words. Real ones need a Docker engine. */
import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from "vitest";
import { kindClusterNamed, kindClusters, kindIsHere, kindUp } from "../../../scripts/kubernetes/kind.ts";

/** One for all tests: what starts programs keeps the PATH that it began with. */
let bin = "";
let home = "";

beforeAll(async () => {
  bin = await mkdtemp(path.join(tmpdir(), "virtive-kind-bin-"));
});

beforeEach(async () => {
  home = await mkdtemp(path.join(tmpdir(), "virtive-kind-"));
  vi.stubEnv("XDG_STATE_HOME", path.join(home, "state"));
  vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
  vi.stubEnv("VIRTIVE_CLUSTER_WITH", "");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

afterAll(async () => rm(bin, { recursive: true, force: true }));

/** Programs that write their words to a file; kind's `create` also writes the kubeconfig that it is told to write. */
async function standIns({ docker = 0, kind = 0 }: { readonly docker?: number; readonly kind?: number } = {}) {
  const programs = { docker, kind };
  for (const [name, code] of Object.entries(programs)) {
    const file = path.join(bin, name);
    const script = `#!/bin/sh
echo "${name} $*" >>"${home}/words"
[ ${code} = 0 ] || exit ${code}
while [ $# -gt 0 ]; do case $1 in --kubeconfig) echo made >"$2" ;; --config) cp "$2" "${home}/config" ;; esac; shift; done
`;
    await writeFile(file, script);
    await chmod(file, 0o755);
  }
}

async function words(): Promise<string[]> {
  return (await readFile(path.join(home, "words"), "utf8")).trim().split("\n");
}

const wish = { name: "two", nodes: 2, fsync: false, apiServerFlags: [] };

test("kind is here when both programs answer, and nobody has said otherwise", async () => {
  await standIns();
  expect(await kindIsHere()).toBe(true);
  vi.stubEnv("VIRTIVE_CLUSTER_WITH", "modules");
  expect(await kindIsHere()).toBe(false);
  vi.stubEnv("VIRTIVE_CLUSTER_WITH", "");
  await standIns({ docker: 1 });
  expect(await kindIsHere()).toBe(false);
});

test("a cluster is made with a control plane and so many workers, used by its name, and leaves nothing", async () => {
  await standIns();
  const said: string[] = [];
  const kubeconfig = await kindUp(wish, (line) => said.push(line));
  expect(said).toEqual(["kind makes cluster two with 2 nodes"]);
  expect(JSON.parse(await readFile(path.join(home, "config"), "utf8"))).toEqual({
    kind: "Cluster",
    apiVersion: "kind.x-k8s.io/v1alpha4",
    nodes: [{ role: "control-plane" }, { role: "worker" }, { role: "worker" }],
  });
  const cluster = await kindClusterNamed("two");
  expect(cluster?.kubeconfig).toBe(kubeconfig);
  expect((await kindClusters()).map(({ name }) => name)).toEqual(["two"]);
  expect(cluster?.inside("two-worker", ["ls"])).toEqual(["docker", "exec", "--interactive", "two-worker", "ls"]);
  await cluster?.load("image.tar");
  await cluster?.down();
  expect(await words()).toEqual([
    expect.stringMatching(/^kind create cluster --name two --config \S+ --kubeconfig \S+ --wait 5m$/),
    "kind load image-archive image.tar --name two",
    `kind delete cluster --name two --kubeconfig ${kubeconfig}`,
  ]);
  expect(await kindClusters()).toEqual([]);
});

test("a cluster that can't be made is told of, and leaves nothing", async () => {
  await standIns({ kind: 1 });
  await expect(kindUp(wish, () => {})).rejects.toThrow("kind create cluster --name two");
  expect(await readdir(path.join(home, "state/virtive/kubernetes/.kind"))).toEqual([]);
});

test("what kind can't do, and names that are none, are refused before it is asked", async () => {
  await standIns();
  await expect(kindUp({ ...wish, fsync: true }, () => {})).rejects.toThrow(
    "--fsync and --flag are not there with kind",
  );
  await expect(kindUp({ ...wish, apiServerFlags: ["--v=1"] }, () => {})).rejects.toThrow("not there with kind");
  await expect(kindUp({ ...wish, name: "../two" }, () => {})).rejects.toThrow('--name "../two"');
  await expect(words()).rejects.toThrow("ENOENT");
});
