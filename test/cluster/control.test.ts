/** The control plane on a real Kubernetes: kube-scheduler places, the aggregated API serves, one of two replicas leads. */
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { makeRequest } from "#events/certificates.ts";
import { askReplica, NODES, openControlRig, type ControlRig } from "./control-rig.ts";

let rig: ControlRig;
let viewer: string;
let editor: string;
beforeAll(async () => {
  if (process.getuid?.() !== 0) return;
  rig = await openControlRig();
  for (const [name, role] of [
    ["viewer", "kubevirt.io:view"],
    ["editor", "kubevirt.io:edit"],
  ] as const) {
    await rig.kubectl(["create", "serviceaccount", name]);
    await rig.kubectl(["create", "rolebinding", name, `--clusterrole=${role}`, `--serviceaccount=default:${name}`]);
  }
  viewer = await rig.installation.kubeconfigOf("default", "viewer");
  editor = await rig.installation.kubeconfigOf("default", "editor");
});
afterAll(() => rig?.close());

const virtualMachine = (name: string, more: object = {}, runStrategy = "Always"): object => ({
  apiVersion: "kubevirt.io/v1",
  kind: "VirtualMachine",
  metadata: { name, namespace: "default" },
  spec: { runStrategy, template: { spec: { domain: { devices: {}, memory: { guest: "64Mi" } }, ...more } } },
});
const subresource = (vm: string, verb: string): string =>
  `/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachines/${vm}/${verb}`;

async function running(name: string): Promise<void> {
  await rig.until(`${name} runs`, async () => (await rig.status(name)) === "Running");
}

async function put(
  path: string,
  as: string,
): Promise<{ readonly code: number | undefined; readonly complaint: string }> {
  return rig.kubectl(["replace", "--raw", path, "-f", "/dev/null"], as);
}

interface AuditEntry {
  readonly verb: string;
  readonly user: { readonly username: string };
  readonly objectRef?: { readonly resource: string; readonly subresource?: string; readonly name?: string };
  readonly responseStatus: { readonly code: number };
}

/** What the control process asked about objects whose name has this word in it, and got: "verb resource" → how often. */
async function callsAbout(word: string): Promise<Record<string, number>> {
  const lines = (await readFile(rig.audit, "utf8")).trim().split("\n");
  const counts: Record<string, number> = {};
  for (const line of lines) {
    const { verb, user, objectRef, responseStatus } = JSON.parse(line) as AuditEntry;
    if (user.username !== "system:serviceaccount:virtive:virtive-control") continue;
    if (responseStatus.code >= 300) continue;
    // A create is told without the name of what is created.
    if (!line.includes(word)) continue;
    const { resource = "", subresource } = objectRef ?? {};
    const key = `${verb} ${resource}${subresource === undefined ? "" : `/${subresource}`}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}

describe.skipIf(process.getuid?.() !== 0)("the control plane on a cluster (root)", () => {
  it("runs a VM that kubectl applied, on the node that kube-scheduler chose, with few writes", async () => {
    expect((await rig.apply(virtualMachine("first"), editor)).code).toBe(0);
    await running("first");
    const pod = await rig.kubectl(["get", "pod", "-l", "vm.kubevirt.io/name=first", "-o", "json"]);
    const [{ spec, metadata }] = (
      JSON.parse(pod.output) as { items: [{ spec: Record<string, unknown>; metadata: { labels: object } }] }
    ).items;
    expect(NODES).toContain(spec["nodeName"]);
    expect(spec["schedulerName"]).toBe("default-scheduler");
    expect(metadata.labels).toMatchObject({ "kubevirt.io": "virt-launcher" });
    const counts = await callsAbout("first");
    console.info(`calls of ours for a start: ${JSON.stringify(counts)}`);
    expect(counts["patch virtualmachineinstances/status"]).toBe(3);
    expect(counts["patch virtualmachineinstances"]).toBeUndefined();
    expect(counts["patch virtualmachines/status"]).toBeLessThanOrEqual(2);
    expect(counts["patch pods"]).toBeUndefined();
    expect(counts["patch pods/status"]).toBeUndefined();
    expect(counts["create pods"]).toBe(1);
    expect(Object.keys(counts).filter((call) => /^(get|list|watch) /.test(call))).toEqual([]);
  });

  it("completes what is applied by its webhook", async () => {
    const { output } = await rig.kubectl(["get", "vm", "first", "-o", "json"]);
    const { spec } = JSON.parse(output) as {
      readonly spec: { readonly template: { readonly spec: { readonly domain: { readonly machine?: object } } } };
    };
    expect(spec.template.spec.domain.machine).toBeDefined();
    const wrong = await rig.apply(virtualMachine("wrong", { terminationGracePeriodSeconds: -1 }), editor);
    expect(wrong.code).not.toBe(0);
    expect(wrong.complaint).toContain("terminationGracePeriodSeconds");
  });

  it("stops and starts by the aggregated API for an editor, and refuses a viewer", async () => {
    const refused = await put(subresource("first", "stop"), viewer);
    expect(refused.code).not.toBe(0);
    expect(refused.complaint).toMatch(/forbidden|may not/i);
    expect((await put(subresource("first", "stop"), editor)).code).toBe(0);
    await rig.until("first is stopped", async () => (await rig.status("first")) === "Stopped");
    expect((await put(subresource("first", "start"), editor)).code).toBe(0);
    await running("first");
  });

  it("joins a user to a guest's console through the API server, and a viewer not", async () => {
    const path = "/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachineinstances/first/console";
    const open = async (kubeconfig: string): Promise<WebSocket> => {
      const config = JSON.parse(await readFile(kubeconfig, "utf8")) as {
        readonly clusters: [
          { readonly cluster: { readonly "server": string; readonly "certificate-authority-data": string } },
        ];
        readonly users: [{ readonly user: { readonly token: string } }];
      };
      const { server, "certificate-authority-data": ca } = config.clusters[0].cluster;
      return new WebSocket(server.replace("https", "wss") + path, ["plain.kubevirt.io"], {
        ca: Buffer.from(ca, "base64"),
        headers: { authorization: `Bearer ${config.users[0].user.token}` },
      });
    };
    const socket = await open(editor);
    const echoed = new Promise<string>((resolve, reject) => {
      let text = "";
      socket.on("message", (data: Buffer) => {
        text += data.toString();
        if (text.includes("knock")) resolve(text);
      });
      socket.once("error", reject);
      socket.once("open", () => socket.send(Buffer.from("knock")));
    });
    expect(await echoed).toContain("knock");
    socket.terminate();
    const other = await open(viewer);
    const status = await new Promise((resolve) => {
      other.once("unexpected-response", (_request, response) => resolve(response.statusCode));
      other.once("open", () => resolve(101));
      other.once("error", () => undefined);
    });
    expect(status).toBe(403);
  });

  it("believes nobody but the API server's front proxy", async () => {
    const { address } = rig.installation;
    const [replica] = rig.replicas;
    const { status } = await askReplica(`https://${address}:${replica?.apiPort}${subresource("first", "stop")}`, {
      method: "PUT",
      headers: { "x-remote-user": "system:admin", "x-remote-group": "system:masters" },
    });
    expect(status).toBe(401);
  });

  it("says on instance and VM why the scheduler has no place, and why a quota refuses", async () => {
    await rig.apply(virtualMachine("nowhere", { nodeSelector: { moon: "yes" } }), editor);
    await rig.until("nowhere is told", async () => (await rig.status("nowhere")) === "ErrorUnschedulable");
    const condition = 'jsonpath={.status.conditions[?(@.type=="PodScheduled")].message}';
    for (const kind of ["vm", "vmi"]) {
      expect((await rig.kubectl(["get", kind, "nowhere", "-o", condition])).output).toContain("0/2 nodes");
    }
    await rig.kubectl(["create", "quota", "none", "--hard=requests.memory=1Mi"]);
    await rig.apply(virtualMachine("toomuch"), editor);
    const reason =
      'jsonpath={.status.conditions[?(@.type=="PodScheduled")].reason}: {.status.conditions[?(@.type=="PodScheduled")].message}';
    await rig.until("the quota is told", async () => {
      const { output } = await rig.kubectl(["get", "vm", "toomuch", "-o", reason]);
      return output.startsWith("FailedCreate") && output.includes("exceeded quota");
    });
    await rig.kubectl(["delete", "quota", "none"]);
    await running("toomuch");
  });

  describe("a node that joins", () => {
    let url: string;
    beforeAll(async () => {
      url = `https://${rig.installation.address}:${rig.replicas[0]?.ingressPort}/join`;
      const pod = {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: "runtime", namespace: "virtive" },
        spec: { serviceAccountName: "virtive-node", nodeName: NODES[0], containers: [{ name: "c", image: "none:1" }] },
      };
      expect((await rig.apply(pod)).code).toBe(0);
    });

    async function token(args: readonly string[], account = "virtive-node"): Promise<string> {
      const { output } = await rig.kubectl(["-n", "virtive", "create", "token", account, ...args]);
      return output.trim();
    }
    async function join(bearer: string | undefined, node: string): Promise<{ status: number; body: string }> {
      const { request } = await makeRequest(node, [{ type: "ip", value: "203.0.113.1" }]);
      return askReplica(url, {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
        },
        body: JSON.stringify({ node, csr: request }),
      });
    }
    const bound = ["--audience=virtive-control", "--bound-object-kind=Pod", "--bound-object-name=runtime"];

    it("gets a certificate for the token of its own pod, and for no address that is not the node's", async () => {
      const { status, body } = await join(await token(bound), NODES[0]);
      expect(status, body).toBe(200);
      const { certificate, ca, controlURI } = JSON.parse(body) as Record<string, string>;
      const { X509Certificate } = await import("node:crypto");
      const made = new X509Certificate(certificate ?? "");
      expect(made.subjectAltName).toBe(`URI:virtive://node/${NODES[0]}`);
      expect(made.checkIssued(new X509Certificate(ca ?? ""))).toBe(true);
      expect(controlURI).toBe("virtive://control");
    });

    it("is refused for another node, without a token, and with one that is not bound, not for us, or another's", async () => {
      expect((await join(await token(bound), NODES[1])).status).toBe(403);
      expect((await join(undefined, NODES[0])).status).toBe(401);
      expect((await join("nonsense", NODES[0])).status).toBe(401);
      expect((await join(await token(["--audience=virtive-control"]), NODES[0])).status).toBe(403);
      expect((await join(await token(bound.slice(1)), NODES[0])).status).toBe(401);
      expect((await join(await token(["--audience=virtive-control"], "virtive-control"), NODES[0])).status).toBe(403);
    });
  });

  it("explains a VM from the journal of the leader, whichever replica is asked", async () => {
    const [leader, follower] = rig.replicas;
    if (leader === undefined || follower === undefined) return expect.fail("two replicas are wanted");
    const path = "/apis/subresources.virtive.dev/v1/namespaces/default/virtualmachines/first/explain";
    for (const replica of [follower, leader]) {
      await rig.installation.lead([replica]);
      await rig.until(
        "the API server asks this one",
        async () => (await rig.kubectl(["get", "--raw", path])).code === 0,
      );
      const { output } = await rig.kubectl(["get", "--raw", path], viewer);
      const { status, decisions } = JSON.parse(output) as { status: string; decisions: unknown[] };
      expect(status).toBe("Running");
      expect(decisions.length).toBeGreaterThan(3);
    }
    await rig.installation.lead([leader, follower]);
  });

  it("goes on when its leader is killed, and at once when it ends in order", async () => {
    const [leader, follower] = rig.replicas;
    if (leader === undefined || follower === undefined) return expect.fail("two replicas are wanted");
    const holder = async (): Promise<string> => {
      const path = "jsonpath={.spec.holderIdentity}";
      const { output } = await rig.kubectl(["-n", "virtive", "get", "lease", "virtive-control", "-o", path]);
      return output.split("_")[0] ?? "";
    };
    expect(await holder()).toBe(leader.name);
    await leader.kill();
    const killed = Date.now();
    await rig.until("the follower leads", async () => (await holder()) === follower.name);
    console.info(`took over ${Date.now() - killed} ms after the leader was killed`);
    await rig.installation.lead([follower]);
    await rig.apply(virtualMachine("second"), editor);
    await running("second");
    expect((await put(subresource("first", "stop"), editor)).code).toBe(0);
    await rig.until("first is stopped", async () => (await rig.status("first")) === "Stopped");
    await follower.stop();
    expect(await holder()).toBe("");
  });
});
