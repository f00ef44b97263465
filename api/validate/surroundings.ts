/** Rules for names, DNS, probes and credentials: what surrounds the virtual hardware. Pure. */
import type { AccessCredential } from "../schema/access-credentials.ts";
import type { Probe } from "../schema/probes.ts";
import type { VirtualMachineInstanceSpec } from "../virtual-machine-instance.ts";
import { invalid, missing, shown, type Cause } from "./cause.ts";
import { isIPv4, isIPv6, whyNoLabel, whyNoSubdomain } from "./text-forms.ts";

const MAX_NAMESERVERS = 3;
const MAX_SEARCHES = 6;
const MAX_SEARCH_CHARACTERS = 256;

/** `at` is the path of the spec. */
export function validateNames(spec: VirtualMachineInstanceSpec, at: string): Cause[] {
  const causes: Cause[] = [];
  const check = (
    field: "hostname" | "subdomain" | "serviceAccountName",
    why: (text: string) => string | undefined,
  ): void => {
    const text = spec[field] ?? "";
    const wrong = text === "" ? undefined : why(text);
    if (wrong !== undefined) causes.push(invalid(`${at}.${field}`, `${wrong}; it is ${shown(text)}`));
  };
  check("hostname", whyNoLabel);
  check("subdomain", whyNoSubdomain);
  check("serviceAccountName", whyNoSubdomain);
  const mounted = spec.volumes?.find((volume) => volume.serviceAccount !== undefined)?.serviceAccount
    ?.serviceAccountName;
  if (mounted !== undefined && (spec.serviceAccountName ?? "") !== "" && mounted !== spec.serviceAccountName) {
    causes.push(invalid(`${at}.serviceAccountName`, `must be that of the serviceAccount volume, ${shown(mounted)}`));
  }
  if ((spec.terminationGracePeriodSeconds ?? 0) < 0) {
    causes.push(invalid(`${at}.terminationGracePeriodSeconds`, "must not be negative"));
  }
  const { clock } = spec.domain;
  if (clock?.utc !== undefined && clock.timezone !== undefined) {
    causes.push(invalid(`${at}.domain.clock`, "must have utc or timezone, not both"));
  }
  return causes;
}

/** `at` is the path of the spec. */
export function validateDNS(spec: VirtualMachineInstanceSpec, at: string): Cause[] {
  const { dnsPolicy, dnsConfig } = spec;
  const field = `${at}.dnsConfig`;
  if (dnsConfig === undefined) {
    return dnsPolicy === "None" ? [missing(field, "must be set, with name servers, for dnsPolicy None")] : [];
  }
  const { nameservers = [], searches = [], options = [] } = dnsConfig;
  const causes: Cause[] = [];
  if (dnsPolicy === "None" && nameservers.length === 0) {
    causes.push(missing(`${field}.nameservers`, "must have a name server for dnsPolicy None"));
  }
  if (nameservers.length > MAX_NAMESERVERS) {
    causes.push(invalid(`${field}.nameservers`, `must be up to ${MAX_NAMESERVERS}; there are ${nameservers.length}`));
  }
  nameservers.forEach((server, index) => {
    if (!isIPv4(server) && !isIPv6(server)) {
      causes.push(invalid(`${field}.nameservers[${index}]`, `must be an IP address; it is ${shown(server)}`));
    }
  });
  if (searches.length > MAX_SEARCHES) {
    causes.push(invalid(`${field}.searches`, `must be up to ${MAX_SEARCHES} domains; there are ${searches.length}`));
  }
  if (searches.join(" ").length > MAX_SEARCH_CHARACTERS) {
    causes.push(invalid(`${field}.searches`, `must be up to ${MAX_SEARCH_CHARACTERS} characters in all`));
  }
  searches.forEach((domain, index) => {
    const why = whyNoSubdomain(domain.replace(/\.$/, ""));
    if (why !== undefined) causes.push(invalid(`${field}.searches[${index}]`, `${why}; it is ${shown(domain)}`));
  });
  options.forEach((option, index) => {
    if ((option.name ?? "") === "")
      causes.push(missing(`${field}.options[${index}].name`, "must be the name of an option"));
  });
  return causes;
}

const PROBES = ["tcpSocket", "httpGet", "exec", "guestAgentPing"] as const;

/** `at` is the path of the spec. */
export function validateProbes(spec: VirtualMachineInstanceSpec, at: string): Cause[] {
  const onPodNetwork = (spec.networks ?? []).some((network) => network.pod !== undefined);
  const causes = [
    ...validateProbe(spec.readinessProbe, `${at}.readinessProbe`, onPodNetwork),
    ...validateProbe(spec.livenessProbe, `${at}.livenessProbe`, onPodNetwork),
  ];
  if (spec.startStrategy === "Paused" && spec.livenessProbe !== undefined) {
    causes.push(
      invalid(`${at}.startStrategy`, "Paused does not go with a livenessProbe, which would end the halted guest"),
    );
  }
  return causes;
}

function validateProbe(probe: Probe | undefined, field: string, onPodNetwork: boolean): Cause[] {
  if (probe === undefined) return [];
  const kinds = PROBES.filter((kind) => probe[kind] !== undefined);
  if (kinds.length === 0) return [missing(field, `must have one of ${PROBES.join(", ")}`)];
  if (kinds.length > 1) return [invalid(field, `must have one of ${PROBES.join(", ")}; it has ${kinds.join(" and ")}`)];
  const causes: Cause[] = [];
  const [kind] = kinds;
  if ((kind === "tcpSocket" || kind === "httpGet") && !onPodNetwork) {
    causes.push(invalid(`${field}.${kind}`, "reaches the guest through the pod network: attach an interface to it"));
  }
  const numbers = [
    "initialDelaySeconds",
    "periodSeconds",
    "timeoutSeconds",
    "successThreshold",
    "failureThreshold",
  ] as const;
  for (const number of numbers) {
    const value = probe[number] ?? 0;
    if (value < 0) causes.push(invalid(`${field}.${number}`, `must not be negative; it is ${value}`));
  }
  return causes;
}

/** `at` is the path of the spec. */
export function validateAccessCredentials(spec: VirtualMachineInstanceSpec, at: string): Cause[] {
  return (spec.accessCredentials ?? []).flatMap((credential, index) =>
    validateAccessCredential(credential, spec, `${at}.accessCredentials[${index}]`),
  );
}

function validateAccessCredential(
  credential: AccessCredential,
  spec: VirtualMachineInstanceSpec,
  field: string,
): Cause[] {
  const { sshPublicKey, userPassword } = credential;
  if ((sshPublicKey === undefined) === (userPassword === undefined)) {
    return [invalid(field, "must be exactly one of sshPublicKey and userPassword")];
  }
  const kind = sshPublicKey === undefined ? "userPassword" : "sshPublicKey";
  const causes: Cause[] = [];
  const chosen = sshPublicKey ?? userPassword;
  if (chosen?.source.secret === undefined) causes.push(invalid(`${field}.${kind}.source`, "must have a secret"));
  else if (chosen.source.secret.secretName === "") {
    causes.push(missing(`${field}.${kind}.source.secret.secretName`, "must name a Secret"));
  }
  const at = `${field}.${kind}.propagationMethod`;
  const methods = Object.keys(chosen?.propagationMethod ?? {});
  if (methods.length !== 1) {
    const known = kind === "sshPublicKey" ? "exactly one of configDrive, noCloud and qemuGuestAgent" : "qemuGuestAgent";
    causes.push(invalid(at, `must be ${known}; it is ${methods.join(" and ") || "none"}`));
    return causes;
  }
  const method = sshPublicKey?.propagationMethod;
  const has = (source: "cloudInitNoCloud" | "cloudInitConfigDrive") =>
    (spec.volumes ?? []).some((volume) => volume[source] !== undefined);
  if (method?.noCloud !== undefined && !has("cloudInitNoCloud")) {
    causes.push(invalid(at, "noCloud needs a volume that is a cloudInitNoCloud"));
  }
  if (method?.configDrive !== undefined && !has("cloudInitConfigDrive")) {
    causes.push(invalid(at, "configDrive needs a volume that is a cloudInitConfigDrive"));
  }
  if (method?.qemuGuestAgent !== undefined && method.qemuGuestAgent.users.length === 0) {
    causes.push(invalid(at, "qemuGuestAgent needs users"));
  }
  return causes;
}
