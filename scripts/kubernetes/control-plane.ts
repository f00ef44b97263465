/** etcd, API server, controllers and scheduler of one cluster. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Fault } from "#events/fault.ts";
import type { ProcessIdentity } from "#node-runtime/host/process.ts";
import type { Ask } from "./api.ts";
import { clusterProcesses, lastWords, startProcess } from "./processes.ts";
import { bridgeAddress, SERVICE_RANGE, type Cluster } from "./record.ts";
import { until } from "./waiting.ts";

export interface ControlPlaneOptions {
  /** The directory that has `kube`. */
  readonly programs: string;
  readonly ask: Ask;
  /** etcd waits for the disk, as in production. Without, writes are quicker than they should be. */
  readonly fsync: boolean;
  /** Appended to the API server's own flags. What emulates an earlier version is the controllers' and the scheduler's, too. */
  readonly apiServerFlags: readonly string[];
}

const READY_MILLISECONDS = 180_000;

type Flags = Readonly<Record<string, string | number | boolean>>;

const toArguments = (flags: Flags): string[] => Object.entries(flags).map(([name, value]) => `--${name}=${value}`);

function etcdFlags({ paths, etcdPort, etcdPeerPort }: Cluster): Flags {
  const [client, peer] = [`http://127.0.0.1:${etcdPort}`, `http://127.0.0.1:${etcdPeerPort}`];
  return {
    "name": "etcd",
    "data-dir": paths.etcd,
    "listen-client-urls": client,
    "advertise-client-urls": client,
    "listen-peer-urls": peer,
    "initial-advertise-peer-urls": peer,
    "initial-cluster": `etcd=${peer}`,
    "log-level": "warn",
  };
}

function apiServerFlags({ address, port, number, etcdPort, paths }: Cluster): Flags {
  const pki = (file: string): string => join(paths.pki, file);
  return {
    "etcd-servers": `http://127.0.0.1:${etcdPort}`,
    "bind-address": address,
    "secure-port": port,
    // Loopback is refused here; without nodes nobody follows it.
    "advertise-address": bridgeAddress(number),
    "tls-cert-file": pki("apiserver.crt"),
    "tls-private-key-file": pki("apiserver.key"),
    "client-ca-file": pki("ca.crt"),
    "authorization-mode": "Node,RBAC",
    "enable-admission-plugins": "NodeRestriction",
    "service-cluster-ip-range": SERVICE_RANGE,
    "allow-privileged": true,
    "service-account-issuer": "https://kubernetes.default.svc.cluster.local",
    "service-account-key-file": pki("service-account.pub"),
    "service-account-signing-key-file": pki("service-account.key"),
    "kubelet-client-certificate": pki("apiserver-kubelet-client.crt"),
    "kubelet-client-key": pki("apiserver-kubelet-client.key"),
    "kubelet-certificate-authority": pki("ca.crt"),
    "kubelet-preferred-address-types": "InternalIP",
    "requestheader-client-ca-file": pki("front-proxy-ca.crt"),
    "requestheader-allowed-names": "front-proxy-client",
    "requestheader-username-headers": "X-Remote-User",
    "requestheader-group-headers": "X-Remote-Group",
    "requestheader-extra-headers-prefix": "X-Remote-Extra-",
    "proxy-client-cert-file": pki("front-proxy-client.crt"),
    "proxy-client-key-file": pki("front-proxy-client.key"),
    // There is no kube-proxy where the API server runs: it goes to the endpoints of aggregated APIs itself.
    "enable-aggregator-routing": true,
    "profiling": false,
  };
}

function controllerFlags({ paths, podRange }: Cluster): Flags {
  const pki = (file: string): string => join(paths.pki, file);
  return {
    "kubeconfig": pki("controller-manager.kubeconfig"),
    "secure-port": 0,
    "leader-elect": false,
    "use-service-account-credentials": true,
    "root-ca-file": pki("ca.crt"),
    "service-account-private-key-file": pki("service-account.key"),
    "cluster-signing-cert-file": pki("ca.crt"),
    "cluster-signing-key-file": pki("ca.key"),
    "allocate-node-cidrs": true,
    "cluster-cidr": podRange,
    "service-cluster-ip-range": SERVICE_RANGE,
    // Tests of lost nodes wait for these.
    "node-monitor-period": "2s",
    "node-monitor-grace-period": "16s",
    // With its default of 20 requests a second it alone makes a start six seconds longer.
    "kube-api-qps": 500,
    "kube-api-burst": 1000,
  };
}

function schedulerFlags({ paths }: Cluster): Flags {
  return {
    "kubeconfig": join(paths.pki, "scheduler.kubeconfig"),
    "secure-port": 0,
    "leader-elect": false,
    "kube-api-qps": 500,
    "kube-api-burst": 1000,
  };
}

/** Returns when pods can be created. @throws Fault later with what the process that did not come up said last */
export async function startControlPlane(cluster: Cluster, options: ControlPlaneOptions): Promise<void> {
  const { programs, ask, fsync } = options;
  const start = (name: string, flags: Flags, more: readonly string[] = []): ProcessIdentity =>
    startProcess(cluster, name, [join(programs, "kube"), name, ...toArguments(flags), ...more]);
  const etcd = start("etcd", etcdFlags(cluster), fsync ? [] : ["--unsafe-no-fsync"]);
  const apiServer = start("kube-apiserver", apiServerFlags(cluster), options.apiServerFlags);
  const mustLive = async (processes: Readonly<Record<string, ProcessIdentity>>): Promise<void> => {
    for (const [name, one] of Object.entries(processes)) {
      if (one.alive()) continue;
      throw new Fault("later", "ComponentEnded", `${name} ended:\n${await lastWords(cluster, name)}`);
    }
  };
  await until("the API server's /readyz", READY_MILLISECONDS, async () => {
    await mustLive({ etcd, "kube-apiserver": apiServer });
    return (await ask("GET", "/readyz")).code === 200 ? true : undefined;
  });
  // Not sooner: controllers end when the roles that the API server makes at its start are not there yet.
  const emulates = options.apiServerFlags.filter((flag) => flag.startsWith("--emulated-version="));
  const controllers = start("kube-controller-manager", controllerFlags(cluster), emulates);
  const scheduler = start("kube-scheduler", schedulerFlags(cluster), emulates);
  await until("the default service account", READY_MILLISECONDS, async () => {
    await mustLive({ "kube-controller-manager": controllers, "kube-scheduler": scheduler });
    const { code } = await ask("GET", "/api/v1/namespaces/default/serviceaccounts/default");
    return code === 200 ? true : undefined;
  });
}

/** Kills the API server and starts it again, with its usual flags. Returns when it is ready. */
export async function restartApiServer(cluster: Cluster, options: Pick<ControlPlaneOptions, "programs" | "ask">) {
  const { programs, ask } = options;
  for (const one of await clusterProcesses(cluster)) {
    const words = (await readFile(`/proc/${one.pid}/cmdline`, "utf8").catch(() => "")).split("\0");
    if (words[1] !== "kube-apiserver") continue;
    process.kill(one.pid, "SIGKILL");
    await until("the API server to end", 20_000, async () => (one.alive() ? undefined : true));
  }
  const started = startProcess(cluster, "kube-apiserver", [
    join(programs, "kube"),
    "kube-apiserver",
    ...toArguments(apiServerFlags(cluster)),
  ]);
  await until("the API server's /readyz", READY_MILLISECONDS, async () => {
    if (!started.alive()) throw new Fault("later", "ComponentEnded", await lastWords(cluster, "kube-apiserver"));
    return (await ask("GET", "/readyz")).code === 200 ? true : undefined;
  });
}
