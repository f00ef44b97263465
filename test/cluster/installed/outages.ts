/** What ends around a running guest, and does not end it: its node's runtime, an upgrade, control, the API server. */
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { asAdministrator } from "../../../scripts/kubernetes/api.ts";
import { ensureKube } from "../../../scripts/kubernetes/build.ts";
import { administratorOf } from "../../../scripts/kubernetes/cluster.ts";
import { restartApiServer } from "../../../scripts/kubernetes/control-plane.ts";
import { CHART } from "../../../scripts/manifests.ts";
import { MINUTE, NAMESPACE, patience, VERSION, type ChartRig } from "../chart-rig.ts";
import { takesOrders } from "./orders.ts";

const NEXT = "0.1.1";
const IMAGES = ["control", "node", "anchor"];
/** Of instances, in the next version's definition. */
const NEW_FIELD = "fieldOfTheNextVersion";

/** The chart as a later version might be: with another number, so other images, and a definition with one more field. */
async function nextChart(directory: string): Promise<string> {
  const chart = join(directory, "next-chart");
  await cp(CHART, chart, { recursive: true });
  const change = async (file: string, to: (text: string) => string): Promise<void> =>
    writeFile(join(chart, file), to(await readFile(join(chart, file), "utf8")));
  await change("Chart.yaml", (text) => text.replaceAll(VERSION, NEXT));
  const definitions = await readdir(join(chart, "files/crds"));
  const instances = definitions.find((name) => name === "virtualmachineinstances.yaml") ?? "";
  await change(join("files/crds", instances), (text) => {
    const definition = parse(text) as CustomResourceDefinition;
    for (const { schema } of definition.spec.versions) {
      const { spec } = schema?.openAPIV3Schema.properties as { readonly spec: { properties: Record<string, unknown> } };
      spec.properties[NEW_FIELD] = { type: "string" };
    }
    return JSON.stringify(definition);
  });
  return chart;
}

/** `web` of everyday.ts runs on the first node. */
export function outages(open: () => ChartRig): void {
  describe("a guest goes on", { timeout: 6 * MINUTE }, () => {
    const rolledOut = async (what: string): Promise<void> => {
      const said = await open().must(["rollout", "status", what, "-n", NAMESPACE, "--timeout=110s"]);
      expect(said).toContain("successfully rolled out");
    };

    /** The same boot all the while, and its memory went on; then it is paused and unpaused: orders get through. */
    async function during(happens: () => Promise<void>): Promise<void> {
      const rig = open();
      const address = await rig.value("service", "web", ".spec.clusterIP");
      const before = await rig.counter(address);
      const client = rig.watch(address);
      await happens();
      await takesOrders(rig, "web");
      const after = await rig.counter(address);
      const { answers, failed, longestGapMilliseconds } = await client.stop();
      console.error(
        `${answers.length} answers, ${failed} failed, longest gap ${longestGapMilliseconds} ms (a pause in it)`,
      );
      expect(new Set(answers.map(({ boot }) => boot))).toEqual(new Set([before.boot]));
      expect(after.boot).toBe(before.boot);
      expect(after.number).toBeGreaterThan(before.number);
      await rig.until("vm", "web", ".status.printableStatus", /^Running$/);
    }

    it("while its node's runtime is killed with its libvirtd", async () => {
      const rig = open();
      const node = rig.nodes[0] ?? "";
      await during(async () => {
        const runtime = async (): Promise<string> => (await rig.onNode(node, ["pgrep", "-f", "dist/node/main"])).trim();
        const pid = await runtime();
        expect(pid).toMatch(/^\d+$/);
        await rig.onNode(node, ["kill", "-9", pid]);
        await expect.poll(() => runtime().catch(() => ""), patience(2 * MINUTE)).toMatch(/^\d+$/);
        expect(await runtime()).not.toBe(pid);
      });
    });

    it("while all of Virtive is upgraded to other images", async () => {
      const rig = open();
      for (const node of rig.nodes) {
        for (const image of IMAGES) {
          const name = `docker.io/virtive/${image}`;
          await rig.onNode(node, ["ctr", "-n", "k8s.io", "images", "tag", `${name}:${VERSION}`, `${name}:${NEXT}`]);
        }
      }
      const chart = await nextChart(rig.directory);
      await during(async () => {
        await rig.release("upgrade", chart, "--set", "control.logLevel=debug");
        await rolledOut("deployment/virtive-control");
        await rolledOut("daemonset/virtive-node");
        const used = ["get", "pods", "-n", NAMESPACE, "-o", "jsonpath={.items[*].spec.containers[*].image}"];
        await expect.poll(() => rig.must(used), patience(MINUTE)).not.toContain(`:${VERSION}`);
      });
      const schema = "{.spec.versions[?(@.name=='v1')].schema.openAPIV3Schema";
      const definition = ["get", "crd", "virtualmachineinstances.kubevirt.io"];
      expect(
        await rig.must([...definition, "-o", `jsonpath=${schema}.properties.spec.properties.${NEW_FIELD}.type}`]),
      ).toBe("string");
    });

    it("while control is killed, all of it", async () => {
      const rig = open();
      await during(async () => {
        const selector = "app.kubernetes.io/component=control";
        await rig.must(["delete", "pod", "-n", NAMESPACE, "-l", selector, "--force", "--grace-period=0"]);
        await rolledOut("deployment/virtive-control");
      });
    });

    it("while the API server is killed and comes back", async () => {
      const { cluster } = open();
      const ask = asAdministrator(cluster, await administratorOf(cluster));
      const programs = await ensureKube(() => undefined);
      await during(() => restartApiServer(cluster, { programs, ask }));
    });

    it("and its node has renewed its certificate more than once by then", async () => {
      const rig = open();
      const pods = ["get", "pods", "-n", NAMESPACE, "-l", "app.kubernetes.io/component=node", "-o", "name"];
      for (const pod of (await rig.must(pods)).split("\n")) {
        const joined = async (): Promise<number> =>
          (await rig.must(["logs", "-n", NAMESPACE, pod])).split("the node has joined").length - 1;
        await expect.poll(joined, patience(2 * MINUTE)).toBeGreaterThan(1);
      }
      await rig.must(["delete", "vm,service", "web", "--timeout=100s"]);
    });
  });
}
