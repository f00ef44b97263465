/** What the gateway's groups say they serve. */

interface Resource {
  readonly name: string;
  readonly namespaced: boolean;
  readonly verbs: readonly ("get" | "update")[];
}

const UPDATE = ["update"] as const;
const GET = ["get"] as const;

/** Subresources of KubeVirt's group. Kinds are not told, as KubeVirt does not tell them. */
export const kubevirtResources: readonly Resource[] = [
  ...["start", "stop", "restart", "migrate"].map((verb) => ({
    name: `virtualmachines/${verb}`,
    namespaced: true,
    verbs: UPDATE,
  })),
  { name: "virtualmachines/expand-spec", namespaced: true, verbs: GET },
  { name: "expand-vm-spec", namespaced: true, verbs: UPDATE },
  ...["pause", "unpause", "softreboot", "reset"].map((verb) => ({
    name: `virtualmachineinstances/${verb}`,
    namespaced: true,
    verbs: UPDATE,
  })),
  { name: "virtualmachines/evacuate/cancel", namespaced: true, verbs: UPDATE },
  { name: "virtualmachineinstances/evacuate/cancel", namespaced: true, verbs: UPDATE },
  { name: "virtualmachineinstances/console", namespaced: true, verbs: GET },
  { name: "version", namespaced: false, verbs: GET },
  { name: "healthz", namespaced: false, verbs: GET },
];

/** Subresources of our own group. */
export const virtiveResources: readonly Resource[] = [
  { name: "cloudevents", namespaced: false, verbs: GET },
  { name: "virtualmachines/explain", namespaced: true, verbs: GET },
];

export function resourceList(group: string, version: string, resources: readonly Resource[]): object {
  return {
    kind: "APIResourceList",
    apiVersion: "v1",
    groupVersion: `${group}/${version}`,
    resources: resources.map((resource) => ({ ...resource, singularName: "", kind: "" })),
  };
}
