/** What the process is told by its environment. docs of each variable stand in main.ts. */
import { isIP } from "node:net";
import { hostname, networkInterfaces } from "node:os";
import { Fault, type Cause } from "#events/fault.ts";
import { LOG_LEVELS } from "#events/log-level.ts";

export interface Settings {
  /** Where Lease, Secrets and the Service are. */
  readonly namespace: string;
  /** This replica among the others. */
  readonly name: string;
  readonly bind: string;
  /** Under which the other replicas reach this one. */
  readonly address: string;
  /** 0: any free one. */
  readonly apiPort: number;
  /** 0: any free one. */
  readonly ingressPort: number;
  /** Name of the Service in front of all replicas. */
  readonly service: string;
  readonly anchorImage: string | undefined;
  /** How long a node's certificate lasts; it is renewed after two thirds of that. */
  readonly nodeCertificateSeconds: number;
  /** For how long it serves on after it was asked to end: until all have heard that it is not to be asked any more. */
  readonly lingerSeconds: number;
  readonly shape: Shape;
  /** Undefined: as kubectl finds it, or the pod's own credentials. */
  readonly kubeconfig: string | undefined;
  readonly logLevel: string;
}

/** Who runs functions: this process, or whoever takes the events that are sent to the sink. */
export type Shape =
  | { readonly name: "compact" }
  | {
      readonly name: "knative";
      readonly sink: URL;
      /** ServiceAccounts of this namespace under which functions run: they write as Virtive. */
      readonly functionAccounts: readonly string[];
    };

/** A certificate is good from when it is made: a node whose clock is behind by more than a third of it can't use it. */
const NODE_CERTIFICATE_SECONDS = { least: 60, preset: 86_400, most: 30 * 86_400 } as const;
const LINGER_SECONDS = { least: 0, most: 300 } as const;
const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** @throws Fault refused, one cause a variable that is wrong */
export function settingsFrom(env: NodeJS.ProcessEnv): Settings {
  const causes: Cause[] = [];
  const text = (name: string): string | undefined => (env[name] === "" ? undefined : env[name]);
  const checked = <T>(name: string, preset: T, read: (value: string) => T | undefined, wanted: string): T => {
    const value = text(name);
    if (value === undefined) return preset;
    const found = read(value);
    if (found !== undefined) return found;
    causes.push({ reason: "FieldValueInvalid", field: name, message: `is ${JSON.stringify(value)}; ${wanted}` });
    return preset;
  };
  const label = (name: string, preset: string): string =>
    checked(name, preset, (value) => (LABEL.test(value) ? value : undefined), "a DNS label is wanted");
  const port = (name: string, preset: number): number =>
    checked(name, preset, portOf, "a whole number from 0 to 65535 is wanted");
  const whole = (
    name: string,
    preset: number,
    { least, most }: { readonly least: number; readonly most: number },
  ): number =>
    checked(
      name,
      preset,
      (value) =>
        /^\d{1,9}$/.test(value) && Number(value) >= least && Number(value) <= most ? Number(value) : undefined,
      `a whole number from ${least} to ${most} is wanted`,
    );
  const bind = checked(
    "VIRTIVE_BIND",
    "127.0.0.1",
    (value) => (isIP(value) === 0 ? undefined : value),
    "an IP address is wanted",
  );
  const settings: Settings = {
    namespace: label("VIRTIVE_NAMESPACE", "virtive"),
    name: text("POD_NAME") ?? hostname(),
    bind,
    address: checked(
      "POD_IP",
      addressFor(bind),
      (value) => (isIP(value) === 0 ? undefined : value),
      "an IP address is wanted",
    ),
    apiPort: port("VIRTIVE_API_PORT", 8443),
    ingressPort: port("VIRTIVE_INGRESS_PORT", 8444),
    service: label("VIRTIVE_SERVICE", "virtive-control"),
    anchorImage: text("VIRTIVE_ANCHOR_IMAGE"),
    nodeCertificateSeconds: whole(
      "VIRTIVE_NODE_CERTIFICATE_SECONDS",
      NODE_CERTIFICATE_SECONDS.preset,
      NODE_CERTIFICATE_SECONDS,
    ),
    lingerSeconds: whole("VIRTIVE_LINGER_SECONDS", 0, LINGER_SECONDS),
    shape: shapeFrom(text, causes),
    kubeconfig: text("KUBECONFIG"),
    logLevel: checked(
      "VIRTIVE_LOG",
      "info",
      (value) => LOG_LEVELS.find((level) => level === value),
      `one of ${LOG_LEVELS.join(", ")} is wanted`,
    ),
  };
  if (causes.length === 0) return settings;
  const message = causes.map((cause) => `${cause.field} ${cause.message}`).join("; ");
  throw new Fault("refused", "BadSettings", message, { causes });
}

function portOf(value: string): number | undefined {
  const port = Number(value);
  return /^\d{1,5}$/.test(value) && port <= 65_535 ? port : undefined;
}

function shapeFrom(text: (name: string) => string | undefined, causes: Cause[]): Shape {
  const name = text("VIRTIVE_SHAPE");
  if (name === undefined || name === "compact") return { name: "compact" };
  const wrong = (field: string, message: string): Shape => {
    causes.push({ reason: "FieldValueInvalid", field, message });
    return { name: "compact" };
  };
  if (name !== "knative") return wrong("VIRTIVE_SHAPE", `is ${JSON.stringify(name)}; compact or knative is wanted`);
  const functionAccounts = (text("VIRTIVE_FUNCTION_ACCOUNTS") ?? "").split(",").filter((account) => account !== "");
  const bad = functionAccounts.find((account) => !LABEL.test(account));
  if (bad !== undefined) {
    return wrong(
      "VIRTIVE_FUNCTION_ACCOUNTS",
      `has ${JSON.stringify(bad)}; names of ServiceAccounts by commas are wanted`,
    );
  }
  const sink = text("K_SINK");
  const url = sink === undefined ? null : URL.parse(sink);
  if (url?.protocol === "http:" || url?.protocol === "https:") return { name, sink: url, functionAccounts };
  const given = sink === undefined ? "is not set" : `is ${JSON.stringify(sink)}`;
  return wrong("K_SINK", `${given}; with VIRTIVE_SHAPE=knative the broker's http or https URL is wanted`);
}

/** Who listens on all addresses is reached by the first that is not the machine's own. */
function addressFor(bind: string): string {
  if (bind !== "0.0.0.0" && bind !== "::") return bind;
  const addresses = Object.values(networkInterfaces()).flatMap((entries) => entries ?? []);
  return addresses.find(({ internal }) => !internal)?.address ?? "127.0.0.1";
}
