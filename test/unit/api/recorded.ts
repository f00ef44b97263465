/** Cases recorded from KubeVirt's own admission; see the directory's README. Absent: the tests that read them are skipped. */
import { existsSync, readFileSync } from "node:fs";
import { clusterConfig, type ClusterConfig } from "#api/cluster-config.ts";
import type { KubeVirt, KubeVirtSpec } from "#api/kubevirt.ts";
import type { Cause } from "#api/validate/cause.ts";

const DIRECTORY = new URL("../../../../shared/data/recorded/", import.meta.url);
export const recorded = existsSync(DIRECTORY);

interface Recorded {
  readonly id: string;
  readonly test: string;
  readonly fieldPrefix: string;
  readonly configDiff?: object | null;
  readonly expectedCauses?:
    readonly { readonly reason: string; readonly field?: string; readonly message: string }[] | null;
}

export function cases<T>(name: string): readonly (T & Recorded)[] {
  return readFileSync(new URL(`${name}.jsonl`, DIRECTORY), "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as T & Recorded);
}

/** The default configuration with the differences of a case; a null removes what is there. */
export function configOf(diff: object | null | undefined): ClusterConfig {
  const configuration = merged({}, diff ?? {}) as NonNullable<KubeVirtSpec["configuration"]>;
  const kubevirt: KubeVirt = {
    apiVersion: "kubevirt.io/v1",
    kind: "KubeVirt",
    metadata: { name: "kubevirt" },
    spec: { configuration },
  };
  return clusterConfig(kubevirt);
}

function merged(base: unknown, diff: unknown): unknown {
  if (typeof diff !== "object" || diff === null || Array.isArray(diff)) return diff;
  const result: Record<string, unknown> = { ...(base as object) };
  for (const [name, value] of Object.entries(diff)) {
    if (value === null) delete result[name];
    else result[name] = merged(result[name] ?? {}, value);
  }
  return result;
}

/** KubeVirt names some fields by paths that do not exist: ours on the left, what it says on the right. */
const MISNAMED: readonly (readonly [ours: RegExp, theirs: string, reason?: string])[] = [
  [/\.domain\.devices\.sound\.(model|name)$/, ".Sound"],
  [/\.domain\.devices\.hostDevices$/, ".HostDevices"],
  [/\.domain\.devices\.gpus$/, ".GPUs"],
  [/\.domain\.launchSecurity$/, ".launchSecurity"],
  [/\.domain\.ioThreads\.supplementalPoolThreadCount$/, ".domain.ioThreads.count"],
  [/^.*\.dnsConfig\.nameservers(\[\d+\])?$/, "nameservers"],
  [/^.*\.dnsConfig\.searches(\[\d+\])?$/, "searchDomains"],
  [/\.affinity\./, "."],
  [/\.topologySpreadConstraints\[\d+\]\.labelSelector/, ".topologySpreadConstraints.labelSelector"],
  [/\.domain\.devices\.interfaces$/, ".interfaces", "FieldValueDuplicate"],
  [/^fake(\[\d+\])\.disk\.pciAddress$/, "fake.domain.devices.disks.disk$1.pciAddress"],
  [/^fake(\[\d+\])\.io$/, "fake.domain.devices.disks$1.io"],
  [/\.dataVolume\.name$/, ".name"],
  [/^spec\.dataVolumeTemplates/, "spec.dataVolumeTemplate"],
];

function theirName(cause: Cause): string {
  for (const [ours, theirs, reason] of MISNAMED) {
    if (ours.test(cause.field) && (reason === undefined || reason === cause.reason))
      return cause.field.replace(ours, theirs);
  }
  return cause.field;
}

export interface Agreement {
  readonly total: number;
  /** Same verdict, and the same reasons at the same fields. */
  readonly agree: number;
  /** The same verdict. */
  readonly verdicts: number;
  readonly differ: readonly string[];
}

/** Compares verdicts and the sets of (reason, field); `expected` says which cases differ on purpose, by their id. */
export function compare<T extends Recorded>(
  list: readonly T[],
  judge: (item: T) => readonly Cause[],
  expected: Readonly<Record<string, string>>,
): Agreement {
  const differ: string[] = [];
  let agree = 0;
  let verdicts = 0;
  for (const item of list) {
    const ours = judge(item);
    const theirs = item.expectedCauses ?? [];
    const said = new Set(ours.map((cause) => `${cause.reason} ${theirName(cause)}`));
    const wanted = new Set(theirs.map((cause) => `${cause.reason} ${cause.field}`));
    const equal = said.size === wanted.size && [...wanted].every((one) => said.has(one));
    if ((ours.length === 0) === (theirs.length === 0)) verdicts += 1;
    if (equal) agree += 1;
    if (equal === item.id in expected) {
      differ.push(
        `${item.id} ${item.test.slice(-100)}\n  KubeVirt: ${[...wanted].join("; ") || "-"}\n  Virtive:  ${[...said].join("; ") || "-"}`,
      );
    }
  }
  return { total: list.length, agree, verdicts, differ };
}
