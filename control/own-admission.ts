/**
 * Instances that functions of this process create are admitted here, by the very code that the webhook would ask: an API
 * server that calls back for each of them takes longer than the creation itself. The chart's webhook leaves out what control
 * creates and what bears our finalizer, which is a mark of admission; everybody else's instances it asks about.
 */
import type { KubeObject } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import type { Writer } from "#events/cluster.ts";
import { faultOf } from "#events/kube-faults.ts";
import type { Admission, AdmitUser } from "#functions/admit/admit.ts";

/** @param user as the API server would name this process */
export function admitting(writer: Writer, admission: Admission, user: AdmitUser): Writer {
  return {
    async create(kind, object) {
      if (kind.kind !== VirtualMachineInstance.kind || kind.group !== VirtualMachineInstance.group)
        return writer.create(kind, object);
      const { name, namespace = "" } = object.metadata;
      const operation = "CREATE";
      const answer = await admission.review({ operation, kind, namespace, name, object, user, dryRun: false });
      if (!answer.allowed) {
        const { code, causes = [], ...status } = answer.status;
        const body = { kind: "Status", code, ...status, details: { causes } };
        throw faultOf(code, body, `create ${kind.kind} ${namespace}/${name}`, "create");
      }
      return writer.create(kind, withoutStatus(answer.object ?? object) as typeof object);
    },
    patch: (kind, before, after, part) => writer.patch(kind, before, after, part),
    remove: (kind, object, options) => writer.remove(kind, object, options),
  };
}

/** An API server takes none with a creation. */
function withoutStatus(object: KubeObject): KubeObject {
  const { status: _, ...rest } = object as KubeObject & { readonly status?: unknown };
  return rest;
}
