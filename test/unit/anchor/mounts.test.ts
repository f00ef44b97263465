import { describe, expect, it } from "vitest";
import { hostPathOf, parseMounts } from "#node-runtime/anchor/mounts.ts";

const machine = parseMounts(`22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw
30 22 0:25 / /run rw shared:5 - tmpfs tmpfs rw
40 22 8:17 / /var/lib/kubelet/pods/P/volumes/kubernetes.io~csi/pv\\0401/mount rw shared:9 - xfs /dev/sdb1 rw
41 22 8:1 /srv/disks/a /var/lib/kubelet/pods/P/volumes/kubernetes.io~local-volume/pv2 rw shared:1 - ext4 /dev/sda1 rw
`);

const pod = (line: string): ReturnType<typeof parseMounts> =>
  parseMounts(`500 400 0:99 / / rw - overlay overlay rw\n501 500 ${line}\n`);

describe("a volume of a pod, on the machine", () => {
  it("is where the kubelet has mounted it", () => {
    const inner = pod("8:17 / /volumes/data rw - xfs /dev/sdb1 rw");
    expect(hostPathOf("/volumes/data", inner, machine)).toBe(
      "/var/lib/kubelet/pods/P/volumes/kubernetes.io~csi/pv 1/mount",
    );
  });

  it("is below the file system's mount when it is only a folder of it", () => {
    expect(hostPathOf("/volumes/data", pod("8:1 /srv/other /volumes/data rw - ext4 /dev/sda1 rw"), machine)).toBe(
      "/srv/other",
    );
    expect(hostPathOf("/volumes/data", pod("0:25 /user/x /volumes/data rw - tmpfs tmpfs rw"), machine)).toBe(
      "/run/user/x",
    );
  });

  it("is at the mount that is nearest to it", () => {
    const inner = pod("8:1 /srv/disks/a/sub /volumes/data rw - ext4 /dev/sda1 rw");
    expect(hostPathOf("/volumes/data", inner, machine)).toBe(
      "/var/lib/kubelet/pods/P/volumes/kubernetes.io~local-volume/pv2/sub",
    );
  });

  it("is nowhere when the machine does not show its file system, or the pod has none", () => {
    expect(hostPathOf("/volumes/data", pod("8:33 / /volumes/data rw - ext4 /dev/sdc1 rw"), machine)).toBeUndefined();
    expect(hostPathOf("/volumes/other", pod("8:17 / /volumes/data rw - xfs /dev/sdb1 rw"), machine)).toBeUndefined();
  });
});
