/** What an installation has around it: its images, what it tells whoever measures it, its place at the API server. */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { buildImages } from "../../../scripts/image/images.ts";
import { CHART } from "../../../scripts/manifests.ts";
import { NAMESPACE, VERSION, type ChartRig } from "../chart-rig.ts";

interface ControlPod {
  readonly metadata: { readonly name: string };
  readonly spec: { readonly nodeName: string };
  readonly status: { readonly podIP: string };
}

export function surroundings(open: () => ChartRig): void {
  describe("around it", () => {
    it("its images are built to the same bytes again", async () => {
      const again = await mkdtemp(join(tmpdir(), "virtive-again-"));
      try {
        const names = ["control", "anchor"] as const;
        const of = { names, repository: "virtive", tag: VERSION, directory: again, say: () => undefined };
        const digest = async (file: string): Promise<string> =>
          createHash("sha256")
            .update(await readFile(file))
            .digest("hex");
        for (const file of (await buildImages(of)).values()) {
          expect(await digest(file)).toBe(await digest(join(open().directory, file.slice(again.length + 1))));
        }
      } finally {
        await rm(again, { recursive: true });
      }
    });

    it("is measured as its ServiceMonitor says, and its dashboard shows what is told", async () => {
      const rig = open();
      const bundle = join(rig.directory, "ca.crt");
      const ca = ["get", "configmap", "virtive-ca", "-n", NAMESPACE, "-o", "jsonpath={.data.ca\\.crt}"];
      await writeFile(bundle, await rig.must(ca));
      const selector = "app.kubernetes.io/component=control";
      const { items } = await rig.json<{ readonly items: readonly ControlPod[] }>([
        ...["get", "pods", "-n", NAMESPACE, "-l", selector],
      ]);
      expect(items).toHaveLength(2);
      const host = `virtive-control.${NAMESPACE}.svc`;
      const told = await Promise.all(
        items.map(({ spec, status }) => {
          const where = ["--resolve", `${host}:8443:${status.podIP}`, "--cacert", bundle];
          return rig.onNode(spec.nodeName, ["curl", "-sf", ...where, `https://${host}:8443/metrics`]);
        }),
      );
      const text = told.join("");
      expect(text.match(/^virtive_leader 1$/gm)).toHaveLength(1);
      const dashboard = await readFile(join(CHART, "files/dashboard.json"), "utf8");
      const shown = new Set(dashboard.match(/\b(virtive|process|nodejs)_[a-z_]+/g));
      expect(shown.size).toBeGreaterThan(5);
      // What has not happened has no sample yet.
      const counted = new Set(text.match(/^# TYPE \S+/gm)?.map((line) => line.slice("# TYPE ".length)));
      // Names of several begin alike: virtive_deliveries_(waiting|running).
      const isTold = (name: string) =>
        counted.has(name) || (name.endsWith("_") && [...counted].some((one) => one.startsWith(name)));
      expect([...shown].filter((name) => !isTold(name))).toEqual([]);
    });

    it("its nodes are labelled with what guests can have there", async () => {
      const rig = open();
      const { items } = await rig.json<{
        readonly items: readonly { readonly metadata: { readonly labels: object } }[];
      }>([...["get", "nodes"]]);
      for (const { metadata } of items) {
        const names = Object.keys(metadata.labels);
        expect(metadata.labels).toMatchObject({
          "virtive.dev/accelerator": expect.stringMatching(/^(kvm|tcg)$/) as unknown,
          "cpu-model.node.kubevirt.io/qemu64": "true",
        });
        expect(names.filter((name) => name.startsWith("host-model-cpu.node.kubevirt.io/"))).toHaveLength(1);
        expect(names.filter((name) => name.startsWith("cpu-feature.node.kubevirt.io/")).length).toBeGreaterThan(5);
      }
    });

    it("its requests have their own place at the API server", async () => {
      const text = await open().must(["get", "--raw", "/metrics"]);
      const dispatched = /^apiserver_flowcontrol_dispatched_requests_total\{flow_schema="virtive",[^}]*\} (\d+)/m;
      expect(Number(dispatched.exec(text)?.[1] ?? 0)).toBeGreaterThan(10);
    });
  });
}
