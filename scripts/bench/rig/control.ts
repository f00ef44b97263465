/** The rig's control plane: the real one, with the kubelet's part played for modelled nodes. */
import { createHash } from "node:crypto";
import { Node } from "#api/core.ts";
import { silentLog } from "#events/log.ts";
import { defaultDelivery } from "#functions/dispatcher.ts";
import { RUNTIME_READY } from "#functions/machine-facts.ts";
import { startControlPlane } from "#local/control-plane.ts";
import { openInstance } from "#local/instance.ts";
import { runKubelet } from "#local/kubelet.ts";
import { openPki } from "#local/pki.ts";
import type { ControlOptions, Counts } from "./messages.ts";
import { optionsOf, serve } from "./serve.ts";

const { directory, nodes } = optionsOf<ControlOptions>();
const instance = await openInstance(directory);
const pki = await openPki(instance.paths.pki);
const log = {
  ...silentLog,
  error: (fields: object, message: string) => console.error(message, JSON.stringify(fields).slice(0, 300)),
};
const control = await startControlPlane({ instance, pki, port: 0, log });
const { api, broker, cluster, reader, ingressURL } = control;
runKubelet({
  nodes: new Set(nodes),
  // Addresses only: no guest of the model sends a packet.
  network: { ensure: async (podUID) => ({ podIP: addressOf(podUID) }), end: async () => undefined },
  inUse: () => false,
  reader,
  cluster,
  broker,
  delivery: defaultDelivery,
  now: () => new Date(),
});
serve({ ingressURL }, { counts, run }, () => control.close());

/** What exists is told from now on: when the nodes have been heard, as after a restart of the control plane alone. */
async function run(): Promise<null> {
  const heard = async (): Promise<boolean> => {
    const there = new Map((await cluster.list(Node)).map((node) => [node.metadata.name, node]));
    return nodes.every((name) => {
      const runtime = there.get(name)?.status?.conditions?.find(({ type }) => type === RUNTIME_READY);
      // Written down in whole seconds.
      return Date.parse(runtime?.lastHeartbeatTime ?? "") > performance.timeOrigin - 1000;
    });
  };
  while (!(await heard())) await new Promise((resolve) => setTimeout(resolve, 100));
  await control.run();
  return null;
}

function counts(): Counts {
  const { published, waiting, running, pausing, triggers } = broker.metrics();
  const entries = Object.entries(triggers);
  return {
    writes: api.writes(),
    published,
    unfinished: waiting + running + pausing,
    runs: Object.fromEntries(entries.map(([name, { delivered, retried }]) => [name, delivered + retried])),
    milliseconds: Object.fromEntries(entries.map(([name, { milliseconds }]) => [name, milliseconds])),
  };
}

function addressOf(podUID: string): string {
  const [one = 0, two = 0, three = 0] = createHash("sha256").update(podUID).digest();
  return `10.${one}.${two}.${three}`;
}
