/**
 * One replica of the control plane on a Kubernetes cluster. Each has its own cache and serves the aggregated API and
 * admission; one of them leads and runs the loop.
 *
 * ```
 *   API server ──list+watch──► source ──cache──► gateway, admission          every replica
 *                                 └──events──► loop: broker ► functions      the leader, while it leads
 *   nodes ──heartbeats, reports──► ingress ──► (passed on to the leader) ──┘
 * ```
 *
 * A follower's cache is warm: when it takes over, it tells its functions of all that exists and goes on.
 */
import { KubeVirt } from "#api/kubevirt.ts";
import { Secret } from "#api/core.ts";
import { wait, systemClock, type Clock } from "#events/clock.ts";
import type { Cluster, Reader } from "#events/cluster.ts";
import { asFault, Fault } from "#events/fault.ts";
import { openJournal } from "#events/journal.ts";
import { connect } from "#events/kubernetes.ts";
import type { Log } from "#events/log.ts";
import { startSource } from "#events/source/source.ts";
import { orUndo, type Undo } from "#events/undo.ts";
import { createAdmission } from "#functions/admit/admit.ts";
import { defaultConfig } from "#functions/config.ts";
import { deadlinesHeard } from "#functions/roll-call.ts";
import { createEvictor, type Evictor, type Verdict } from "#functions/evict.ts";
import { isNews } from "#functions/news.ts";
import { createGateway } from "#functions/gateway/gateway.ts";
import { rotatingNodes } from "#functions/node-doors.ts";
import { watchedKinds } from "#functions/registry.ts";
import { waits } from "#functions/waiting.ts";
import { createAuthorizer } from "./access.ts";
import { apiHandlers } from "./api.ts";
import { createBell } from "./bell.ts";
import { keepCertificates, readCertificates, type Certificates } from "./certificates.ts";
import { startElection, type Election, type Holder, type Term } from "./election.ts";
import { createForwarder } from "./forward.ts";
import { certificatesOf, readFrontProxy, saysTheSame, userOf, type FrontProxy, type Trust } from "./front-proxy.ts";
import { SelfSubjectReview } from "./kinds.ts";
import { beginOnceReady, startLoop, startSink, type Loop } from "./loop.ts";
import { metricsText } from "./metrics.ts";
import { nodeIngress } from "./node-ingress.ts";
import { admitting } from "./own-admission.ts";
import { startSecureServer, type TlsContext } from "./servers.ts";
import type { Settings } from "./settings.ts";

/** Seconds between comparisons of what nodes hold with what objects say. Events bring changes at once; this finds what was lost. */
const RESYNC_SECONDS = 60;
/** The lease that a heartbeat's reply carries; heartbeats come every 2 s. */
const LEASE_SECONDS = 10;
/** A cluster's broker keeps no order, may answer as late as its subscribers, and may lose what it has taken. */
const TO_SINK = { parallel: 32, retellSeconds: 300, retellWaiting: { seconds: 20, waits } } as const;
/** For requests about our own Lease. */
const ELECTION_TIMEOUT_MILLISECONDS = 1_500;
const FRONT_PROXY_MILLISECONDS = 60_000;
const FIRST_TRY_MILLISECONDS = 1_000;
const NOT_YET: Verdict = { allowed: false, mark: false, message: "control does not know all objects yet; try again." };
/** In memory: what the leader has decided lately. */
const JOURNAL = { file: ":memory:", mostRows: 20_000, mostBytes: 48 * 1024 * 1024 } as const;

export interface Control {
  readonly apiPort: number;
  readonly ingressPort: number;
  readonly leading: boolean;
  /**
   * Gives the lease back, so that another replica takes over at once; serves on until it is known not to be there, and ends.
   */
  close(): Promise<void>;
}

export function startControl(settings: Settings, log: Log): Promise<Control> {
  return orUndo((undo) => start(settings, log, undo));
}

async function start(settings: Settings, log: Log, undo: Undo): Promise<Control> {
  const { namespace, service, bind, address, kubeconfig } = settings;
  const clock = systemClock;
  const monotonic = (): number => performance.now();
  const ending = new AbortController();
  const cluster = await connect(kubeconfig);
  undo.add(async () => cluster.close());
  const leases = await connect(kubeconfig, { timeoutMilliseconds: ELECTION_TIMEOUT_MILLISECONDS });
  undo.add(async () => leases.close());
  const username = await persistently("who we are", () => ownName(cluster), clock, log);
  const { shape } = settings;
  const functionAccounts = shape.name === "knative" ? shape.functionAccounts : [];
  const functionUsers = functionAccounts.map((account) => `system:serviceaccount:${namespace}:${account}`);

  const journal = openJournal({ ...JOURNAL, log });
  undo.add(async () => journal.close());
  let loop: Loop | undefined;
  const source = startSource({
    cluster,
    // KubeVirt objects are no function's business, but admission asks for them at every write.
    kinds: [...watchedKinds, KubeVirt],
    // Who does not lead has nobody to tell; who begins to lead is told all that exists.
    isHeard: () => loop !== undefined,
    publish: async (event) => loop?.publish(event),
    deadlineOf: deadlinesHeard(() => loop?.rollCall),
    isNews,
    ...(shape.name === "knative" ? TO_SINK : {}),
    resyncSeconds: RESYNC_SECONDS,
    clock,
    sourceName: "/virtive/source",
    log,
  });
  undo.add(() => source.close());
  let synced = false;
  let ends = false;
  void source.synced().then(() => (synced = true));

  // --- certificates: made by whoever leads, used by all
  let certificates: Certificates | undefined;
  const arrived = Promise.withResolvers<void>();
  const changed: (() => void)[] = [];
  const secrets = startSource({
    cluster: cluster.within(namespace),
    kinds: [Secret],
    publish: () => refresh(),
    deadlineOf: () => undefined,
    resyncSeconds: 0,
    retellSeconds: 0,
    clock,
    sourceName: "/virtive/secrets",
    log,
  });
  undo.add(() => secrets.close());
  // Also when one of the Secrets is deleted: the leader makes it anew at once.
  const bell = createBell(clock);
  let seen: string | undefined;
  async function refresh(): Promise<void> {
    const next = await readCertificates(secrets.reader, namespace);
    const texts = JSON.stringify(next);
    if (texts === seen) return;
    seen = texts;
    bell.ring();
    if (next === undefined) return;
    certificates = next;
    arrived.resolve();
    for (const tell of changed) tell();
  }
  const must = (): Certificates => {
    if (certificates === undefined) throw new Fault("later", "NoCertificates", "there are no certificates yet");
    return certificates;
  };
  const peerTls = remembered(must, ({ ca, client }) => ({ ca, ...client }));

  const nodes = rotatingNodes(source.reader, peerTls, clock);
  undo.add(() => nodes.close());

  // --- leading
  const ports = { api: settings.apiPort, ingress: settings.ingressPort };
  const holder = (): Holder => ({ name: settings.name, address, apiPort: ports.api, ingressPort: ports.ingress });
  const config = {
    ...defaultConfig,
    ownNodes: false,
    ...(settings.anchorImage === undefined ? {} : { anchorImage: settings.anchorImage }),
  };
  // Who asks is answered by what is there now; lists are the cache's.
  const present: Reader = {
    get: (kind, at) => cluster.get(kind, at),
    list: (...asked) => source.reader.list(...asked),
  };
  const evicting = createEvictor({ reader: present, writer: source.writer });
  // Who does not know the pod would let it go, and with it the guest.
  const evictor: Evictor = { review: async (...asked) => (synced ? evicting.review(...asked) : NOT_YET) };
  const admission = createAdmission({
    reader: () => present,
    ownUsers: [username, ...functionUsers],
    evictor: () => evictor,
  });
  const writer = admitting(source.writer, admission, { username, groups: [] });
  async function lead(term: Term): Promise<void> {
    void keepCertificates({ cluster, namespace, service, bell, clock, log }, term.signal);
    await beginOnceReady(term, Promise.all([source.synced(), arrived.promise]), () => run(term));
  }
  function run(term: Term): void {
    const mine =
      shape.name === "knative"
        ? startSink(shape.sink, journal)
        : startLoop({ term, source, present: cluster, writer, nodes, journal, config, clock, log });
    const end = (): void => {
      if (loop === mine) loop = undefined;
      void mine.close();
    };
    term.signal.addEventListener("abort", end, { once: true });
    loop = mine;
    source.tellAll();
    log.info({}, "the loop runs");
  }
  const election: Election = startElection({
    cluster: leases,
    namespace,
    name: service,
    holder,
    lead: (term) => void lead(term).catch((thrown: unknown) => log.error({}, `leading: ${asFault(thrown).message}`)),
    clock,
    monotonic,
    log,
  });
  undo.add(() => election.close());
  undo.add(async () => {
    const last = loop;
    loop = undefined;
    await last?.close();
  });
  const leads = (): boolean => loop !== undefined && election.leading;

  // --- serving
  let frontProxy = await persistently("the front proxy", () => readFrontProxy(cluster), clock, log);
  await arrived.promise;
  const trust = remembered(
    () => [frontProxy, must()] as const,
    ([proxy, { ca }]): Trust => ({ frontProxy: proxy, own: certificatesOf(ca) }),
  );
  const forwarder = createForwarder(peerTls, log);
  undo.add(async () => forwarder.close());
  const gateway = createGateway({
    reader: source.reader,
    present,
    writer: source.writer,
    nodes,
    journal,
    clock,
    log,
    authorize: createAuthorizer(cluster, monotonic),
  });
  const api = await startSecureServer({
    name: "api",
    bind,
    port: settings.apiPort,
    context: contextOf(must(), frontProxy),
    ...apiHandlers({
      gateway,
      admission,
      userOf: (request) => userOf(request, trust()),
      passedOn(request, response) {
        const to = election.leader();
        if (leads() || to === undefined || to.name === settings.name) return false;
        forwarder.pass(request, response, { address: to.address, port: to.apiPort });
        return true;
      },
      waitsFor: () => (ends ? "its end" : synced ? undefined : "the first list of all objects"),
      metrics: () => metricsText({ leading: leads(), broker: loop?.metrics() }),
    }),
    log,
  });
  undo.add(() => api.close());
  const ingress = await startSecureServer({
    name: "ingress",
    bind,
    port: settings.ingressPort,
    context: contextOf(must(), undefined),
    request: nodeIngress({
      ingress: {
        async publish(event) {
          if (loop === undefined) throw new Fault("later", "NoLeader", "no replica leads", { retryAfterSeconds: 1 });
          await loop.publish(event);
        },
        // Without a loop none is answered: a lease is given by who leads.
        isNews: async (heartbeat) => loop === undefined || loop.heard(heartbeat),
        mayLease: leads,
        leaseSeconds: LEASE_SECONDS,
        clock,
        log,
      },
      join: {
        cluster: { ...source.reader, create: (kind, object) => cluster.create(kind, object) },
        namespace,
        authority: () => certificates && { signer: certificates.authority, bundle: certificates.ca },
        certificateSeconds: settings.nodeCertificateSeconds,
        clock,
        log,
      },
      trust,
      leading: leads,
      suspended: () => loop !== undefined && !election.leading,
      leader: () => election.leader(),
      forwarder,
    }),
    log,
  });
  undo.add(() => ingress.close());
  ports.api = api.port;
  ports.ingress = ingress.port;
  changed.push(() => {
    api.use(contextOf(must(), frontProxy));
    ingress.use(contextOf(must(), undefined));
    log.info({}, "renewed certificates are in use");
  });
  void keepFrontProxy();
  async function keepFrontProxy(): Promise<void> {
    while (!ending.signal.aborted) {
      await wait(clock, FRONT_PROXY_MILLISECONDS, ending.signal);
      try {
        const next = await readFrontProxy(cluster);
        if (ending.signal.aborted || saysTheSame(next, frontProxy)) continue;
        frontProxy = next;
        api.use(contextOf(must(), frontProxy));
      } catch (thrown) {
        log.warn({ reason: asFault(thrown).reason }, `the front proxy can't be read: ${asFault(thrown).message}`);
      }
    }
  }
  undo.add(async () => ending.abort());
  log.info({ api: api.port, ingress: ingress.port, username, shape: shape.name }, "this replica serves");
  return {
    apiPort: api.port,
    ingressPort: ingress.port,
    get leading() {
      return leads();
    },
    async close() {
      ends = true;
      api.linger();
      ingress.linger();
      await election.close();
      await wait(clock, settings.lingerSeconds * 1000);
      await undo.run();
    },
  };
}

function contextOf({ ca, serving }: Certificates, frontProxy: FrontProxy | undefined): TlsContext {
  return { ...serving, clientCA: frontProxy === undefined ? ca : `${ca}\n${frontProxy.ca}` };
}

/** What is made of something, the same as long as that is the same. */
function remembered<From, To>(from: () => From, make: (from: From) => To): () => To {
  let last: { readonly from: readonly unknown[]; readonly to: To } | undefined;
  return () => {
    const now = from();
    const parts: readonly unknown[] = Array.isArray(now) ? (now as readonly unknown[]) : [now];
    if (last === undefined || parts.some((part, index) => part !== last?.from[index])) {
      last = { from: parts, to: make(now) };
    }
    return last.to;
  };
}

/** The name under which the API server knows this process. */
async function ownName(cluster: Cluster): Promise<string> {
  const { object } = await cluster.create(SelfSubjectReview, {
    apiVersion: "authentication.k8s.io/v1",
    kind: SelfSubjectReview.kind,
    metadata: { name: "" },
  });
  const username = object.status?.userInfo?.username;
  if (username === undefined) throw new Fault("later", "Nobody", "the API server does not say who this process is");
  return username;
}

/** Asks until it is told: a cluster that comes up answers parts of it one after the other. */
async function persistently<T>(what: string, ask: () => Promise<T>, clock: Clock, log: Log): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (thrown) {
      const fault = asFault(thrown);
      if (fault.kind !== "later") throw fault;
      log.warn({ reason: fault.reason }, `${what}: not yet: ${fault.message}`);
      await wait(clock, FIRST_TRY_MILLISECONDS);
    }
  }
}
