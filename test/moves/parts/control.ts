/** The control plane of the local shape as a process of its own, with the kubelet's part. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { defaultDelivery } from "#functions/dispatcher.ts";
import { startControlPlane } from "#local/control-plane.ts";
import { openInstance } from "#local/instance.ts";
import { runKubelet } from "#local/kubelet.ts";
import { openPki } from "#local/pki.ts";
import { logTo } from "./log.ts";
import { linkToTest, optionsOf } from "./link.ts";

export interface ControlOptions {
  readonly directory: string;
  /** Of the API. */
  readonly port: number;
  readonly nodes: readonly string[];
}

const { directory, port, nodes } = optionsOf<ControlOptions>();
const test = linkToTest({});
const instance = await openInstance(directory);
const pki = await openPki(instance.paths.pki);
const control = await startControlPlane({ instance, pki, port, log: logTo(instance.paths.log, "control") });
runKubelet({
  nodes: new Set(nodes),
  network: {
    ensure: (podUID, heirOf) => test.ask<{ podIP: string }>("ensure", { podUID, heirOf }),
    end: (podUID) => test.ask("end", podUID),
  },
  inUse,
  reader: control.reader,
  cluster: control.cluster,
  broker: control.broker,
  delivery: defaultDelivery,
  now: () => new Date(),
});
await control.run();
await test.ask("ready", { ingressURL: control.ingressURL });

/** As the node has written it down: its runtime may be away. */
function inUse(node: string, podUID: string): boolean {
  const machines = join(instance.paths.runtime(node), "machines");
  try {
    return readdirSync(machines).some((uid) => {
      const record = JSON.parse(readFileSync(join(machines, uid, "record.json"), "utf8")) as {
        readonly order: { readonly anchor: { readonly podUID: string } };
        readonly stoppedAt?: string;
      };
      return record.stoppedAt === undefined && record.order.anchor.podUID === podUID;
    });
  } catch {
    return false; // no machines yet, or one was forgotten in this moment
  }
}
