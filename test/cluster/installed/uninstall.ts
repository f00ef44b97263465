/** The end: nothing of Virtive is left on the cluster and its nodes, with a guest running on each, with control and without it. */
import { describe, expect, it } from "vitest";
import { outputOf } from "#node-runtime/host/command.ts";
import { asYaml, manifests } from "../../../scripts/manifests.ts";
import { MINUTE, NAMESPACE, SETTINGS, machine, patience, type ChartRig } from "../chart-rig.ts";

/** What is looked at on a node. The pod network's bridge and tables stay behind its first pod; other mounts are the machine's. */
const ON_A_NODE = `
  for name in qemu-system libvirtd virtlogd dnsmasq virtive-anchor; do pgrep -a "$name"; done
  pgrep -af dist/node/main | grep -v pgrep
  ip -o link | sed -E 's/^[0-9]+: ([^:@]+).*/link \\1/' | grep -v 'link cni0'
  ls /run/netns | sed 's/^/network namespace /'
  awk '$2 ~ /virtive|kubelet\\/pods/ { print "mount " $2 }' /proc/self/mounts
  nft list tables | grep virtive
  find /sys/fs/cgroup -type d -path '*/pod*/vm'
  true`;

const IN_THE_CLUSTER = [
  "customresourcedefinitions,apiservices,priorityclasses,clusterroles,clusterrolebindings",
  "mutatingwebhookconfigurations,validatingwebhookconfigurations",
  "validatingadmissionpolicies,validatingadmissionpolicybindings,flowschemas,prioritylevelconfigurations",
].join(",");
const IN_THE_NAMESPACE = [
  "pods,services,deployments,daemonsets,replicasets,jobs,secrets,configmaps,leases",
  "serviceaccounts,roles,rolebindings,networkpolicies,poddisruptionbudgets",
].join(",");
const OURS = /virtive|kubevirt/;

interface MarkedNode {
  readonly metadata: { readonly name: string; readonly labels?: object; readonly annotations?: object };
  readonly status: { readonly conditions: readonly { readonly type: string }[] };
}

/** Whatever an installation could leave, a line each. Before it there are some of these already. */
export async function traces(rig: ChartRig): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const node of rig.nodes) {
    const found = (await rig.onNode(node, ["sh", "-c", ON_A_NODE])).trim().split("\n");
    lines.push(...found.map((line) => `${node}: ${line}`));
  }
  const named = await rig.must(["get", IN_THE_CLUSTER, "-o", "name"]);
  lines.push(...named.split("\n").filter((line) => OURS.test(line)));
  const inside = await rig.must(["get", IN_THE_NAMESPACE, "-n", NAMESPACE, "-o", "name", "--ignore-not-found"]);
  // A namespace that is there has these.
  lines.push(
    ...inside.split("\n").filter((line) => line !== "" && !/kube-root-ca\.crt|serviceaccount\/default/.test(line)),
  );
  lines.push(...(await rig.must(["get", "pods", "-A", "-l", "kubevirt.io", "-o", "name"])).split("\n"));
  const { items } = await rig.json<{ readonly items: readonly MarkedNode[] }>(["get", "nodes"]);
  for (const { metadata, status } of items) {
    const marks = [...Object.keys({ ...metadata.labels, ...metadata.annotations }).filter((name) => OURS.test(name))];
    const conditions = status.conditions.map(({ type }) => type);
    lines.push(...[...marks, ...conditions].map((mark) => `${metadata.name} is marked ${mark}`));
  }
  return lines.filter((line) => line !== "").sort();
}

export function uninstallation(open: () => ChartRig, before: () => readonly string[]): void {
  describe("an uninstallation, with a guest running on each node", { timeout: 8 * MINUTE }, () => {
    const guests = async (): Promise<void> => {
      const rig = open();
      const names = rig.nodes.map((_, index) => `last${index}`);
      for (const [index, name] of names.entries()) {
        const nodeSelector = { "kubernetes.io/hostname": rig.nodes[index] ?? "" };
        await rig.must(["create", "-f", "-"], JSON.stringify(machine(name, () => ({ nodeSelector }))));
      }
      for (const name of names) await rig.until("vm", name, ".status.printableStatus", /^Running$/, 3 * MINUTE);
      for (const node of rig.nodes) expect(await rig.onNode(node, ["pgrep", "-f", "guest=default_last"])).not.toBe("");
    };
    const removed = async (by: () => Promise<unknown>): Promise<void> => {
      const began = Date.now();
      await by();
      console.error(`uninstalled in ${Math.round((Date.now() - began) / 1000)} s`);
      // Its pods end behind it.
      await expect.poll(() => traces(open()), patience(MINUTE)).toEqual(before());
    };

    it("leaves nothing", async () => {
      await guests();
      await removed(() => open().release("uninstall", "--timeout=3m"));
    });

    it("leaves nothing of plain manifests, when control is gone already", async () => {
      const rig = open();
      const text = asYaml(await manifests({ namespace: NAMESPACE, set: SETTINGS }));
      await rig.must(["apply", "--server-side", "-f", "-"], text);
      await rig.must(["rollout", "status", "deployment/virtive-control", "-n", NAMESPACE, "--timeout=100s"]);
      await expect.poll(() => rig.schedulable(), patience(2 * MINUTE)).toBe(rig.nodes.join(" "));
      await guests();
      const gone = ["--cascade=foreground", "--timeout=100s"];
      await rig.must(["delete", "deployment", "virtive-control", "-n", NAMESPACE, ...gone]);
      await removed(async () => {
        const words = ["--namespace", NAMESPACE, "--strategy", "RemoveWorkloads", "--timeout", "15"];
        const command = ["env", `KUBECONFIG=${rig.cluster.kubeconfig}`, "bash", "scripts/uninstall", ...words];
        await outputOf(command, 2 * MINUTE);
        await rig.must(["delete", "--ignore-not-found", "--timeout=100s", "-f", "-"], text);
      });
    });
  });
}
