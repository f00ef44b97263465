/**
 * The local shape: control plane and nodes in one process, by the same code as on a cluster. Starts in an order that
 * lets each part wait for nothing it does not need; ends so that guests go on.
 */
import type { Log } from "#events/log.ts";
import { defaultDelivery } from "#functions/dispatcher.ts";
import { runClaims } from "./claims.ts";
import { startControlPlane } from "./control-plane.ts";
import { lock, type Instance } from "./instance.ts";
import { runKubelet } from "./kubelet.ts";
import { startNodes, type LocalNodes } from "./nodes.ts";
import { openPki } from "./pki.ts";
import { orUndo } from "#events/undo.ts";
import type { ApiServer } from "./apiserver/server.ts";

export interface LocalOptions {
  readonly instance: Instance;
  /** How many nodes; they are named node-1, node-2, … */
  readonly nodes: number;
  /** Of the API, on loopback; 0: any free one. */
  readonly port: number;
  readonly log: Log;
  /** Guests move through TLS, as between machines, not over a socket. */
  readonly tunnels?: boolean;
  /** Told what has come up, a line each. */
  readonly progress: (line: string) => void;
}

export interface Local {
  readonly api: ApiServer;
  readonly nodes: LocalNodes;
  /** Ends the process's part. Guests go on and are found by the next start. */
  close(): Promise<void>;
}

/** @throws Fault refused AlreadyRunning when another process runs the instance; what a part can't do here */
export async function startLocal(options: LocalOptions): Promise<Local> {
  const { instance, log, progress } = options;
  const held = await lock(instance);
  return orUndo(async (undo) => {
    undo.add(() => held.release());
    const pki = await openPki(instance.paths.pki);
    const names = Array.from({ length: options.nodes }, (_, index) => `node-${index + 1}`);
    const here: { nodes?: LocalNodes } = {};
    const control = startControlPlane({
      instance,
      pki,
      port: options.port,
      here: (node) => here.nodes?.runtimes.get(node),
      log,
    });
    // Nodes take the longest: they start beside the control plane and ask for it only when they report.
    control.catch(() => undefined); // told below; the nodes ask for it only once they are up
    const { tunnels } = options;
    const nodes = startNodes({ instance, pki, names, control, tunnels, log, progress });
    const [controlResult, nodesResult] = await Promise.allSettled([control, nodes]);
    // Whatever came up is closed, also when the other did not.
    if (controlResult.status === "fulfilled") undo.add(() => controlResult.value.close());
    if (nodesResult.status === "fulfilled") undo.add(() => nodesResult.value.close());
    const controlPlane = await control;
    const { api, broker, reader, cluster } = controlPlane;
    const started = await nodes;
    here.nodes = started;
    const { network, runtimes } = started;
    progress(`API on ${api.url}`);
    runKubelet({
      nodes: new Set(names),
      network,
      inUse: (node, podUID) => runtimes.get(node)?.usesPod(podUID) === true,
      reader,
      cluster,
      broker,
      delivery: defaultDelivery,
      now: () => new Date(),
    });
    runClaims({
      directory: instance.paths.claims,
      reader,
      cluster,
      broker,
      delivery: defaultDelivery,
      now: () => new Date(),
    });
    await controlPlane.run();
    await held.update({ url: api.url, nodes: names });
    return { api, nodes: started, close: () => undo.run() };
  });
}
