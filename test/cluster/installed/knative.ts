/**
 * The release changes its shape to Knative under a running guest, real guests live there, and it changes back: with Knative's own
 * ingress, channel and filter between control and the functions' image, and tokens on every way.
 */
import { afterAll, describe, expect, it } from "vitest";
import { WebSocket } from "ws";
import { consolePath, seen } from "../../../cli/commands/console.ts";
import { administratorOf } from "../../../scripts/kubernetes/cluster.ts";
import { CHART } from "../../../scripts/manifests.ts";
import { MINUTE, NAMESPACE, machine, patience, type ChartRig, type Count } from "../chart-rig.ts";
import { callsAbout, writesIn } from "../knative/audit.ts";
import { SYSTEM } from "../knative/objects.ts";
import { installKnative, KNATIVE_KINDS, removeKnative, standIn, unbindControl } from "../knative/on-cluster.ts";
import { nodesHaveTheirsOfIt, successorSigns } from "./certificates.ts";
import { takesOrders } from "./orders.ts";

const HOSTS = ["-n", NAMESPACE, "-l", "app.kubernetes.io/component=function"];
/** One host with all functions, as on a small cluster; a host each is in knative.test.ts. */
const VALUES = ["shape=knative", "knative.functions.services=one", "knative.oidc.enabled=true"];

/** `web` of everyday.ts runs, and goes on to. */
export function knativeShape(open: () => ChartRig): void {
  describe("behind Knative's broker", { timeout: 6 * MINUTE }, () => {
    let address = "";
    let web: Count;
    let watching: ReturnType<ChartRig["watch"]> | undefined;
    afterAll(async () => {
      await watching?.stop();
    });

    const addressOfWeb = (): Promise<string> => open().value("service", "web", ".spec.clusterIP");
    const controlReady = async (): Promise<void> => {
      const rig = open();
      await rig.must(["rollout", "status", "deployment/virtive-control", "-n", NAMESPACE, "--timeout=110s"]);
    };
    const goesOn = async (): Promise<void> => {
      const after = await open().counter(await addressOfWeb());
      expect(after.boot).toBe(web.boot);
      expect(after.number).toBeGreaterThan(web.number);
      web = after;
    };
    const ask = (name: string, verb: string) => {
      const path = `/apis/subresources.kubevirt.io/v1/namespaces/default/virtualmachines/${name}/${verb}`;
      return open().must(["replace", "--raw", path, "-f", "/dev/null"]);
    };
    const anotherBoot = (before: Count) =>
      expect.poll(async () => (await open().counter(address)).boot, patience(2 * MINUTE)).not.toBe(before.boot);

    it("an upgrade takes the functions out of control, under a running guest", async () => {
      const rig = open();
      web = await rig.counter(await addressOfWeb());
      watching = rig.watch(await addressOfWeb());
      await installKnative(rig);
      await rig.release("upgrade", CHART, ...VALUES.flatMap((one) => ["--set", one]));
      await standIn(rig);
      await controlReady();
      await rig.must(["rollout", "status", "deployment/virtive-functions", "-n", NAMESPACE, "--timeout=110s"]);
      await takesOrders(rig, "web");
      await goesOn();
    });

    it("a machine that kubectl applied boots, though the functions' host is killed meanwhile", async () => {
      const rig = open();
      const vm = machine("behind", () => ({ evictionStrategy: "LiveMigrate" }));
      const started = rig.start(vm);
      await rig.until("vmi", "behind", ".status.phase", /^(Scheduling|Scheduled|Running)$/);
      const node = await rig.must(["get", "pod", ...HOSTS, "-o", "jsonpath={.items[0].spec.nodeName}"]);
      const pid = (await rig.onNode(node, ["pgrep", "-f", "dist/functions"])).trim();
      expect(pid).toMatch(/^\d+$/);
      await rig.onNode(node, ["kill", "-9", pid]);
      address = await started;
      const calls = await callsAbout(rig.audit, "behind");
      console.error(
        `calls of ours for a start behind Knative: ${JSON.stringify(Object.fromEntries([...calls].sort()))}`,
      );
      const of = (resource: string): number =>
        writesIn(calls)
          .filter(([call]) => call.endsWith(` ${resource}`))
          .reduce((sum, [, count]) => sum + count, 0);
      expect(of("virtualmachineinstances/status")).toBeLessThanOrEqual(3);
      expect(of("virtualmachineinstances")).toBe(1);
      expect(of("virtualmachines/status")).toBeLessThanOrEqual(2);
      expect(of("pods")).toBe(1);
      expect(writesIn(calls).filter(([call]) => call.startsWith("control "))).toEqual([]);
    });

    it("it is joined on its console, paused, restarted, stopped and started", async () => {
      const rig = open();
      const { cluster } = rig;
      const url = cluster.url.replace("https", "wss") + consolePath("default", "behind", true);
      const socket = new WebSocket(url, ["plain.kubevirt.io"], await administratorOf(cluster));
      try {
        await new Promise((resolve, reject) => socket.once("open", resolve).once("error", reject));
        socket.send(Buffer.from("\n"));
        socket.send(Buffer.from("echo $((6*7)) from $(hostname)\n"));
        await seen(socket, /42 from behind/, MINUTE);
      } finally {
        socket.terminate();
      }
      const first = await rig.counter(address);
      await takesOrders(rig, "behind");
      expect((await rig.counter(address)).boot).toBe(first.boot);
      await ask("behind", "restart");
      await anotherBoot(first);
      await rig.until("vm", "behind", ".status.printableStatus", /^Running$/);
      const second = await rig.counter(address);
      await ask("behind", "stop");
      await rig.until("vm", "behind", ".status.printableStatus", /^Stopped$/);
      await expect.poll(() => rig.podOf("behind"), patience(MINUTE)).toBe("");
      await ask("behind", "start");
      await anotherBoot(second);
    });

    successorSigns(open);

    it("it leaves its node by kubectl drain", async () => {
      const rig = open();
      const before = await rig.counter(address);
      const from = await rig.value("vmi", "behind", ".status.nodeName");
      await rig.until("vmi", "behind", '.status.conditions[?(@.type=="LiveMigratable")].status', /^True$/);
      await rig.must(["drain", from, "--pod-selector=kubevirt.io/vm=behind", "--timeout=3m"]);
      await rig.must(["uncordon", from]);
      expect(await rig.value("vmi", "behind", ".status.nodeName")).not.toBe(from);
      const after = await rig.counter(address);
      expect(after.boot).toBe(before.boot);
      expect(after.number).toBeGreaterThan(before.number);
    });

    it("it is deleted with all of its, and no event was given up", async () => {
      const rig = open();
      await rig.must(["delete", "vm,service", "behind", "--timeout=100s"]);
      const left = () => rig.must(["get", "vmi,vmim,pods", "-o", "name"]);
      await expect.poll(left, patience(MINUTE)).not.toMatch(/\bbehind\b|-behind-/);
      const logs = ["logs", ...HOSTS, "--tail=-1"];
      const told = (await rig.must(logs)) + (await rig.must([...logs, "--previous"]));
      expect(told.split("\n").filter((line) => line.includes("a dead letter"))).toEqual([]);
      // Nor was one on its way there while the host was away.
      const filter = await rig.must(["logs", "-n", SYSTEM, "deployment/eventing", "-c", "filter", "--tail=-1"]);
      expect(filter.split("\n").filter((line) => line.includes("sending to dls"))).toEqual([]);
      await goesOn();
    });

    nodesHaveTheirsOfIt(open);

    it("an upgrade brings the functions back into control, and nothing of Knative is left", async () => {
      const rig = open();
      await rig.release("upgrade", CHART);
      await unbindControl(rig);
      await controlReady();
      const left = () =>
        rig.must(["get", `${KNATIVE_KINDS},secrets,serviceaccounts,pods`, "-n", NAMESPACE, "-o", "name"]);
      await expect.poll(left, patience(MINUTE)).not.toMatch(/knative|function|trigger|subscription|oidc/);
      await removeKnative(rig);
      await takesOrders(rig, "web");
      await goesOn();
      const { answers, failed, longestGapMilliseconds } = (await watching?.stop()) ?? { answers: [] };
      watching = undefined;
      console.error(
        `to Knative and back: ${answers.length} answers, ${failed} failed, longest gap ${longestGapMilliseconds} ms`,
      );
      expect(new Set(answers.map(({ boot }) => boot))).toEqual(new Set([web.boot]));
    });
  });
}
