/** What whoever runs the functions decides once. Everything else comes from objects. */
export interface FunctionsConfig {
  /** Image of the anchor pod's only container. */
  readonly anchorImage: string;
  /**
   * True where Nodes exist by our runtimes' heartbeats alone (the local shape): `attend` then creates them and writes
   * Ready, capacity and addresses. On a real cluster those are the kubelet's.
   */
  readonly ownNodes: boolean;
  /** vCPUs for each CPU that a pod requests. KubeVirt's default is 10. */
  readonly cpuAllocationRatio: number;
}

export const defaultConfig = {
  anchorImage: "virtive/anchor:0.1.0",
  ownNodes: false,
  cpuAllocationRatio: 10,
} as const satisfies FunctionsConfig;
