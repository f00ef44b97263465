/** What the model of the protocol is made of: its state, the faults that may still befall it, the rules it keeps. */

export type Phase = "Pending" | "Claimed" | "Running" | "Unknown" | "Final";
export type NodeIndex = 0 | 1;

/** The VM's present instance at the API server. `version` grows with each write. */
export interface Instance {
  readonly uid: number;
  readonly version: number;
  readonly phase: Phase;
  readonly deleting: boolean;
  readonly claim?: { readonly node: NodeIndex; readonly boot: number };
}

/** What a node's runtime keeps of its machine. */
export interface NodeRecord {
  readonly uid: number;
  readonly version: number;
  readonly wish: "run" | "off";
  readonly at: "new" | "created" | "running" | "stopped";
}

export interface NodeState {
  /** Its life: another one after a reboot, and after its files were lost. */
  readonly boot: number;
  /** It has lost its files, and what ran before may still run: it tells nobody of its new boot and takes no order. */
  readonly clearing?: true;
  readonly record?: NodeRecord;
  /** The domain in the hypervisor; outlives records. */
  readonly domain?: { readonly uid: number; readonly boot: number; readonly running: boolean };
  /** Highest uid that was forgotten in this boot: its epoch was taken. */
  readonly forgotten: number;
}

export interface Order {
  readonly node: NodeIndex;
  readonly boot: number;
  readonly uid: number;
  readonly version: number;
  readonly wish: "run" | "off";
}

/** A node's answer to who it is, not yet written down; the Node was read before it was asked. */
export interface Asked {
  readonly node: NodeIndex;
  readonly boot: number;
  /** The boot that the Node had. */
  readonly read: number;
}

/** What a function has read and not yet written. */
export interface Seen {
  readonly uid: number;
  readonly version: number;
  readonly says: "Running" | "Final" | "unknown here";
}

export interface State {
  readonly instance: Instance | undefined;
  readonly nodes: readonly [NodeState, NodeState];
  /** Each node's boot as the API knows it. */
  readonly known: readonly [number, number];
  /** On their way: in any order, each at any time. */
  readonly orders: readonly Order[];
  /** Heartbeats on their way. */
  readonly beats: readonly { readonly node: NodeIndex; readonly boot: number }[];
  /** By control planes that do not know of each other: at most two. */
  readonly asked: readonly Asked[];
  readonly seen: Seen | undefined;
  readonly uids: number;
  readonly faults: Budget;
}

/** How often each may still happen. */
export interface Budget {
  readonly losses: number;
  readonly doubles: number;
  /** The control plane forgets what it has read. */
  readonly crashes: number;
  readonly reboots: number;
  /** A node's files are lost, its domain lives on. */
  readonly forgets: number;
  readonly partitions: number;
  /** A guest ends by itself. */
  readonly exits: number;
  /** A user deletes the instance. */
  readonly deletions: number;
}

/** What can be taken away from the protocol, to see that it is missed. */
export interface Rules {
  /** Nodes refuse orders for another boot. */
  readonly bootChecked: boolean;
  /** Nodes refuse orders for what they have forgotten, or older than the last. */
  readonly ageChecked: boolean;
  /** The claim is written before the order is sent. */
  readonly claimFirst: boolean;
  /** Silence is no proof of death. */
  readonly silenceIsUnknown: boolean;
  /** Another boot is believed only when the node itself says so. */
  readonly nodeAsked: boolean;
  /** What a node has answered is written only where the Node is as it was read. */
  readonly answerCompared: boolean;
  /** A node that has lost its files has another boot id. */
  readonly lossIsNewBoot: boolean;
  /** It tells of that boot only when nothing of the one before runs. */
  readonly clearsFirst: boolean;
}

export const asBuilt: Rules = {
  bootChecked: true,
  ageChecked: true,
  claimFirst: true,
  silenceIsUnknown: true,
  nodeAsked: true,
  answerCompared: true,
  lossIsNewBoot: true,
  clearsFirst: true,
};

export function begin(faults: Budget): State {
  const node: NodeState = { boot: 1, forgotten: 0 };
  return {
    instance: { uid: 1, version: 1, phase: "Pending", deleting: false },
    nodes: [node, node],
    known: [1, 1],
    orders: [],
    beats: [],
    asked: [],
    seen: undefined,
    uids: 1,
    faults,
  };
}
