import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "./client.ts";
import { environmentOf, kubectl as run, kubectlBinary, type Person, type Ran } from "./kubectl-runner.ts";
import { onEachServer } from "./suite.ts";

onEachServer("kubectl", (bench) => {
  let binary = "";
  let home = "";

  beforeAll(async () => {
    binary = kubectlBinary();
    home = await mkdtemp(path.join(tmpdir(), "virtive-kubectl-"));
  });

  afterAll(async () => {
    await rm(home, { recursive: true, force: true });
  });

  const person = (): Person => {
    const { under, namespace } = bench();
    return { kubectl: binary, kubeconfig: under.kubeconfig, home, namespace };
  };
  const kubectl = (args: string, stdin = "", env: Readonly<Record<string, string>> = {}): Promise<Ran> =>
    run(person(), args.split(" "), stdin, env);

  const yaml = (name: string, spec: object, labels?: object) =>
    JSON.stringify(bench().widget(name, spec, labels === undefined ? {} : { labels }));

  it("finds its way: version, api-resources, api-versions, explain", async () => {
    const { group } = bench();
    expect((await kubectl("version")).out).toMatch(/Server Version: v1\.\d+/);
    expect((await kubectl("api-resources")).out).toMatch(new RegExp(`widgets +wd +${group}/v1 +true +Widget`));
    expect((await kubectl("api-versions")).out).toContain(`${group}/v1`);
    // A real server describes a new definition a moment after it serves it.
    const explain = (): Promise<Ran> => kubectl("explain widgets.spec.size");
    await until(async () => (await explain()).code === 0, "the definition to be described");
    const explained = await explain();
    expect(explained.out).toContain("FIELD: size <integer>");
    expect(explained.out).toContain("How large it is, in centimetres");
    expect((await kubectl("explain pod.spec.containers.image")).out).toContain("FIELD: image <string>");
    expect((await kubectl("explain node --recursive")).out).toContain("unschedulable");
  });

  it("creates, gets and shows columns", async () => {
    expect((await kubectl("create -f -", yaml("first", { size: 3 }))).out).toContain(
      "widget.kubectl.example.com/first created",
    );
    expect((await kubectl("get widgets")).out).toMatch(/NAME +SIZE +PHASE +READY +AGE\nfirst +3 /);
    expect((await kubectl("get wd first -o wide")).out).toMatch(/COLOUR[\s\S]+red/);
    expect((await kubectl("get wd/first -o jsonpath={.spec.colour}")).out).toBe("red");
    expect((await kubectl("get wd first -o yaml")).out).toContain("colour: red");
    expect((await kubectl("get wd --show-labels --all-namespaces")).out).toContain("NAMESPACE");
    expect((await kubectl("get wd none")).err).toContain('widgets.kubectl.example.com "none" not found');
    expect((await kubectl("get all")).out).toContain("widget.kubectl.example.com/first");
  });

  it("applies: creates, changes, says what is unchanged, shows a diff", async () => {
    expect((await kubectl("apply -f -", yaml("applied", { size: 3, note: "n" }))).out).toContain("applied created");
    expect((await kubectl("apply -f -", yaml("applied", { size: 3, note: "n" }))).out).toContain("applied unchanged");
    expect((await kubectl("apply -f -", yaml("applied", { size: 4 }))).out).toContain("applied configured");
    expect((await kubectl("get wd applied -o jsonpath={.spec}")).out).toBe('{"colour":"red","size":4}');
    const diff = await kubectl("diff -f -", yaml("applied", { size: 5 }));
    expect(diff.code).toBe(1);
    expect(diff.out).toContain("+  size: 5");
    expect((await kubectl("apply --dry-run=server -f -", yaml("applied", { size: 6 }))).out).toContain(
      "(server dry run)",
    );
  });

  it("applies on the server's side, with conflicts", async () => {
    expect((await kubectl("apply --server-side -f -", yaml("served", { size: 3 }))).out).toContain(
      "served serverside-applied",
    );
    const other = await kubectl("apply --server-side --field-manager=other -f -", yaml("served", { size: 4 }));
    expect(other.code).toBe(1);
    expect(other.err).toContain('conflict with "kubectl"');
    const forced = await kubectl(
      "apply --server-side --force-conflicts --field-manager=other -f -",
      yaml("served", { size: 4 }),
    );
    expect(forced.code).toBe(0);
    expect((await kubectl("get wd served -o jsonpath={.spec.size}")).out).toBe("4");
  });

  it("is told of unknown fields and wrong values before anything is stored", async () => {
    const unknown = await kubectl("apply -f -", yaml("bad", { size: 1, shape: "round" }));
    expect(unknown.code).toBe(1);
    expect(unknown.err).toContain('unknown field "spec.shape"');
    const wrong = await kubectl("apply -f -", yaml("bad", { size: "large" }));
    expect(wrong.err).toContain('The Widget "bad" is invalid: spec.size');
    expect((await kubectl("get wd bad")).code).toBe(1);
  });

  it("labels, annotates, patches, edits and scales", async () => {
    await kubectl("create -f -", yaml("changed", { size: 3 }));
    expect((await kubectl("label wd changed tier=web")).out).toContain("labeled");
    expect((await kubectl("label wd changed tier-")).out).toContain("unlabeled");
    expect((await kubectl("annotate wd changed note=text")).out).toContain("annotated");
    expect((await kubectl(`patch wd changed --type merge -p {"spec":{"size":5}}`)).out).toContain("patched");
    expect(
      (await kubectl(`patch wd changed --type json -p [{"op":"replace","path":"/spec/size","value":6}]`)).out,
    ).toContain("patched");
    expect((await kubectl("edit wd changed", "", { KUBE_EDITOR: "sed -i s/size:.*/size:\\ 7/" })).out).toContain(
      "edited",
    );
    expect((await kubectl("scale wd changed --replicas=3")).out).toContain("scaled");
    expect(
      (await kubectl("get wd changed -o jsonpath={.spec.size}/{.spec.replicas}/{.metadata.annotations.note}")).out,
    ).toBe("7/3/text");
  });

  it("waits for a condition that comes later, and for a deletion", async () => {
    await kubectl("create -f -", yaml("awaited", { size: 3 }));
    const waiting = kubectl("wait wd/awaited --for=condition=Ready --timeout=20s");
    const status = { status: { phase: "Up", conditions: [{ type: "Ready", status: "True" }] } };
    expect(
      (await kubectl(`patch wd awaited --subresource=status --type=merge -p ${JSON.stringify(status)}`)).code,
    ).toBe(0);
    expect((await waiting).out).toContain("condition met");
    const gone = kubectl("wait wd/awaited --for=delete --timeout=20s");
    expect((await kubectl("delete wd awaited")).out).toContain("deleted");
    expect((await gone).code).toBe(0);
    expect((await kubectl("wait wd/changed --for=jsonpath={.spec.size}=7 --timeout=5s")).code).toBe(0);
  });

  it("describes an object with its events", async () => {
    const { client, namespace } = bench();
    await kubectl("create -f -", yaml("described", { size: 3 }));
    const uid = (await kubectl("get wd described -o jsonpath={.metadata.uid}")).out;
    const now = new Date().toISOString().replace(/\.\d+Z/, "Z");
    await client.post(`/api/v1/namespaces/${namespace}/events`, {
      apiVersion: "v1",
      kind: "Event",
      metadata: { name: "described.1" },
      involvedObject: { apiVersion: "kubectl.example.com/v1", kind: "Widget", name: "described", namespace, uid },
      reason: "Polished",
      message: "it shines",
      type: "Normal",
      source: { component: "tester" },
      firstTimestamp: now,
      lastTimestamp: now,
      count: 1,
    });
    const described = await kubectl("describe wd described");
    expect(described.out).toMatch(/Normal +Polished +\S+ +tester +it shines/);
    expect((await kubectl("get events")).out).toMatch(/Polished +widget\/described +it shines/);
    expect((await kubectl("events --for wd/described")).out).toContain("it shines");
  });

  it("watches", async () => {
    const { client, namespace, widgets, widget } = bench();
    const labels = { watched: "yes" };
    await client.post(widgets, widget("first-seen", {}, { labels }));
    const words = ["-n", namespace, "get", "wd", "-w", "--output-watch-events", "-l", "watched=yes"];
    const env = environmentOf(person());
    const child = spawn(binary, words, { env, stdio: ["ignore", "pipe", "ignore"] });
    let out = "";
    child.stdout.on("data", (chunk: Buffer) => (out += chunk.toString("utf8")));
    try {
      await until(async () => /ADDED +first-seen/.test(out), "kubectl to list");
      await client.post(widgets, widget("seen", { size: 3 }, { labels }));
      await client.delete(`${widgets}/seen`);
      await until(async () => /ADDED +seen +3[\s\S]+DELETED +seen +3/.test(out), "kubectl to show what came and went");
    } finally {
      child.kill();
    }
  });

  it("creates core objects with its typed commands", async () => {
    expect((await kubectl("create configmap settings --from-literal=a=b")).out).toContain("configmap/settings created");
    expect((await kubectl("get configmap settings -o jsonpath={.data.a}")).out).toBe("b");
    expect((await kubectl("create secret generic hidden --from-literal=password=x")).out).toContain(
      "secret/hidden created",
    );
    expect((await kubectl("get secret hidden -o jsonpath={.data.password}")).out).toBe("eA==");
    expect((await kubectl("get secrets")).out).toMatch(/hidden +Opaque +1 /);
    expect((await kubectl("create serviceaccount robot")).out).toContain("serviceaccount/robot created");
    expect((await kubectl("create service clusterip web --tcp=80:8080")).out).toContain("service/web created");
    expect((await kubectl("get svc web -o jsonpath={.spec.ports[0].targetPort}")).out).toBe("8080");
    expect((await kubectl("create namespace kubectl-made")).out).toContain("namespace/kubectl-made created");
    expect((await kubectl("delete namespace kubectl-made")).out).toContain("deleted");
    expect((await kubectl("run job --image=busybox:1 --restart=Never")).out).toContain("pod/job created");
    expect((await kubectl("get pods")).out).toMatch(/job +0\/1 +Pending +0 /);
    expect((await kubectl("delete pod job --wait=false")).out).toContain("deleted");
  });

  it("cordons and drains a node", async () => {
    const { client, namespace } = bench();
    await client.post("/api/v1/nodes", { apiVersion: "v1", kind: "Node", metadata: { name: "drained" } });
    const pod = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "on-it" },
      spec: { nodeName: "drained", containers: [{ name: "c", image: "i:1" }], terminationGracePeriodSeconds: 0 },
    };
    await client.post(`/api/v1/namespaces/${namespace}/pods`, pod);
    expect((await kubectl("cordon drained")).out).toContain("node/drained cordoned");
    expect((await kubectl("get nodes")).out).toMatch(/drained +Unknown,SchedulingDisabled/);
    const drained = await kubectl("drain drained --force --timeout=10s");
    expect(drained.out).toContain("node/drained drained");
    expect((await kubectl("get pod on-it")).code).toBe(1);
    await client.delete("/api/v1/nodes/drained");
  });

  it("asks who it is and what it may", async () => {
    expect((await kubectl("auth whoami")).out).toMatch(/Username +\S+/);
    expect((await kubectl("auth can-i create widgets")).out.trim()).toBe("yes");
  });

  it("deletes by selector and waits until all is gone", async () => {
    await kubectl("create -f -", yaml("bulk-1", { size: 1 }, { bulk: "yes" }));
    await kubectl("create -f -", yaml("bulk-2", { size: 1 }, { bulk: "yes" }));
    const { out } = await kubectl("delete wd -l bulk=yes");
    expect(out.match(/deleted/g)).toHaveLength(2);
    expect((await kubectl("get wd -l bulk=yes")).err).toContain("No resources found");
  });
});
