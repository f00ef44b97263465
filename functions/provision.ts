/**
 * provision: makes the DataVolumes that a virtual machine brings along, and says when they are filled. Wakes on virtual
 * machines, and looks again while it waits. Creates DataVolumes; writes the VM's condition DataVolumesReady, for which `run`
 * waits before it starts the first instance. A DataVolume goes with its VM, and its claim with it.
 *
 * ```
 *   VM ──► CDI missing ─► CDINotInstalled ──┐ looked at again
 *     └──► DataVolume made ─► NotAllDVsReady ──► AllDVsReady (True)
 *                                   └──► DataVolumeFailed
 * ```
 */
import { PersistentVolumeClaim } from "#api/core.ts";
import { CustomResourceDefinition } from "#api/custom-resource-definition.ts";
import { BIND_IMMEDIATELY, DATA_VOLUME_DEFINITION, DataVolume } from "#api/data-volume.ts";
import { label } from "#api/names.ts";
import { apiVersionOf, conditionOf, controllerOf, partsOf, withCondition, type Stored } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { changed, defineFunction, nothing, statusPatch, type Decision, type Effect } from "./define.ts";
import { isDeleting } from "./instance.ts";

type Template = NonNullable<VirtualMachine["spec"]["dataVolumeTemplates"]>[number];

export interface ProvisionFacts {
  readonly vm: Stored<VirtualMachine>;
  readonly wanted: readonly {
    readonly name: string;
    readonly template: Template;
    readonly volume: Stored<DataVolume> | undefined;
    /** There is no DataVolume and needs none: a claim of the name is there, such as CDI leaves when it removes what is done. */
    readonly claimed: boolean;
  }[];
  /** The cluster knows DataVolumes. */
  readonly importer: boolean;
}

export const DATA_VOLUMES_READY = "DataVolumesReady";
const FILLING_AGAIN_MILLISECONDS = 5_000;
/** For what only somebody else can change. */
const AGAIN_MILLISECONDS = 15_000;

export const provision = defineFunction<ProvisionFacts>({
  name: "provision",
  purpose: "Makes the DataVolumes of a VirtualMachine's dataVolumeTemplates, and says when they are filled.",
  on: [changed(VirtualMachine, { concerns: (vm, how) => how !== "gone" && bringsAlong(vm) })],
  reads: ["VirtualMachine.get", "DataVolume.get", "PersistentVolumeClaim.get", "CustomResourceDefinition.get"],
  writes: ["DataVolume.create", `VirtualMachine.status.conditions[${DATA_VOLUMES_READY}]`, "record"],

  async read({ cluster }, key) {
    const { namespace, name } = partsOf(key);
    const vm = await cluster.get(VirtualMachine, { namespace, name });
    if (vm === undefined) return undefined;
    const templates = isDeleting(vm) ? [] : (vm.spec.dataVolumeTemplates ?? []);
    const wanted = await Promise.all(
      templates.map(async (template) => {
        const at = { namespace, name: template.metadata?.name ?? "" };
        const volume = await cluster.get(DataVolume, at);
        const claimed = volume === undefined && isOnItsOwn(await cluster.get(PersistentVolumeClaim, at));
        return { name: at.name, template, volume, claimed };
      }),
    );
    const missing = wanted.some(({ volume, claimed }) => volume === undefined && !claimed);
    const definition = missing
      ? await cluster.get(CustomResourceDefinition, { name: DATA_VOLUME_DEFINITION })
      : undefined;
    return { vm, wanted, importer: !missing || definition !== undefined };
  },

  decide(facts, now) {
    const { vm, wanted, importer } = facts;
    if (isDeleting(vm)) return nothing("the VM is going; its DataVolumes go with it");
    if (wanted.length === 0) return without(vm);
    const unsafe = wanted.flatMap(({ name, template }) =>
      foreignSources(template, vm).map((field) => ({ name, field })),
    );
    const [first] = unsafe;
    if (first !== undefined) {
      const why = `${first.field} of DataVolume ${first.name} may lead to another namespace, whose owner has not been asked`;
      return say(vm, { reason: "SourceNotAllowed", message: `${why}; use a source in the VM's own.` }, [], now);
    }
    const missing = wanted.filter(({ volume, claimed }) => volume === undefined && !claimed);
    if (missing.length > 0 && !importer) {
      const message = `DataVolumes are the Containerized Data Importer's (CDI), which is not installed: this cluster has no ${DATA_VOLUME_DEFINITION}. The VM starts by itself once it is, and has filled ${namesOf(missing)}.`;
      return say(vm, { reason: "CDINotInstalled", message }, [], now, AGAIN_MILLISECONDS);
    }
    const made = missing.map(({ template }): Effect => ({
      do: "create",
      kind: DataVolume,
      object: dataVolumeOf(vm, template),
    }));
    const failed = wanted.filter(({ volume }) => volume?.status?.phase === "Failed");
    if (failed.length > 0) {
      const message = `CDI could not fill ${failed.map(told).join("; ")}.`;
      return say(vm, { reason: "DataVolumeFailed", message }, made, now, AGAIN_MILLISECONDS);
    }
    const waiting = wanted.filter(({ volume, claimed }) => !claimed && volume?.status?.phase !== "Succeeded");
    if (waiting.length > 0) {
      const message = `Not filled yet: ${waiting.map(told).join("; ")}.`;
      return say(vm, { reason: "NotAllDVsReady", message }, made, now, FILLING_AGAIN_MILLISECONDS);
    }
    const condition = { type: DATA_VOLUMES_READY, status: "True", reason: "AllDVsReady" } as const;
    const status = { ...vm.status, conditions: withCondition(vm.status?.conditions, condition, now) };
    return {
      effects: statusPatch(VirtualMachine, vm, status),
      because: `${namesOf(wanted)} are filled`,
    };
  },

  refused({ vm }, fault, now) {
    return say(vm, { reason: "FailedCreate", message: fault.message }, [], now, AGAIN_MILLISECONDS);
  },
});

/** Something is to be made, or was and is still told of. */
function bringsAlong(vm: VirtualMachine): boolean {
  return (vm.spec.dataVolumeTemplates ?? []).length > 0 || conditionOf(vm, DATA_VOLUMES_READY) !== undefined;
}

/** One that a DataVolume still owns goes with it. */
function isOnItsOwn(claim: Stored<PersistentVolumeClaim> | undefined): boolean {
  return claim !== undefined && !isDeleting(claim) && controllerOf(claim)?.kind !== DataVolume.kind;
}

function without(vm: Stored<VirtualMachine>): Decision {
  const conditions = vm.status?.conditions?.filter(({ type }) => type !== DATA_VOLUMES_READY);
  return {
    effects: conditions === undefined ? [] : statusPatch(VirtualMachine, vm, { ...vm.status, conditions }),
    because: "the VM brings no DataVolumes along",
  };
}

/** Not ready, and why. A Kubernetes Event tells it once, where somebody has to do something. */
function say(
  vm: Stored<VirtualMachine>,
  why: { readonly reason: string; readonly message: string },
  effects: readonly Effect[],
  now: Date,
  againMilliseconds?: number,
): Decision {
  const old = conditionOf(vm, DATA_VOLUMES_READY);
  const condition = { type: DATA_VOLUMES_READY, status: "False", ...why } as const;
  const status = { ...vm.status, conditions: withCondition(vm.status?.conditions, condition, now) };
  const news = old?.reason !== why.reason && why.reason !== "NotAllDVsReady";
  return {
    effects: [
      ...effects,
      ...statusPatch(VirtualMachine, vm, status),
      ...(news ? [{ do: "record", about: vm, type: "Warning", ...why } as const] : []),
    ],
    because: why.message,
    ...(againMilliseconds === undefined ? {} : { at: new Date(now.getTime() + againMilliseconds) }),
  };
}

function told({ name, volume }: ProvisionFacts["wanted"][number]): string {
  const said = volume?.status?.conditions?.find(({ type, message }) => type === "Running" && (message ?? "") !== "");
  const phase = `DataVolume ${name} is ${volume?.status?.phase ?? "new"}`;
  return said?.message === undefined ? phase : `${phase} (${said.message.slice(0, 512)})`;
}

function namesOf(some: readonly { readonly name: string }[]): string {
  return some.map(({ name }) => name).join(", ");
}

/**
 * CDI asks whether who makes a DataVolume may read its source. That is us, who may make pods everywhere, and not the
 * user: a source elsewhere, or one that is only named there, would give him what he may not see.
 */
function foreignSources({ spec }: Template, { metadata }: Stored<VirtualMachine>): readonly string[] {
  const request = spec.pvc ?? spec.storage;
  const namespaces: readonly (readonly [field: string, namespace: string | undefined])[] = [
    ["source.pvc.namespace", spec.source?.pvc?.namespace],
    ["source.snapshot.namespace", spec.source?.snapshot?.namespace],
    ["dataSourceRef.namespace", request?.dataSourceRef?.namespace],
  ];
  const elsewhere = namespaces.filter(([, namespace]) => namespace !== undefined && namespace !== metadata.namespace);
  return [...(spec.sourceRef === undefined ? [] : ["sourceRef"]), ...elsewhere.map(([field]) => field)];
}

/** As the template has it, owned by the VM; filled at once, for the VM's pod is made only when it is. */
function dataVolumeOf(vm: Stored<VirtualMachine>, template: Template): DataVolume {
  const { name = "", namespace } = vm.metadata;
  const { labels, annotations } = template.metadata as {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  return {
    apiVersion: apiVersionOf(DataVolume),
    kind: DataVolume.kind,
    metadata: {
      name: template.metadata?.name ?? "",
      ...(namespace === undefined ? {} : { namespace }),
      labels: { ...labels, [label.createdBy]: vm.metadata.uid },
      annotations: { [BIND_IMMEDIATELY]: "true", ...annotations },
      ownerReferences: [
        {
          apiVersion: apiVersionOf(VirtualMachine),
          kind: VirtualMachine.kind,
          name,
          uid: vm.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: template.spec,
  };
}
