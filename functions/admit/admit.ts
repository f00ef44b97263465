/**
 * admit: defaults and judges VirtualMachines and instances before they are stored. Wakes on admission; writes what is
 * left out, and refuses what can't be, field by field. Pure, given the cluster's configuration: the local API server
 * calls it in its process, a real one by webhook (`functions/admit/review.ts`).
 *
 * - create: defaulted, then validated. update: defaulted where something was fixed at creation, validated by what may change
 * - delete is always allowed, and so is every update of what is being deleted: both must stay possible
 * - the status is written by Virtive alone
 */
import { clusterConfig, type ClusterConfig, type Surroundings } from "#api/cluster-config.ts";
import { defaultVirtualMachine } from "#api/default/virtual-machine.ts";
import { defaultVirtualMachineInstance } from "#api/default/virtual-machine-instance.ts";
import type { KubeVirt } from "#api/kubevirt.ts";
import type { Kind, KubeObject } from "#api/object.ts";
import { refusedOrUnsupported } from "#api/support.ts";
import { SOUND, withoutNulls } from "#api/validate/schema.ts";
import { validateVirtualMachine, validateVirtualMachineUpdate } from "#api/validate/virtual-machine.ts";
import {
  validateVirtualMachineInstance,
  validateVirtualMachineInstanceUpdate,
  type Writer,
} from "#api/validate/virtual-machine-instance.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { Pod } from "#api/core.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { VirtualMachineInstanceMigration } from "#api/virtual-machine-instance-migration.ts";
import { randomUUID } from "node:crypto";
import { isDeepStrictEqual } from "node:util";
import type { Reader } from "#events/cluster.ts";
import type { Cause } from "#events/fault.ts";
import { VirtualMachineInstanceSchema, VirtualMachineSchema } from "#api/schema/kinds.ts";
import { kubevirtIn } from "../cluster-settings.ts";
import type { Evictor } from "../evict.ts";
import { admitMigration, type MigrationSurroundings } from "./migration.ts";

export interface AdmitUser {
  readonly username: string;
  readonly groups: readonly string[];
}

export interface AdmitRequest {
  readonly operation: "CREATE" | "UPDATE" | "DELETE";
  readonly kind: Kind;
  readonly namespace: string;
  readonly name: string;
  readonly object?: KubeObject;
  readonly oldObject?: KubeObject;
  readonly subresource?: string;
  readonly user: AdmitUser;
  readonly dryRun: boolean;
}

export type AdmitAnswer =
  | { readonly allowed: true; readonly object?: KubeObject; readonly warnings?: readonly string[] }
  | {
      readonly allowed: false;
      readonly status: {
        readonly code: number;
        readonly reason: string;
        readonly message: string;
        readonly causes?: readonly Cause[];
      };
    };

export interface AdmitFacts {
  readonly config: ClusterConfig;
  readonly writer: Writer;
  readonly now: Date;
  readonly uuid: () => string;
  /** For a migration that is about to be created. */
  readonly migrating?: MigrationSurroundings;
}

const ALLOWED: AdmitAnswer = { allowed: true };

export function admit(request: AdmitRequest, facts: AdmitFacts): AdmitAnswer {
  const { kind, operation, object, oldObject, subresource } = request;
  const ours = kind.kind === VirtualMachine.kind || kind.kind === VirtualMachineInstance.kind;
  if (kind.kind === VirtualMachineInstanceMigration.kind && kind.group === VirtualMachineInstanceMigration.group) {
    return admitMigrating(request, facts);
  }
  if (!ours || kind.group !== VirtualMachine.group || operation === "DELETE" || object === undefined) return ALLOWED;
  if (subresource !== undefined) return admitSubresource(request, facts);
  if (operation === "UPDATE" && isGoing(object) && oldObject !== undefined && writesNoSpec(object, oldObject))
    return ALLOWED;
  if (kind.kind === VirtualMachine.kind) {
    return admitVM(object as VirtualMachine, oldObject as VirtualMachine | undefined, facts);
  }
  return admitVMI(object as VirtualMachineInstance, oldObject as VirtualMachineInstance | undefined, facts);
}

function admitMigrating(request: AdmitRequest, facts: AdmitFacts): AdmitAnswer {
  const { operation, object, oldObject, subresource } = request;
  if (operation === "DELETE" || object === undefined) return ALLOWED;
  if (subresource !== undefined) return admitSubresource(request, facts);
  if (isGoing(object)) return ALLOWED;
  const around = facts.migrating ?? { vmi: undefined, migrations: [] };
  const old = oldObject as VirtualMachineInstanceMigration | undefined;
  const { object: next, causes } = admitMigration(object as VirtualMachineInstanceMigration, old, around);
  return judged(VirtualMachineInstanceMigration, next, causes);
}

function isGoing(object: KubeObject): boolean {
  return object.metadata.deletionTimestamp !== undefined;
}

/** What is being deleted may lose finalizers and labels; its spec is what the node still works by. */
function writesNoSpec(object: KubeObject, old: KubeObject): boolean {
  const specOf = (one: KubeObject): unknown => (one as { readonly spec?: unknown }).spec;
  return isDeepStrictEqual(specOf(object), specOf(old));
}

function admitSubresource({ subresource, user, kind, name }: AdmitRequest, { writer }: AdmitFacts): AdmitAnswer {
  if (subresource !== "status" || writer === "virtive") return ALLOWED;
  const message =
    `${kind.plural} "${name}": the status is written by Virtive's functions alone, not by "${user.username}"; ` +
    "change the spec, or use start, stop, restart, pause and unpause";
  return { allowed: false, status: { code: 403, reason: "Forbidden", message } };
}

/** A manifest from a template has fields without a value: null is "not set", and definitions would refuse it. */
function legible<T extends KubeObject>(
  schema: { safeParse(object: unknown): { readonly success: boolean } },
  object: T,
): { readonly readable: boolean; readonly object: T } {
  if (schema.safeParse(object).success) return { readable: true, object };
  const plain = withoutNulls(object);
  return { readable: schema.safeParse(plain).success, object: plain };
}

/**
 * What can't even be read is told as it is: defaulting would stumble over it. What can is not read once more when it is
 * defaulted; the schema holds for that too.
 */
function admitVM(given: VirtualMachine, old: VirtualMachine | undefined, facts: AdmitFacts): AdmitAnswer {
  const { config } = facts;
  const { readable, object: vm } = legible(VirtualMachineSchema, given);
  const next = readable ? defaultVirtualMachine(vm, config, facts, old) : vm;
  const found = readable ? SOUND : undefined;
  const causes =
    old === undefined
      ? validateVirtualMachine(next, config, found)
      : validateVirtualMachineUpdate(old, next, config, found);
  const answer = judged(VirtualMachine, next, causes);
  return answer.allowed ? { ...answer, ...warningsFor(next.spec.template, "spec.template.") } : answer;
}

function admitVMI(
  given: VirtualMachineInstance,
  old: VirtualMachineInstance | undefined,
  facts: AdmitFacts,
): AdmitAnswer {
  const { config, writer } = facts;
  if (old !== undefined) {
    return judged(VirtualMachineInstance, given, validateVirtualMachineInstanceUpdate(old, given, config, writer));
  }
  const { readable, object: vmi } = legible(VirtualMachineInstanceSchema, given);
  const next = readable ? defaultVirtualMachineInstance(vmi, config, facts) : vmi;
  const answer = judged(
    VirtualMachineInstance,
    next,
    validateVirtualMachineInstance(next, config, writer, readable ? SOUND : undefined),
  );
  // Who made the VM of an instance of ours was warned then.
  return answer.allowed && writer === "user" ? { ...answer, ...warningsFor(next, "") } : answer;
}

const MOST_MESSAGES = 10;

/** A field without effect is no error, but nobody should find out by waiting for it. */
function warningsFor(
  { spec }: Pick<VirtualMachineInstance, "spec">,
  prefix: string,
): { readonly warnings?: readonly string[] } {
  const fields = refusedOrUnsupported({ spec }).slice(0, MOST_MESSAGES);
  if (fields.length === 0) return {};
  const fates = { accepted: "is accepted, but nothing acts on it yet", refused: "is not supported: no node starts it" };
  return { warnings: fields.map(({ field, support }) => `${prefix}${field} ${fates[support]}`) };
}

/** Bytes of an object's JSON: an order carries its spec to a node, and takes no more. The API itself takes 1.5 MiB. */
const MOST_BYTES = 1024 * 1024;

function judged(kind: Kind, object: KubeObject, causes: readonly Cause[]): AdmitAnswer {
  const bytes = Buffer.byteLength(JSON.stringify(object));
  if (bytes > MOST_BYTES) {
    const message = `${kind.kind} "${object.metadata.name}" can't be stored: it has ${bytes} bytes as JSON; at most ${MOST_BYTES} (1 MiB) are allowed`;
    return { allowed: false, status: { code: 413, reason: "RequestEntityTooLarge", message } };
  }
  if (causes.length === 0) return { allowed: true, object };
  const shown = causes.slice(0, MOST_MESSAGES).map((cause) => `${cause.field}: ${cause.message}`);
  const more = causes.length > shown.length ? `, and ${causes.length - shown.length} more` : "";
  const message = `${kind.kind} "${object.metadata.name}" can't be stored: ${shown.join(", ")}${more}`;
  return { allowed: false, status: { code: 422, reason: "Invalid", message, causes } };
}

export interface AdmissionOptions {
  /** For the KubeVirt object; undefined while nothing can be read yet: then defaults hold. */
  readonly reader: () => Reader | undefined;
  readonly around?: Surroundings;
  /** The names under which Virtive's own functions and gateway write. */
  readonly ownUsers?: readonly string[];
  readonly now?: () => Date;
  readonly uuid?: () => string;
  /** Answers evictions of anchor pods; undefined while nothing can be read yet. */
  readonly evictor?: () => Evictor | undefined;
}

export interface Admission {
  review(request: AdmitRequest): Promise<AdmitAnswer>;
}

/** The common name of the control plane's certificate, and the ServiceAccount that it has on a cluster. */
export const OWN_USERS = ["system:virtive:control", "system:serviceaccount:virtive:virtive-control"] as const;

export function createAdmission(options: AdmissionOptions): Admission {
  const { reader, around = {}, ownUsers = OWN_USERS, now = () => new Date(), uuid = randomUUID } = options;
  return {
    async review(request) {
      if (request.kind.kind === Pod.kind) return evicted(request, options);
      const isOurs = ownUsers.includes(request.user.username);
      return admit(request, {
        config: clusterConfig(await settingsIn(reader()), around),
        writer: isOurs ? "virtive" : "user",
        now: now(),
        uuid,
        ...(await migratingOf(request, reader())),
      });
    },
  };
}

async function evicted(request: AdmitRequest, options: AdmissionOptions): Promise<AdmitAnswer> {
  const evictor = options.evictor?.();
  if (request.subresource !== "eviction" || evictor === undefined) return ALLOWED;
  const { namespace, name, object } = request;
  const dryRun = request.dryRun || isDryRun(object);
  const config = clusterConfig(await settingsIn(options.reader()), options.around);
  const verdict = await evictor.review({ namespace, pod: name, dryRun }, config);
  if (verdict.allowed) return ALLOWED;
  return { allowed: false, status: { code: 429, reason: "TooManyRequests", message: verdict.message } };
}

/** `kubectl drain --dry-run=server` says it in the Eviction: of a review's `dryRun` an API server makes nothing of that. */
function isDryRun(eviction: KubeObject | undefined): boolean {
  const { deleteOptions } = (eviction ?? {}) as { readonly deleteOptions?: { readonly dryRun?: unknown } | null };
  const dryRun = deleteOptions?.dryRun;
  return Array.isArray(dryRun) && dryRun.length > 0;
}

async function migratingOf(
  { kind, operation, object, namespace }: AdmitRequest,
  reader: Reader | undefined,
): Promise<{ readonly migrating?: MigrationSurroundings }> {
  if (kind.kind !== VirtualMachineInstanceMigration.kind || operation !== "CREATE" || reader === undefined) return {};
  const name = (object as VirtualMachineInstanceMigration | undefined)?.spec?.vmiName;
  if (typeof name !== "string" || name === "") return {};
  const migrations = await reader.list(VirtualMachineInstanceMigration, { namespace, instance: name });
  const vmi = await reader.get(VirtualMachineInstance, { namespace, name });
  return { migrating: { vmi, migrations } };
}

/** While nothing can be read yet, defaults hold: a cluster that can't be read must not refuse everything. */
async function settingsIn(reader: Reader | undefined): Promise<KubeVirt | undefined> {
  return reader === undefined ? undefined : kubevirtIn(reader);
}
