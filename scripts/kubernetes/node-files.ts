/** What containerd, kubelet and the network plugins of a node read. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { PAUSE_IMAGE } from "./images.ts";
import type { Cluster, ClusterNode } from "./record.ts";

export async function writeNodeFiles(cluster: Cluster, node: ClusterNode, programs: string): Promise<void> {
  const put = (file: string, text: string) => writeFile(join(node.directory, file), text);
  await mkdir(join(node.directory, "manifests"), { recursive: true });
  await Promise.all([
    put("network.conflist", JSON.stringify(networkOf(node))),
    put("containerd.toml", containerdOf(programs)),
    put("kubelet.json", JSON.stringify(kubeletOf(cluster, node))),
    // Pods ask nobody outside for names; there is no cluster DNS either.
    put("resolv.conf", ""),
  ]);
}

function networkOf({ podRange }: ClusterNode): object {
  return {
    cniVersion: "1.0.0",
    name: "cluster",
    plugins: [
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        ipMasq: false,
        hairpinMode: true,
        ipam: { type: "host-local", ranges: [[{ subnet: podRange }]], routes: [{ dst: "0.0.0.0/0" }] },
      },
      { type: "portmap", capabilities: { portMappings: true }, snat: true },
    ],
  };
}

/** `restrict_oom_score_adj`: where root may not lower it (no CAP_SYS_RESOURCE), no pod would start otherwise. */
function containerdOf(programs: string): string {
  return `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
address = "/run/containerd/containerd.sock"
[plugins."io.containerd.grpc.v1.cri"]
sandbox_image = "${PAUSE_IMAGE}"
restrict_oom_score_adj = true
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "overlayfs"
default_runtime_name = "runc"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
SystemdCgroup = false
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "${join(programs, "cni")}"
conf_dir = "/etc/cni/net.d"
`;
}

function kubeletOf({ paths }: Cluster, node: ClusterNode): object {
  return {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: join(paths.pki, "ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: join(paths.pki, `kubelet-${node.name}.crt`),
    tlsPrivateKeyFile: join(paths.pki, `kubelet-${node.name}.key`),
    containerRuntimeEndpoint: "unix:///run/containerd/containerd.sock",
    cgroupDriver: "cgroupfs",
    failCgroupV1: false,
    failSwapOn: false,
    clusterDNS: ["10.96.0.10"],
    clusterDomain: "cluster.local",
    resolvConf: join(node.directory, "resolv.conf"),
    healthzBindAddress: "127.0.0.1",
    staticPodPath: join(node.directory, "manifests"),
    // A test machine's disk may be full of other things: that is no reason to turn pods away.
    imageGCHighThresholdPercent: 100,
    evictionHard: {
      "memory.available": "100Mi",
      "nodefs.available": "1%",
      "nodefs.inodesFree": "1%",
      "imagefs.available": "1%",
      "imagefs.inodesFree": "1%",
    },
    nodeStatusUpdateFrequency: "2s",
  };
}
