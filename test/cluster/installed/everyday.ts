/** A user's day with a guest on a cluster, with bearer tokens: Service, console, stop, start, restart, and what is refused. */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { consolePath, seen } from "../../../cli/commands/console.ts";
import { administratorOf } from "../../../scripts/kubernetes/cluster.ts";
import { MINUTE, machine, patience, type ChartRig, type Count } from "../chart-rig.ts";

const PATIENCE_MILLISECONDS = 2 * MINUTE;

export function everydayUse(open: () => ChartRig): void {
  describe("a guest in everyday use", () => {
    const tokens = new Map<string, string>();
    let address = "";

    /** kubectl as an account of the default namespace. */
    const as = async (account: string, args: readonly string[]) => {
      const rig = open();
      const { cluster, directory } = rig;
      const file = join(directory, `${account}.kubeconfig`);
      const { ca } = await administratorOf(cluster);
      const entry = { "server": cluster.url, "certificate-authority-data": Buffer.from(ca).toString("base64") };
      const config = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{ name: "c", cluster: entry }],
        "users": [{ name: account, user: { token: tokens.get(account) } }],
        "contexts": [{ name: "c", context: { cluster: "c", user: account } }],
        "current-context": "c",
      };
      await writeFile(file, JSON.stringify(config), { mode: 0o600 });
      return rig.kubectl([...args, `--kubeconfig=${file}`]);
    };
    const ask = (account: string, verb: string) => {
      const path = `/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachines/web/${verb}`;
      return as(account, ["replace", "--raw", path, "-f", "/dev/null"]);
    };
    const anotherBoot = (before: Count) =>
      expect
        .poll(async () => (await open().counter(address)).boot, { timeout: PATIENCE_MILLISECONDS, interval: 1_000 })
        .not.toBe(before.boot);

    it("is reached through a Service from a pod on another node, in a namespace for restricted pods", async () => {
      const rig = open();
      for (const [account, role] of [
        ["viewer", "view"],
        ["editor", "edit"],
      ] as const) {
        await rig.must(["create", "serviceaccount", account]);
        await rig.must([
          "create",
          "rolebinding",
          account,
          `--clusterrole=${role}`,
          `--serviceaccount=default:${account}`,
        ]);
        tokens.set(account, await rig.must(["create", "token", account, "--duration=3h"]));
      }
      await rig.must(["label", "namespace", "default", "pod-security.kubernetes.io/enforce=restricted"]);
      // The client is on the last node.
      await rig.must(["cordon", rig.nodes.at(-1) ?? ""]);
      const readinessProbe = { httpGet: { path: "/counter", port: 80 }, periodSeconds: 1, failureThreshold: 2 };
      address = await rig.start(machine("web", () => ({ readinessProbe })));
      await rig.must(["uncordon", rig.nodes.at(-1) ?? ""]);
      expect(await rig.value("vmi", "web", ".status.nodeName")).toBe(rig.nodes[0]);
      expect((await rig.counter(address)).number).toBeGreaterThan(0);
    });

    it("is joined on its console by an editor's token; a viewer's is refused", async () => {
      const rig = open();
      const { cluster } = rig;
      const slices = ["get", "endpointslices", "-l", "kubernetes.io/service-name=web"];
      const isReady = () => rig.must([...slices, "-o", "jsonpath={.items[*].endpoints[*].conditions.ready}"]);
      const { ca } = await administratorOf(cluster);
      const connect = (account: string): WebSocket =>
        new WebSocket(
          cluster.url.replace("https", "wss") + consolePath("default", "web", true),
          ["plain.kubevirt.io"],
          {
            ca,
            headers: { authorization: `Bearer ${tokens.get(account)}` },
          },
        );
      const socket = connect("editor");
      try {
        await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
        socket.send(Buffer.from("\n"));
        socket.send(Buffer.from("echo $((6*7)) from $(hostname)\n"));
        await seen(socket, /42 from web/, MINUTE);
        // Its readiness probe fails then, and holds again.
        socket.send(Buffer.from("killall httpd\n"));
        await expect.poll(isReady, patience(MINUTE)).toBe("false");
        socket.send(Buffer.from("httpd -p 80 -h /www\n"));
        await expect.poll(isReady, patience(MINUTE)).toBe("true");
      } finally {
        socket.terminate();
      }
      const other = connect("viewer");
      const status = await new Promise((resolve) => {
        other.once("unexpected-response", (_request, response) => resolve(response.statusCode));
        other.once("open", () => resolve(101));
        other.once("error", () => undefined);
      });
      other.terminate();
      expect(status).toBe(403);
    });

    it("is stopped, started and restarted by an editor, and not by a viewer", async () => {
      const rig = open();
      const first = await rig.counter(address);
      const refused = await ask("viewer", "stop");
      expect([refused.code === 0, refused.complaint]).toEqual([false, expect.stringMatching(/forbidden|may not/i)]);
      expect((await ask("editor", "stop")).complaint).toBe("");
      await rig.until("vm", "web", ".status.printableStatus", /^Stopped$/);
      // The pod goes behind its guest's end.
      await expect.poll(() => rig.podOf("web"), patience(MINUTE)).toBe("");
      expect((await ask("editor", "start")).complaint).toBe("");
      await rig.until("vm", "web", ".status.printableStatus", /^Running$/);
      await anotherBoot(first);
      const second = await rig.counter(address);
      expect((await ask("editor", "restart")).complaint).toBe("");
      await anotherBoot(second);
      await rig.until("vm", "web", ".status.printableStatus", /^Running$/);
    });

    it("stops in order when its pod is deleted, and starts again as it is to", async () => {
      const rig = open();
      const before = await rig.counter(address);
      await rig.must(["delete", "pod", "-l", "kubevirt.io/vm=web", "--wait=false"]);
      await anotherBoot(before);
      await rig.until("vm", "web", ".status.printableStatus", /^Running$/);
    });

    it("is ended when its liveness probe fails, and is not taken for dead before", async () => {
      const rig = open();
      // Nothing listens there.
      const livenessProbe = { tcpSocket: { port: 81 }, initialDelaySeconds: 8, periodSeconds: 1, failureThreshold: 2 };
      // Its pod's grace follows from it, and the kubelet takes that.
      const { spec, ...mortal } = machine("mortal", () => ({ livenessProbe, terminationGracePeriodSeconds: 1 }));
      await rig.must(["create", "-f", "-"], JSON.stringify({ ...mortal, spec: { ...spec, runStrategy: "Once" } }));
      await rig.until("vmi", "mortal", ".status.phase", /^Running$/);
      await rig.until("vmi", "mortal", ".status.phase", /^(Failed|Succeeded)$/);
      const why = await rig.value("vmi", "mortal", ".status.reason");
      console.error(`a guest whose liveness probe fails: ${why}`);
      const events = ["get", "events", "--field-selector=reason=Unhealthy", "-o", "jsonpath={.items[*].message}"];
      expect(await rig.must(events)).toContain("Liveness probe failed");
      await rig.must(["delete", "vm", "mortal", "--timeout=100s"]);
    });

    it("is told why there is no place for it, and what a quota and a LimitRange have against it", async () => {
      const rig = open();
      const said = '.status.conditions[?(@.type=="PodScheduled")].message';
      const large = machine("large", ({ domain }) => ({ domain: { ...domain, memory: { guest: "900Gi" } } }));
      await rig.must(["create", "-f", "-"], JSON.stringify(large));
      for (const kind of ["vmi", "vm"]) await rig.until(kind, "large", said, /Insufficient memory/);
      expect(await rig.value("vm", "large", ".status.printableStatus")).toBe("ErrorUnschedulable");
      await rig.must(["create", "quota", "small", "--hard=requests.memory=1Mi"]);
      await rig.must(["create", "-f", "-"], JSON.stringify(machine("refused")));
      for (const kind of ["vmi", "vm"]) await rig.until(kind, "refused", said, /exceeded quota: small/);
      expect(await rig.value("vm", "refused", ".status.printableStatus")).toBe("Starting");
      const tight = { limits: [{ type: "Container", max: { memory: "1Mi" } }] };
      const range = { apiVersion: "v1", kind: "LimitRange", metadata: { name: "tight" }, spec: tight };
      await rig.must(["create", "-f", "-"], JSON.stringify(range));
      await rig.must(["delete", "quota", "small"]);
      for (const kind of ["vmi", "vm"]) await rig.until(kind, "refused", said, /memory limit of 1Mi/);
      await rig.must(["delete", "limitrange", "tight"]);
      await rig.until("vm", "refused", ".status.printableStatus", /^Running$/);
      await rig.must(["delete", "vm", "large", "refused", "--timeout=100s"]);
      expect(await rig.must(["get", "vmi", "large", "refused", "--ignore-not-found", "-o", "name"])).toBe("");
    });
  });
}
