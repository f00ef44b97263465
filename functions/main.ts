/**
 * The function host as a process: functions behind HTTP for Knative or any broker that delivers by POST. Ready before it
 * has spoken to anybody; the API server is connected to at the first event.
 *
 *   PORT                     where to listen (8080)
 *   VIRTIVE_BIND             address to listen on (127.0.0.1; behind a service: 0.0.0.0 or ::)
 *   VIRTIVE_ANCHOR_IMAGE     image of anchor pods
 *   VIRTIVE_FUNCTIONS        names of the functions to serve, by commas (all)
 *   K_SINK                   URL that takes the events which decisions emit
 *   K_OIDC_TOKEN             file with the token for it, where the cluster has OIDC (/oidc/token, if it is there)
 *   VIRTIVE_OIDC_AUDIENCE    what tokens of senders must be meant for; unset: everybody may send
 *   VIRTIVE_OIDC_SENDERS     who they may be, by commas, a star at the end for anything (system:serviceaccount:virtive:*)
 *   VIRTIVE_NODE_IDENTITY    folder with ca.crt, tls.crt, tls.key: how nodes know us; read anew when they are renewed
 *   VIRTIVE_LOG              trace, debug, info, warn, error, fatal or silent (info)
 *   KUBECONFIG               outside of a pod
 *
 * SIGTERM, as Knative sends it: what is in flight and what still arrives is served, what waits for its time is told to the
 * sink, then it ends.
 */
import { BoundSocket, isIP, type AddressInfo } from "node:net";
import { startupSnapshot } from "node:v8";
import { systemClock } from "#events/clock.ts";
import type { Reader, Writer } from "#events/cluster.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { asFault, Fault } from "#events/fault.ts";
import { httpSubscriber } from "#events/broker/http-subscriber.ts";
import { sinkToken } from "#events/sink-token.ts";
import type { KubeCluster } from "#events/kubernetes.ts";
import type { Log } from "#events/log.ts";
import { logLevel } from "#events/log-level.ts";
import type { Nodes } from "#events/machine.ts";
import type { TokenCheck } from "#events/oidc.ts";
import { defaultConfig } from "./config.ts";
import type { FunctionDefinition } from "./define.ts";
import { createDispatcher } from "./dispatcher.ts";
import { createHost } from "./http-host.ts";
import { createHostWakes } from "./host-wakes.ts";
import { hostServer } from "./http-server.ts";
import { lateLog } from "./late-log.ts";
import type { NodeDoors } from "./nodes.ts";
import { functions } from "./registry.ts";
import { warmUp } from "./warm-up.ts";

/** After SIGTERM: routers need a moment to learn that no more should come here. */
const DRAIN_MILLISECONDS = 500;
const HAND_OVER_MILLISECONDS = 5_000;
const DEFAULT_SENDERS = "system:serviceaccount:virtive:*";
const SINK_TIMEOUT_MILLISECONDS = 10_000;

function chosen({
  VIRTIVE_FUNCTIONS: names,
  VIRTIVE_ANCHOR_IMAGE: image,
}: NodeJS.ProcessEnv): readonly FunctionDefinition[] {
  const all = functions(image === undefined ? defaultConfig : { ...defaultConfig, anchorImage: image });
  if (names === undefined || names.trim() === "") return all;
  return names.split(",").map((name) => {
    const found = all.find((definition) => definition.name === name.trim());
    if (found !== undefined) return found;
    const there = all.map((definition) => definition.name).join(", ");
    throw new Fault("refused", "NoSuchFunction", `VIRTIVE_FUNCTIONS: "${name.trim()}"; there are: ${there}`);
  });
}

function portOf(text: string | undefined): number {
  const port = Number(text ?? 8080);
  if (Number.isInteger(port) && port >= 0 && port <= 65_535) return port;
  throw new Fault("refused", "BadPort", `PORT: "${text}"; a whole number from 0 to 65535 is wanted`);
}

function bindOf(text: string | undefined): string {
  const address = text ?? "127.0.0.1";
  if (isIP(address) !== 0) return address;
  throw new Fault(
    "refused",
    "BadAddress",
    `VIRTIVE_BIND: "${address}"; an IP address is wanted, such as 0.0.0.0 or ::`,
  );
}

/** Bound here and now: an address told to `listen` is taken for a name to resolve first, which is a tenth of the start. */
function socketOf(host: string, port: number): BoundSocket {
  try {
    return new BoundSocket({ host, port });
  } catch (error) {
    const { message } = asFault(error);
    throw new Fault("refused", "CannotListen", `VIRTIVE_BIND and PORT: ${message}`, { cause: error });
  }
}

/** The cluster, connected to at first use and once. */
function lazily(open: () => Promise<KubeCluster>): Reader & Writer & Pick<KubeCluster, "document"> {
  let opened: Promise<KubeCluster> | undefined;
  const cluster = (): Promise<KubeCluster> => {
    opened ??= open().catch((error: unknown) => {
      opened = undefined; // the next event tries again
      throw error;
    });
    return opened;
  };
  return {
    get: async (kind, at) => (await cluster()).get(kind, at),
    list: async (kind, query) => (await cluster()).list(kind, query),
    create: async (kind, object) => (await cluster()).create(kind, object),
    patch: async (kind, before, after, part) => (await cluster()).patch(kind, before, after, part),
    remove: async (kind, object, options) => (await cluster()).remove(kind, object, options),
    document: async (path) => (await cluster()).document(path),
  };
}

/** Checks tokens where an audience is given; what checks them is loaded when the first one comes. */
function tokenCheck(env: NodeJS.ProcessEnv, document: KubeCluster["document"]): TokenCheck | undefined {
  const audience = env["VIRTIVE_OIDC_AUDIENCE"];
  if (audience === undefined || audience === "") return undefined;
  const subjects = (env["VIRTIVE_OIDC_SENDERS"] ?? DEFAULT_SENDERS).split(",").map((one) => one.trim());
  let loaded: Promise<TokenCheck> | undefined;
  return async (authorization) => {
    loaded ??= import("#events/oidc.ts").then(({ createTokenCheck }) =>
      createTokenCheck({ audience, subjects, document, clock: systemClock }),
    );
    await (
      await loaded
    )(authorization);
  };
}

/** @throws Fault when the sink does not take it: the event is delivered again, and what it emits has the same id then */
function publisher(sink: string | undefined): (event: CloudEvent) => Promise<void> {
  if (sink === undefined) {
    return async ({ type }) => {
      throw new Fault("later", "NoSink", `K_SINK is not set: nobody takes ${type}`);
    };
  }
  const post = httpSubscriber(sink, { authorization: sinkToken });
  return async (event) => {
    const answer = await post(event, "", AbortSignal.timeout(SINK_TIMEOUT_MILLISECONDS));
    if ("detail" in answer)
      throw new Fault("later", "SinkRefused", `${sink} answers ${answer.status}: ${answer.detail}`);
  };
}

/** What talks to nodes is loaded when the first one is talked to: it is a third of what this process would hold. */
function nodesLater(reader: Reader, folder: string | undefined): Nodes {
  let loaded: Promise<NodeDoors> | undefined;
  const doors = (): Promise<NodeDoors> => {
    loaded ??= Promise.all([import("./node-doors.ts"), import("./node-identity.ts")]).then(
      ([{ rotatingNodes }, { identityIn }]) => rotatingNodes(reader, identityIn(folder, systemClock), systemClock),
    );
    return loaded;
  };
  return {
    machine: async (node, uid) => (await doors()).machine(node, uid),
    identity: async (node, url) => (await doors()).identity(node, url),
    machines: async (node) => (await doors()).machines(node),
    order: async (order) => (await doors()).order(order),
    forget: async (node, uid, epoch) => (await doors()).forget(node, uid, epoch),
    act: async (node, uid, epoch, action) => (await doors()).act(node, uid, epoch, action),
  };
}

function start(env: NodeJS.ProcessEnv): void {
  const level = logLevel(env); // its writer is made when all is up
  const log = lateLog(async () => {
    const { default: pino } = await import("pino");
    const writer: Log = pino({ level }, pino.destination({ dest: 2, sync: false }));
    return writer;
  }, systemClock);
  const served = chosen(env);
  // With it come TLS and all that speaks to an API server: loaded at the first event, when it is connected to.
  const cluster = lazily(async () => (await import("#events/kubernetes.ts")).connect());
  const publish = publisher(env["K_SINK"]);
  const wakes = createHostWakes({ publish, clock: systemClock, log });
  const dispatcher = createDispatcher({
    functions: served,
    reader: cluster,
    writer: cluster,
    nodes: nodesLater(cluster, env["VIRTIVE_NODE_IDENTITY"]),
    journal: { appendDecision: () => 0 }, // the log has each decision
    broker: {
      publish,
      addTrigger: () => undefined, // Triggers are objects of the cluster here
      wakeAt: (name, key, at) => wakes.at(name, key, at),
    },
    clock: systemClock,
    log,
  });
  const authenticate = tokenCheck(env, (path) => cluster.document(path));
  const server = hostServer(createHost({ functions: served, reader: cluster, dispatcher, log, authenticate }));
  server.listen(socketOf(bindOf(env["VIRTIVE_BIND"]), portOf(env["PORT"])), () => {
    const { port } = server.address() as AddressInfo; // it listens on TCP
    log.info({ port, functions: served.map(({ name }) => name) }, `ready on port ${port}`);
  });
  const end = (): void => {
    setTimeout(() => {
      const told = wakes.handOver(AbortSignal.timeout(HAND_OVER_MILLISECONDS));
      server.close(() => void told.then(() => process.exit(0)));
    }, DRAIN_MILLISECONDS);
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
}

function run(): void {
  try {
    start(process.env);
  } catch (error) {
    const { reason, message } = asFault(error);
    process.stderr.write(`virtive functions: ${reason}: ${message}\n`);
    process.exitCode = 1;
  }
}

// In an image the host is a snapshot of this process, taken here, which goes on with `run`.
if (startupSnapshot.isBuildingSnapshot()) {
  startupSnapshot.setDeserializeMainFunction(run);
  // Nothing of this process, or of where it runs, is to be in the image. Node sets them anew in the one that goes on.
  const none = { pid: { value: 0 }, argv0: { value: "" }, execPath: { value: "" }, argv: { value: [] } };
  Object.defineProperties(process, none);
  void warmUp(functions(defaultConfig));
} else {
  run();
}
