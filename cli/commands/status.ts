/** `virtive status`: the local instance at a glance. Exit code 3 when it does not run. */
import { instanceAt, runningProcess } from "#local/instance.ts";
import { conditionOf } from "#api/object.ts";
import type { Node } from "#api/core.ts";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import { Client } from "../client.ts";
import { EXIT } from "../exit.ts";

interface List<T> {
  readonly items: readonly T[];
}

export async function status(state: string, output: "text" | "json", print: (text: string) => void): Promise<number> {
  const instance = instanceAt(state);
  const record = await runningProcess(instance);
  if (record?.url === undefined) {
    const word = record === undefined ? "stopped" : "starting";
    print(
      output === "json"
        ? JSON.stringify({ state: word, directory: instance.directory })
        : `${word} (${instance.directory})`,
    );
    return EXIT.unavailable;
  }
  const client = await Client.open(instance.paths.kubeconfig);
  const nodes = (await client.send<List<Node>>("GET", "/api/v1/nodes")).items;
  const vms = (await client.send<List<VirtualMachine>>("GET", "/apis/kubevirt.io/v1/virtualmachines")).items;
  if (output === "json") {
    print(
      JSON.stringify({
        state: "running",
        pid: record.pid,
        url: record.url,
        directory: instance.directory,
        kubeconfig: instance.paths.kubeconfig,
        nodes: nodes.map((node) => ({ name: node.metadata.name, ready: isReady(node) })),
        virtualMachines: vms.map((vm) => ({
          namespace: vm.metadata.namespace,
          name: vm.metadata.name,
          status: vm.status?.printableStatus,
        })),
      }),
    );
    return EXIT.ok;
  }
  print(`running: process ${record.pid}, ${record.url}`);
  print(`state:   ${instance.directory}`);
  print(`KUBECONFIG=${instance.paths.kubeconfig}`);
  for (const node of nodes) print(`node ${node.metadata.name}: ${isReady(node) ? "ready" : "not ready"}`);
  for (const vm of vms) {
    print(`vm ${vm.metadata.namespace}/${vm.metadata.name}: ${vm.status?.printableStatus ?? "no status yet"}`);
  }
  return EXIT.ok;
}

function isReady(node: Node): boolean {
  return conditionOf(node, "Ready")?.status === "True";
}
