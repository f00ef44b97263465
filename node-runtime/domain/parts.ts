/** What volumes and network prepare, and what the domain XML is made of. All paths are absolute, on the node. */

export interface DomainDisk {
  /** Volume name in the VMI's spec. */
  readonly volume: string;
  readonly path: string;
  readonly format: "qcow2" | "raw";
  readonly readonly: boolean;
  /** A block device rather than a file. */
  readonly block: boolean;
  /** How it is opened unless its disk says so; QEMU's own way when unset. */
  readonly cache?: "none" | "writethrough";
}

export interface DirectBoot {
  readonly kernel?: string;
  readonly initrd?: string;
  readonly commandLine?: string;
}

export interface PreparedVolumes {
  readonly disks: readonly DomainDisk[];
  readonly boot?: DirectBoot;
  /**
   * The machine's own directory, where the sockets and the variable store of its domain go. Without it libvirt keeps
   * them in its own.
   */
  readonly directory?: string;
}

/** A guest NIC's host side: a macvtap or tap device that exists already in the hypervisor's network namespace. */
export interface GuestLink {
  /** Interface name in the VMI's spec. */
  readonly interface: string;
  readonly device: string;
  readonly mac: string;
  readonly mtu: number;
}

export interface DomainParts {
  readonly volumes: PreparedVolumes;
  readonly links: readonly GuestLink[];
  readonly accelerator: "kvm" | "tcg";
  /** Path of the emulator or of the wrapper that becomes it. */
  readonly emulator: string;
}
