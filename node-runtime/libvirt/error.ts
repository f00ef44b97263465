/** Errors that libvirt answers with, and what they mean to a caller: the door from its codes to faults. */
import { Fault, type FaultKind } from "#events/fault.ts";
import { errorCode } from "./numbers.ts";
import { remoteError, type RemoteError } from "./protocol.gen.ts";
import { decode } from "./xdr.ts";

/** libvirt's own error: `code` is virErrorNumber, `domain` virErrorDomain, `level` virErrorLevel (2 is an error). */
export class LibvirtError extends Error {
  override readonly name = "LibvirtError";
  readonly code: number;
  readonly domain: number;
  readonly level: number;
  /** For code 38 (a system call failed): its errno. */
  readonly errno: number | undefined;

  constructor(error: RemoteError) {
    super(error.message ?? `libvirt error ${error.code} without a message`);
    this.code = error.code;
    this.domain = error.domain;
    this.level = error.level;
    this.errno = error.code === errorCode.system && error.int1 > 0 ? error.int1 : undefined;
  }
}

/** The error that a packet carries; one that cannot be read is the end of what it answers all the same. */
export function errorIn(payload: Buffer): Error {
  try {
    return new LibvirtError(decode(remoteError, payload));
  } catch (error) {
    return disconnected("libvirt answered with an error that cannot be read", error);
  }
}

interface Meaning {
  readonly kind: FaultKind;
  readonly reason: string;
}

/** A code that is not here is `later`: a retry does no harm, and the message says what it was. */
const meanings: Readonly<Record<number, Meaning>> = {
  [errorCode.internal]: { kind: "later", reason: "HypervisorError" },
  [errorCode.noMemory]: { kind: "later", reason: "OutOfMemory" },
  [errorCode.noSupport]: { kind: "refused", reason: "NotSupported" },
  [errorCode.invalidArgument]: { kind: "refused", reason: "InvalidArgument" },
  [errorCode.operationFailed]: { kind: "later", reason: "OperationFailed" },
  [errorCode.osType]: { kind: "refused", reason: "InvalidDomain" },
  [errorCode.noName]: { kind: "refused", reason: "InvalidDomain" },
  [errorCode.noOs]: { kind: "refused", reason: "InvalidDomain" },
  [errorCode.noDevice]: { kind: "refused", reason: "InvalidDomain" },
  [errorCode.xml]: { kind: "refused", reason: "InvalidDomain" },
  [errorCode.domainExists]: { kind: "stale", reason: "DomainExists" },
  [errorCode.operationDenied]: { kind: "refused", reason: "OperationDenied" },
  [errorCode.xmlDetail]: { kind: "refused", reason: "InvalidDomain" },
  [errorCode.rpc]: { kind: "bug", reason: "ProtocolError" },
  [errorCode.noDomain]: { kind: "stale", reason: "NoDomain" },
  [errorCode.invalidMac]: { kind: "refused", reason: "InvalidDomain" },
  [errorCode.authFailed]: { kind: "refused", reason: "AuthenticationFailed" },
  [errorCode.operationInvalid]: { kind: "stale", reason: "NotInThisState" },
  [errorCode.configUnsupported]: { kind: "refused", reason: "NotSupported" },
  [errorCode.operationTimeout]: { kind: "later", reason: "HypervisorTimeout" },
  [errorCode.argumentUnsupported]: { kind: "refused", reason: "NotSupported" },
  [errorCode.overflow]: { kind: "refused", reason: "InvalidArgument" },
  [errorCode.operationUnsupported]: { kind: "refused", reason: "NotSupported" },
  [errorCode.agentUnresponsive]: { kind: "later", reason: "AgentUnresponsive" },
  [errorCode.agentUnsynced]: { kind: "later", reason: "AgentUnresponsive" },
  [errorCode.resourceBusy]: { kind: "later", reason: "ResourceBusy" },
  [errorCode.accessDenied]: { kind: "refused", reason: "AccessDenied" },
  [errorCode.cpuIncompatible]: { kind: "refused", reason: "CpuIncompatible" },
  [errorCode.xmlInvalidSchema]: { kind: "refused", reason: "InvalidDomain" },
};

/** Linux errno: a file that the domain names is not there, not reachable, or not what it should be. */
const WRONG_FILE: ReadonlySet<number> = new Set([1, 2, 13, 20, 21, 22, 36, 40]);

/**
 * What libvirt answered, as a fault that says what was being done ("create domain demo").
 * A fault passes unchanged; anything else that was thrown is a bug.
 */
export function faultOf(error: unknown, doing: string): Fault {
  if (error instanceof Fault) return error;
  if (!(error instanceof LibvirtError)) {
    return new Fault("bug", "UnexpectedError", `${doing}: ${String(error)}`, { cause: error });
  }
  const { kind, reason } = meaningOf(error);
  return new Fault(kind, reason, `${doing}: ${error.message}`, { cause: error });
}

function meaningOf(error: LibvirtError): Meaning {
  if (error.errno !== undefined && WRONG_FILE.has(error.errno)) return { kind: "refused", reason: "FileNotUsable" };
  return meanings[error.code] ?? { kind: "later", reason: "HypervisorError" };
}

/** The connection is not there any more (or not yet): what was asked may or may not have happened. */
export function disconnected(why: string, cause?: unknown): Fault {
  return new Fault("later", "HypervisorDisconnected", why, cause === undefined ? {} : { cause });
}
