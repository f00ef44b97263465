/**
 * The anchor pod: one small unprivileged process that makes the VM a citizen of Kubernetes. QEMU joins its cgroup and
 * network; it ends when the guest is down. Pure.
 */
import { Pod, type Toleration } from "#api/core.ts";
import { annotation, GUEST_ARRIVED, label } from "#api/names.ts";
import { apiVersionOf } from "#api/object.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { GUEST_USER } from "#events/machine.ts";
import type { FunctionsConfig } from "../config.ts";
import { anchorName, anchorNameFor, asLabel, graceSeconds, LONGEST_LABEL, type Instance } from "../instance.ts";
import { claimParts, type ClaimedVolume } from "./claims.ts";
import { probesOf } from "./probes.ts";
import { asQuantities, limitsOf, requestsOf } from "./resources.ts";

/** Beyond the guest's grace: time to take disks and network down before the kubelet kills what is left. */
const TEARDOWN_SECONDS = 30;

/** Annotations of an instance that are not the pod's business. */
const PRIVATE_ANNOTATIONS = [
  "kubectl.kubernetes.io/last-applied-configuration",
  "kubevirt.io/vm-generation",
  annotation.paused,
  annotation.template,
];

/** For a migration: the pod that waits for the guest on another node. */
export interface AnchorForMigration {
  readonly migration: { readonly name: string; readonly uid: string };
  readonly addedNodeSelector: Readonly<Record<string, string>>;
  /** The node that the guest is to leave. */
  readonly notOn: string;
}

/** `nodeName`: where, when placement is ours; else the named scheduler says. */
export function anchorOf(
  vmi: Instance,
  nodeName: string | undefined,
  config: FunctionsConfig,
  claims: readonly ClaimedVolume[] = [],
  moving?: AnchorForMigration,
): Pod {
  const { spec } = vmi;
  const claimed = claimParts(claims);
  const limits = limitsOf(spec, config.cpuAllocationRatio);
  const affinity =
    moving === undefined || nodeName !== undefined ? spec.affinity : awayFrom(spec.affinity, moving.notOn);
  return {
    apiVersion: apiVersionOf(Pod),
    kind: Pod.kind,
    metadata: {
      name: moving === undefined ? anchorName(vmi) : anchorNameFor(vmi, moving.migration.uid),
      ...(vmi.metadata.namespace === undefined ? {} : { namespace: vmi.metadata.namespace }),
      labels: {
        ...labelsOf(vmi),
        ...(moving === undefined ? {} : { [label.migrationJobUID]: moving.migration.uid }),
      },
      annotations: {
        ...annotationsOf(vmi),
        ...(moving === undefined ? {} : { [annotation.migrationJobName]: moving.migration.name }),
      },
      ownerReferences: [
        {
          apiVersion: apiVersionOf(VirtualMachineInstance),
          kind: VirtualMachineInstance.kind,
          name: vmi.metadata.name,
          uid: vmi.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    spec: {
      ...(nodeName === undefined ? {} : { nodeName }),
      ...(spec.schedulerName === undefined ? {} : { schedulerName: spec.schedulerName }),
      ...(spec.priorityClassName === undefined ? {} : { priorityClassName: spec.priorityClassName }),
      ...(spec.topologySpreadConstraints === undefined
        ? {}
        : { topologySpreadConstraints: spec.topologySpreadConstraints }),
      nodeSelector: { ...spec.nodeSelector, ...moving?.addedNodeSelector, [label.schedulable]: "true" },
      ...(spec.tolerations === undefined ? {} : { tolerations: spec.tolerations as readonly Toleration[] }),
      ...(affinity === undefined ? {} : { affinity }),
      hostname:
        spec.hostname ??
        vmi.metadata.name
          .slice(0, LONGEST_LABEL)
          .replace(/[.-]+$/, "")
          .replaceAll(".", "-"),
      ...(spec.subdomain === undefined ? {} : { subdomain: spec.subdomain }),
      // One pod is one run: another sandbox would have another address.
      restartPolicy: "Never",
      terminationGracePeriodSeconds: graceSeconds(vmi) + TEARDOWN_SECONDS,
      // Both ends have the labels that Services select by; they lead to the one that has the guest.
      ...(moving === undefined ? {} : { readinessGates: [{ conditionType: GUEST_ARRIVED }] }),
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      securityContext: {
        runAsNonRoot: true,
        runAsUser: GUEST_USER.uid,
        runAsGroup: GUEST_USER.gid,
        fsGroup: GUEST_USER.gid,
        seccompProfile: { type: "RuntimeDefault" },
      },
      ...claimed.pod,
      containers: [
        {
          name: "compute",
          image: config.anchorImage,
          resources: {
            requests: { ...asQuantities(requestsOf(spec, config.cpuAllocationRatio)) },
            ...(limits === undefined ? {} : { limits }),
          },
          ...claimed.container,
          ...probesOf(spec, moving !== undefined),
          securityContext: {
            allowPrivilegeEscalation: false,
            readOnlyRootFilesystem: true,
            capabilities: { drop: ["ALL"] },
          },
        },
      ],
    },
  };
}

type Affinity = Instance["spec"]["affinity"];

/** Terms are alternatives: each of them must keep away from the node. By its name: its label hostname may say another. */
function awayFrom(affinity: Affinity, node: string): Affinity {
  const required = affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution;
  const away = { key: "metadata.name", operator: "NotIn" as const, values: [node] };
  const terms = required?.nodeSelectorTerms ?? [{}];
  return {
    ...affinity,
    nodeAffinity: {
      ...affinity?.nodeAffinity,
      requiredDuringSchedulingIgnoredDuringExecution: {
        nodeSelectorTerms: terms.map((term) => ({
          ...term,
          matchFields: [...(term.matchFields ?? []), away],
        })),
      },
    },
  };
}

function labelsOf(vmi: Instance): Record<string, string> {
  return {
    ...vmi.metadata.labels,
    [label.component]: "virt-launcher",
    [label.createdBy]: vmi.metadata.uid,
    [label.vmName]: asLabel(vmi.spec.hostname ?? vmi.metadata.name),
    [label.vmiId]: asLabel(vmi.metadata.name),
  };
}

function annotationsOf(vmi: Instance): Record<string, string> {
  const kept = Object.entries(vmi.metadata.annotations ?? {}).filter(([name]) => !PRIVATE_ANNOTATIONS.includes(name));
  return {
    ...Object.fromEntries(kept),
    [annotation.domain]: vmi.metadata.name,
    "kubectl.kubernetes.io/default-container": "compute",
  };
}
