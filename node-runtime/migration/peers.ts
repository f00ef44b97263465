/**
 * What the runtimes of two nodes say to each other when a guest moves, as types. The source asks, the target answers;
 * each question may be repeated. `node-runtime/migration/peer-client.ts` carries them over HTTPS, the simulation in
 * memory.
 */
import { z } from "zod";
import { MoveFigures, type Claim } from "#events/machine.ts";
import type { Wire } from "../hypervisor.ts";

/** libvirt's cookies and XML are a few KiB. */
const Cookie = z.string().max(1024 * 1024);

/** The target makes the incoming domain. */
export const PrepareRequest = z.strictObject({
  migration: z.string().max(64),
  epoch: z.int().min(1),
  xml: z.string().max(1024 * 1024),
  /** The machine's directory at the source: its paths in the XML become the target's. */
  directory: z.string().max(4096),
  cookie: Cookie,
  disks: z.array(z.string().max(16)).max(256),
  /** It may be switched to post-copy. */
  postCopy: z.literal(true).optional(),
});
export type PrepareRequest = z.infer<typeof PrepareRequest>;

/** Reason with which a target refuses to prepare for a guest that may be switched to post-copy, where its node can't have that. */
export const POST_COPY_IMPOSSIBLE = "PostCopyImpossible";

export const PrepareAnswer = z.strictObject({ cookie: Cookie });
export type PrepareAnswer = z.infer<typeof PrepareAnswer>;

/** All is copied and the guest is halted at the source: the target lets it run. */
export const FinishRequest = z.strictObject({
  migration: z.string().max(64),
  epoch: z.int().min(1),
  cookie: Cookie,
  /** It was switched to post-copy, or may have been: should anything fail now, it counts as having run at the target. */
  postCopy: z.literal(true).optional(),
});
export type FinishRequest = z.infer<typeof FinishRequest>;

/** `ran: false`: it never has and never will, which is on the target's disk. */
export const FinishAnswer = z.strictObject({
  ran: z.boolean(),
  cookie: Cookie,
  reason: z.string().max(128).optional(),
  message: z.string().max(2048).optional(),
  figures: MoveFigures.optional(),
});
export type FinishAnswer = z.infer<typeof FinishAnswer>;

/** Where a peer is: who it must prove to be, and where it is reached. */
export interface PeerAddress {
  readonly claim: Claim;
  readonly url: string;
  readonly uid: string;
}

export interface Peers {
  /** @throws Fault later, refused, stale: nothing of it counts */
  prepare(at: PeerAddress, request: PrepareRequest): Promise<PrepareAnswer>;
  /** @throws Fault: nothing is known; ask again */
  finish(at: PeerAddress, request: FinishRequest): Promise<FinishAnswer>;
  /** Sockets for the source's QEMU that lead to the target's. @throws Fault later */
  tunnel(at: PeerAddress, migration: string): Promise<{ readonly wire: Wire; close(): Promise<void> }>;
}
