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
      address = await rig.start(machine("web"));
      await rig.must(["uncordon", rig.nodes.at(-1) ?? ""]);
      expect(await rig.value("vmi", "web", ".status.nodeName")).toBe(rig.nodes[0]);
      expect((await rig.counter(address)).number).toBeGreaterThan(0);
    });

    it("is joined on its console by an editor's token; a viewer's is refused", async () => {
      const { cluster } = open();
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

    it("is told why there is no place for it, and what a quota has against it", async () => {
      const rig = open();
      const said = '.status.conditions[?(@.type=="PodScheduled")].message';
      const large = machine("large", ({ domain }) => ({ domain: { ...domain, memory: { guest: "900Gi" } } }));
      await rig.must(["create", "-f", "-"], JSON.stringify(large));
      for (const kind of ["vmi", "vm"]) await rig.until(kind, "large", said, /Insufficient memory/);
      expect(await rig.value("vm", "large", ".status.printableStatus")).toBe("ErrorUnschedulable");
      await rig.must(["create", "quota", "small", "--hard=requests.memory=1Mi"]);
      await rig.must(["create", "-f", "-"], JSON.stringify(machine("refused")));
      for (const kind of ["vmi", "vm"]) await rig.until(kind, "refused", said, /exceeded quota: small/);
      await rig.must(["delete", "quota", "small"]);
      await rig.until("vm", "refused", ".status.printableStatus", /^Running$/);
      await rig.must(["delete", "vm", "large", "refused", "--timeout=100s"]);
      expect(await rig.must(["get", "vmi", "large", "refused", "--ignore-not-found", "-o", "name"])).toBe("");
    });
  });
}
