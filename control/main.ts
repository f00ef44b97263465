/**
 * `virtive-control`: a replica of the control plane on a Kubernetes cluster, as a process.
 *
 *   VIRTIVE_NAMESPACE      where it lives (virtive)
 *   POD_NAME, POD_IP       this replica among the others (the host's name; the address that it listens on)
 *   VIRTIVE_BIND           address to listen on (127.0.0.1; a pod: 0.0.0.0 or ::)
 *   VIRTIVE_API_PORT       HTTPS for the API server: aggregated API, /admit, /healthz, /readyz, /metrics (8443)
 *   VIRTIVE_INGRESS_PORT   HTTPS for nodes: /heartbeat, /events, /join (8444)
 *   VIRTIVE_SERVICE        name of the Service in front, of the Lease, and in certificates (virtive-control)
 *   VIRTIVE_ANCHOR_IMAGE   image of anchor pods
 *   VIRTIVE_NODE_CERTIFICATE_SECONDS   how long a node's certificate lasts (86400)
 *   VIRTIVE_LINGER_SECONDS how long it serves on after SIGTERM (0)
 *   VIRTIVE_SHAPE          compact (functions run here) or knative (events go to K_SINK)
 *   K_SINK, K_OIDC_TOKEN   knative: the broker's URL, and a file with the token for it (/oidc/token, if it is there)
 *   VIRTIVE_FUNCTION_ACCOUNTS  knative: ServiceAccounts of the namespace that functions run under, by commas
 *   VIRTIVE_LOG            trace, debug, info, warn, error, fatal or silent (info)
 *   KUBECONFIG             outside of a pod
 *
 * SIGTERM: the lease is given back, and another replica goes on; what still arrives is served for a while.
 */
import { pino } from "pino";
import { asFault } from "#events/fault.ts";
import { startControl } from "./process.ts";
import { settingsFrom } from "./settings.ts";

const LOG_BYTES = 4096;
const LOG_MILLISECONDS = 100;

try {
  const settings = settingsFrom(process.env);
  const log = pino(
    { level: settings.logLevel, base: { replica: settings.name } },
    // A line for each decision: one write takes many of them.
    pino.destination({ dest: 2, sync: false, minLength: LOG_BYTES, periodicFlush: LOG_MILLISECONDS }),
  );
  // Timers of the clock keep no process alive.
  const alive = setInterval(() => undefined, 60_000);
  const control = await startControl(settings, log);
  let ending = false;
  const end = (): void => {
    if (ending) return;
    ending = true;
    control.close().then(
      () => process.exit(0),
      (thrown: unknown) => {
        log.error({}, `the end failed: ${asFault(thrown).message}`);
        process.exit(1);
      },
    );
  };
  process.once("SIGTERM", end);
  process.once("SIGINT", end);
  alive.ref();
} catch (thrown) {
  const { reason, message } = asFault(thrown);
  process.stderr.write(`virtive-control: ${reason}: ${message}\n`);
  process.exitCode = 1;
  setImmediate(() => process.exit(1));
}
