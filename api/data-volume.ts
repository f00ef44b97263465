/**
 * DataVolumes: claims with content. The Containerized Data Importer (CDI), another project, makes the claim, which has the
 * DataVolume's name, and fills it. Of the kind only what Virtive reads or writes. Pure.
 */
import type { Condition, Kind, KubeObject } from "./object.ts";

export interface DataVolume extends KubeObject {
  readonly spec?: Readonly<Record<string, unknown>>;
  readonly status?: {
    /** Pending, ImportInProgress, CloneInProgress, Succeeded, Failed, WaitForFirstConsumer, … */
    readonly phase?: string;
    readonly progress?: string;
    readonly conditions?: readonly Condition[];
  };
}

export const DataVolume: Kind<DataVolume> = {
  group: "cdi.kubevirt.io",
  version: "v1beta1",
  kind: "DataVolume",
  plural: "datavolumes",
  namespaced: true,
};

/** Name of the kind's CustomResourceDefinition: where it is missing, so is CDI. */
export const DATA_VOLUME_DEFINITION = `${DataVolume.plural}.${DataVolume.group}`;

/** CDI's own, on a DataVolume: fill it although no pod uses it yet. */
export const BIND_IMMEDIATELY = "cdi.kubevirt.io/storage.bind.immediate.requested";

/** CDI waits for a pod that uses the claim before it fills it. */
export const WAITS_FOR_CONSUMER: ReadonlySet<string> = new Set(["WaitForFirstConsumer", "PendingPopulation"]);
