/**
 * The loop behind Knative's own parts: the functions as the chart deploys them, one host each with its own account, woken
 * through the real ingress, channel and filter by what the chart's Triggers let through, with tokens on every way.
 */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { Pod } from "#api/core.ts";
import type { Kind, KubeObject, Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { encode } from "#events/http.ts";
import { NAMESPACE } from "../../scripts/race/installation.ts";
import { callsAbout, writesIn } from "./knative/audit.ts";
import { BROKER, openKnativeRig, type KnativeRig } from "./knative/rig.ts";
import { sinkTokenOf, tokenOf } from "./knative/tokens.ts";

const root = process.getuid?.() === 0;
let rig: KnativeRig;
beforeAll(async () => {
  if (root) rig = await openKnativeRig();
}, 600_000);
afterAll(() => rig?.close());
afterEach(() => {
  for (const { fate } of rig === undefined ? [] : [rig.toBroker, rig.toFunctions]) {
    Object.assign(fate, { lost: 0, doubled: 0, late: 0, lostFrom: undefined });
  }
});

const PATIENCE_SECONDS = 240;
const namespace = "default";
const OF_A_MACHINE: readonly Kind[] = [VirtualMachine, VirtualMachineInstance, Pod];

async function create(names: readonly string[], spec: object = {}): Promise<void> {
  const interfaces = [{ name: "default", masquerade: {} }];
  const domain = { devices: { interfaces }, memory: { guest: "64Mi" } };
  const template = { spec: { domain, networks: [{ name: "default", pod: {} }], ...spec } };
  for (const name of names) {
    const metadata = { name, namespace };
    await rig.installation.cluster.create(VirtualMachine, {
      apiVersion: "kubevirt.io/v1",
      kind: "VirtualMachine",
      metadata,
      spec: { runStrategy: "Always", template },
    });
  }
}

async function is(status: string, names: readonly string[], seconds = PATIENCE_SECONDS): Promise<void> {
  for (const name of names) {
    await rig.until(`${name} is ${status}`, async () => (await rig.status(name)) === status, seconds);
  }
}

async function stop(name: string): Promise<void> {
  const path = `/apis/subresources.kubevirt.io/v1/namespaces/${namespace}/virtualmachines/${name}/stop`;
  const { code, complaint } = await rig.kubectl(["replace", "--raw", path, "-f", "/dev/null"]);
  expect(code, complaint).toBe(0);
}

async function remove(names: readonly string[], seconds = PATIENCE_SECONDS): Promise<void> {
  const { cluster } = rig.installation;
  for (const name of names) {
    const vm = await cluster.get(VirtualMachine, { namespace, name });
    if (vm !== undefined) await cluster.remove(VirtualMachine, vm);
  }
  const theirs = ({ metadata }: Stored<KubeObject>): boolean =>
    names.some((name) => metadata.name === name || metadata.name.includes(`-${name}-`));
  await rig.until(
    `${names.join(", ")} and all of theirs are gone`,
    async () => {
      const lists = await Promise.all(OF_A_MACHINE.map((kind) => cluster.list(kind, { namespace })));
      return !lists.flat().some(theirs);
    },
    seconds,
  );
}

/** The answer to an event that is posted with this token. */
async function post(url: string, id: string, token?: string): Promise<number> {
  const event = {
    specversion: "1.0",
    id,
    source: "/test",
    type: "dev.virtive.node.heartbeat",
    data: { nonsense: true },
    extensions: { node: "fake-1", partitionkey: "/fake-1" },
  } as const;
  const { headers, body } = encode(event, "binary");
  const authorization = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const sent = { method: "POST", headers: { ...headers, ...authorization }, body: Buffer.from(body) };
  return (await fetch(url, sent)).status;
}

describe.skipIf(!root)("the functions behind Knative's broker (root)", () => {
  it("take a VM through start, stop and deletion, each under its own account", async () => {
    await create(["first"]);
    await is("Running", ["first"]);
    const counts = await callsAbout(rig.audit, "first");
    const writes = writesIn(counts);
    const of = (resource: string): number =>
      writes.filter(([call]) => call.endsWith(` ${resource}`)).reduce((sum, [, count]) => sum + count, 0);
    console.info(`calls of ours for a start: ${JSON.stringify(Object.fromEntries([...counts].sort()))}`);
    expect(of("virtualmachineinstances/status")).toBe(3);
    expect(of("virtualmachineinstances")).toBe(1);
    expect(of("virtualmachines/status")).toBeLessThanOrEqual(2);
    expect(of("pods")).toBe(1);
    expect(writes.filter(([call]) => call.startsWith("control ")).map(([call]) => call)).toEqual([]);
    await stop("first");
    await is("Stopped", ["first"]);
    await remove(["first"]);
  });

  it("take events from the Broker's Triggers alone, which prove it; the Broker takes them from ours alone", async () => {
    const { installation, home } = rig;
    const [host, broker] = [`${rig.hosts.urlOf("virtive-attend")}/functions/attend`, rig.brokerURL];
    const audience = rig.functionsAudience;
    const account = { namespace: NAMESPACE, name: "virtive-attend-trigger" };
    const elsewhere = { namespace: "default", name: "default" };
    const answers = {
      hostUnknown: await post(host, "unknown-1"),
      hostForTheServer: await post(host, "unknown-2", await tokenOf(installation, account)),
      hostElsewhere: await post(host, "unknown-3", await tokenOf(installation, { ...elsewhere, audience })),
      // It is known, and what it says is nonsense: a dead letter.
      hostKnown: await post(host, "known-1", await tokenOf(installation, { ...account, audience })),
      brokerUnknown: await post(broker, "unknown-4"),
      brokerElsewhere: await post(
        broker,
        "unknown-5",
        await tokenOf(installation, { ...elsewhere, audience: rig.brokerAudience }),
      ),
    };
    expect(answers).toEqual({
      hostUnknown: 401,
      hostForTheServer: 401,
      hostElsewhere: 403,
      hostKnown: 422,
      brokerUnknown: 401,
      brokerElsewhere: 403,
    });
    const log = await readFile(join(home, "host-attend.log"), "utf8");
    expect(log).toContain('\\"system:serviceaccount:default:default\\" may not send events here');
  });

  it("keep in a place that people can read what was given up", async () => {
    const { installation, home } = rig;
    const binding = { namespace: NAMESPACE, binding: "test", audience: rig.brokerAudience };
    const file = await sinkTokenOf(installation, { ...binding, file: join(home, "test.sink-token") });
    expect(await post(rig.brokerURL, "broken-1", await readFile(file, "utf8"))).toBe(202);
    await rig.until("the dead letter is told", async () => {
      const text = await readFile(join(home, "host-resync.log"), "utf8");
      return text.split("\n").some((line) => line.includes("a dead letter") && line.includes("broken-1"));
    });
  });

  it("let a guest whose pod is evicted leave its node: control marks it, a function of its own asks for the move", async () => {
    const { ask, cluster } = rig.installation;
    await create(["leaves"], { evictionStrategy: "LiveMigrate" });
    await is("Running", ["leaves"]);
    const pods = await cluster.list(Pod, { namespace });
    const pod = pods.find(({ metadata }) => metadata.name.includes("-leaves-"));
    if (pod === undefined) throw new Error("the guest has no pod");
    const { name } = pod.metadata;
    const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name, namespace } };
    const { code, text } = await ask("POST", `/api/v1/namespaces/${namespace}/pods/${name}/eviction`, eviction);
    expect([code, text]).toEqual([429, expect.stringContaining("it moves to another node")]);
    await rig.until("it is on the other node, and the pod that it left is gone", async () => {
      const vmi = await cluster.get(VirtualMachineInstance, { namespace, name: "leaves" });
      const left = await cluster.get(Pod, { namespace, name });
      return vmi?.status?.nodeName !== undefined && vmi.status.nodeName !== pod.spec.nodeName && left === undefined;
    });
    const wrote = await callsAbout(rig.audit, "leaves");
    expect(wrote.get("control patch virtualmachineinstances/status")).toBe(1);
    expect(
      (await callsAbout(rig.audit, "kubevirt-evacuation-")).get("evacuate create virtualmachineinstancemigrations"),
    ).toBe(1);
    await remove(["leaves"]);
  });

  it("are woken by Knative's own source as well, when ours says nothing", async () => {
    Object.assign(rig.toBroker.fate, { lost: 1, lostFrom: "/virtive/source" });
    const kinds = ["virtualmachines", "virtualmachineinstances", "virtualmachineinstancemigrations"];
    const stopAdapter = await rig.parts.startAdapter({
      namespace: NAMESPACE,
      config: {
        namespaces: [""],
        allNamespaces: true,
        resources: [
          ...kinds.map((Resource) => ({ gvr: { Group: "kubevirt.io", Version: "v1", Resource } })),
          { gvr: { Group: "", Version: "v1", Resource: "pods" } },
        ],
        mode: "Resource",
      },
      sink: `${rig.parts.urlOf("ingress")}/${NAMESPACE}/${BROKER}`,
      audience: rig.brokerAudience,
      account: "virtive-boot-trigger",
    });
    try {
      await rig.until("the adapter watches", async () =>
        (await readFile(rig.audit, "utf8"))
          .split("\n")
          .some((line) => /"verb":"watch".*:eventing".*"resource":"virtualmachines"/.test(line)),
      );
      await create(["theirs"]);
      await is("Running", ["theirs"]);
      await stop("theirs");
      await is("Stopped", ["theirs"]);
      await remove(["theirs"]);
    } finally {
      await stopAdapter();
    }
  });

  it("go on when events are doubled and late on both ways", async () => {
    for (const { fate } of [rig.toBroker, rig.toFunctions]) Object.assign(fate, { doubled: 0.5, late: 1_000 });
    const names = ["late-one", "late-two"];
    await create(names);
    await is("Running", names);
    await stop("late-two");
    await is("Stopped", ["late-two"]);
    await remove(names);
    expect(rig.toBroker.counts.doubled).toBeGreaterThan(5);
    expect(rig.toFunctions.counts.doubled).toBeGreaterThan(5);
  });

  it("go on when their hosts are killed and scaled down, and Knative's programs are killed and stand still under them", async () => {
    const { hosts, parts } = rig;
    await create(["host-one", "host-two"]);
    await Promise.all(["run", "schedule", "boot"].map((name) => hosts.replace(name)));
    await Promise.all(["observe", "power"].map((name) => hosts.restart(name)));
    const names = ["host-one", "host-two"];
    for (const part of ["ingress", "channel", "filter"] as const) {
      await create([`${part}-one`]);
      await parts.kill(part);
      await create([`${part}-two`]);
      await parts.start(part);
      names.push(`${part}-one`, `${part}-two`);
    }
    for (const part of ["filter", "ingress"] as const) {
      process.kill(parts.pidOf(part), "SIGSTOP");
      await create([`still-${part}`]);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      process.kill(parts.pidOf(part), "SIGCONT");
      names.push(`still-${part}`);
    }
    await is("Running", names);
    await remove(names);
  });

  it("go on when of all events some are lost on both ways, while a VM starts and while another goes", async () => {
    await create(["lost-0"]);
    await is("Running", ["lost-0"]);
    const ways = [rig.toBroker, rig.toFunctions];
    for (const { fate } of ways) fate.lost = 0.15;
    const before = ways.map(({ counts }) => counts.lost);
    const lost = (): number[] => ways.map(({ counts }, index) => counts.lost - (before[index] ?? 0));
    // By chance a VM loses nothing that matters: the next one will.
    for (let round = 1; round === 1 || Math.min(...lost()) < 2; round += 1) {
      await create([`lost-${round}`]);
      await Promise.all([is("Running", [`lost-${round}`]), remove([`lost-${round - 1}`])]);
    }
  }, 600_000);
});
