/** Numbers of libvirt's public API that the protocol tables do not carry: flags, states, reasons, event ids, errors. */

/** virDomainState. */
export const domainState = {
  noState: 0,
  running: 1,
  blocked: 2,
  paused: 3,
  shutdown: 4,
  shutoff: 5,
  crashed: 6,
  pmSuspended: 7,
} as const;

/** virDomainEventID: what connectDomainEventCallbackRegisterAny takes. */
export const domainEventId = { lifecycle: 0, reboot: 1, agentLifecycle: 18, migrationIteration: 20 } as const;

/** virConnectDomainEventAgentLifecycleState. */
export const agentState = { connected: 1, disconnected: 2 } as const;

export const flag = {
  /** virDomainCreateFlags: the vCPUs stay halted. */
  startPaused: 1,
  /** virConnectListAllDomainsFlags: only those that have a process. */
  listActive: 1,
  /** virDomainConsoleFlags: take the console from whoever has it. */
  consoleForce: 1,
} as const;

/** virDomainMigrateFlags. */
export const migrateFlag = {
  live: 1,
  /** Disks are copied whole: nothing is expected of what the target's files hold. */
  nonSharedDisk: 64,
  /** Not by the kind of file system, which is what libvirt knows of a disk that stays where it is. */
  unsafe: 512,
  /** A disk that fails on either side ends the migration rather than pausing the guest. */
  abortOnError: 4096,
  autoConverge: 8192,
  /** It may be switched to post-copy on its way. */
  postCopy: 32768,
} as const;

/** virDomainGetJobStatsFlags: of the job that is over. */
export const JOB_STATS_COMPLETED = 1;

/** A feature that a client asks for by connectSupportsFeature: the server then pings and expects answers. */
export const FEATURE_KEEPALIVE = 10;

/** virErrorNumber, those that Virtive tells apart. */
export const errorCode = {
  internal: 1,
  noMemory: 2,
  noSupport: 3,
  invalidArgument: 8,
  operationFailed: 9,
  osType: 16,
  noName: 21,
  noOs: 22,
  noDevice: 23,
  xml: 27,
  domainExists: 28,
  operationDenied: 29,
  xmlDetail: 35,
  system: 38,
  rpc: 39,
  noDomain: 42,
  invalidMac: 44,
  authFailed: 45,
  operationInvalid: 55,
  configUnsupported: 67,
  operationTimeout: 68,
  hookFailed: 70,
  invalidStream: 73,
  argumentUnsupported: 74,
  operationAborted: 78,
  overflow: 82,
  operationUnsupported: 84,
  agentUnresponsive: 86,
  resourceBusy: 87,
  accessDenied: 88,
  cpuIncompatible: 91,
  xmlInvalidSchema: 92,
  agentUnsynced: 97,
  deviceMissing: 99,
  multipleDomains: 110,
} as const;
