/**
 * The hypervisor over libvirt: each operation is one or two calls, on the connection that suits how long it takes,
 * with a deadline, one log line, and its errors as faults.
 */
import type { Duplex } from "node:stream";
import { systemClock, type Clock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import type { NodeCpu } from "#events/machine.ts";
import type { Domain, DomainEvent, Hypervisor, Incoming, Outgoing } from "../hypervisor.ts";
import type { Log } from "#events/log.ts";
import type { Connection, ConnectionOptions } from "./connection.ts";
import { cpuFrom } from "./cpu-facts.ts";
import { connectForConsole, openConsole } from "./console.ts";
import { stateOf } from "./domain-events.ts";
import { domainProcess } from "./domain-process.ts";
import { disconnected, faultOf, LibvirtError } from "./error.ts";
import { openIncoming, openOutgoing } from "./migration.ts";
import { errorCode, flag } from "./numbers.ts";
import type { NonnullDomain } from "./protocol.gen.ts";
import { Session } from "./session.ts";
import { checkSocketPath } from "./transport.ts";

export interface LibvirtOptions {
  /** The daemon's unix socket; its pid files are in qemu/ beside it. */
  readonly socketPath: string;
  readonly log: Log;
  readonly clock?: Clock;
  /** For `ready`. The first connection after an installation waits for libvirt's probe of QEMU, 8 to 20 s. */
  readonly readyMilliseconds?: number;
}

/** Milliseconds that an operation may take before it is given up. What it asked for may still happen. */
const deadline = {
  short: 10_000,
  create: 60_000,
  destroy: 60_000,
  guest: 30_000,
  learn: 180_000,
  /** After libvirt said that the domain is gone. */
  processGone: 10_000,
} as const;
const READY_MILLISECONDS = 60_000;
const URI = "qemu:///system";

export interface LibvirtHypervisor extends Hypervisor {
  /**
   * Lets libvirt find out what this emulator and the machine's other ones can do, which takes seconds and is kept; the
   * first domain would wait for it otherwise. Answers what guests can have for a CPU. @throws Fault later
   */
  learn(emulator: string): Promise<NodeCpu>;
}

/** Connects in the background, again and again; `ready` tells when. @throws Fault refused when the path is too long */
export function openLibvirt(options: LibvirtOptions): LibvirtHypervisor {
  checkSocketPath(options.socketPath);
  return new OverLibvirt(options);
}

class OverLibvirt implements LibvirtHypervisor {
  readonly #options: LibvirtOptions;
  readonly #log: Log;
  readonly #connection: ConnectionOptions;
  readonly #session: Session;
  readonly #eventListeners = new Set<(event: DomainEvent) => void>();
  readonly #connectionListeners = new Set<(connected: boolean) => void>();
  /** Domains that were created here, as libvirt names them: they need not be looked up. */
  readonly #created = new Map<string, NonnullDomain>();
  /** For the next console: a connection takes longer to open than the console. */
  #consoleConnection: Promise<Connection> | undefined;

  constructor(options: LibvirtOptions) {
    this.#options = options;
    this.#log = options.log;
    this.#connection = { address: { kind: "unix", path: options.socketPath }, uri: URI };
    this.#session = new Session({
      connection: this.#connection,
      clock: options.clock ?? systemClock,
      log: options.log,
      told: (event) => {
        if (event.event === "stopped") this.#created.delete(event.uuid);
        this.#tell(this.#eventListeners, event);
      },
      changed: (connected) => {
        this.#created.clear();
        this.#tell(this.#connectionListeners, connected);
      },
    });
  }

  get connected(): boolean {
    return this.#session.connected;
  }

  ready(): Promise<void> {
    return this.#session.ready(this.#options.readyMilliseconds ?? READY_MILLISECONDS);
  }

  onConnection(listener: (connected: boolean) => void): () => void {
    this.#connectionListeners.add(listener);
    return () => void this.#connectionListeners.delete(listener);
  }

  onEvent(listener: (event: DomainEvent) => void): () => void {
    this.#eventListeners.add(listener);
    return () => void this.#eventListeners.delete(listener);
  }

  list(): Promise<readonly Domain[]> {
    return this.#short("list domains", async (connection) => {
      const { domains } = await connection.call("connectListAllDomains", { needResults: 1, flags: flag.listActive });
      const states = await Promise.all(domains.map((dom) => this.#state(connection, dom)));
      return states.filter((domain) => domain !== undefined);
    });
  }

  domain(uuid: string): Promise<Domain | undefined> {
    return this.#short(`look up domain ${uuid}`, async (connection) => {
      const dom = await this.#find(connection, uuid);
      return dom === undefined ? undefined : this.#state(connection, dom);
    });
  }

  async createPaused(xml: string): Promise<void> {
    const named = identityIn(xml);
    await this.#long(`create domain ${named.name ?? "without a name"}`, async (connection) => {
      this.#expectConsole();
      try {
        const args = { xmlDesc: xml, flags: flag.startPaused };
        const { dom } = await connection.call("domainCreateXml", args, deadline.create);
        this.#created.set(dom.uuid, dom);
      } catch (error) {
        // libvirt has no code of its own for "there is one already".
        if (error instanceof LibvirtError && (await this.#taken(connection, named))) {
          const message = `domain ${named.name} or its UUID ${named.uuid} exists already`;
          throw new Fault("stale", "DomainExists", message, { cause: error });
        }
        // QEMU did not come up, and says why in words only: a machine type, a device or an image that it does not take.
        if (error instanceof LibvirtError && error.code === errorCode.internal) {
          throw new Fault("refused", "StartFailed", `QEMU does not start: ${error.message}`, { cause: error });
        }
        throw error;
      }
    });
  }

  /** Running already: nothing to do. */
  resume(uuid: string): Promise<void> {
    return this.#domainCall(uuid, "resume", async (connection, dom) => {
      try {
        await connection.call("domainResume", { dom });
      } catch (error) {
        if (!isCode(error, errorCode.operationInvalid)) throw error;
        if ((await this.#state(connection, dom))?.state !== "running") throw error;
      }
    });
  }

  /** Halted already: nothing to do. */
  suspend(uuid: string): Promise<void> {
    return this.#domainCall(uuid, "suspend", async (connection, dom) => {
      await connection.call("domainSuspend", { dom });
    });
  }

  shutdown(uuid: string): Promise<void> {
    return this.#guestCall(uuid, "shut down", async (connection, dom) => {
      await connection.call("domainShutdownFlags", { dom, flags: 0 }, deadline.guest);
    });
  }

  reboot(uuid: string): Promise<void> {
    return this.#guestCall(uuid, "reboot", async (connection, dom) => {
      await connection.call("domainReboot", { dom, flags: 0 }, deadline.guest);
    });
  }

  reset(uuid: string): Promise<void> {
    return this.#domainCall(uuid, "reset", async (connection, dom) => {
      await connection.call("domainReset", { dom, flags: 0 });
    });
  }

  async destroy(uuid: string): Promise<void> {
    await this.#long(`destroy domain ${uuid}`, async (connection) => {
      const dom = await this.#find(connection, uuid);
      if (dom === undefined) return;
      const qemu = domainProcess(this.#options.socketPath, dom.name);
      try {
        await connection.call("domainDestroyFlags", { dom, flags: 0 }, deadline.destroy);
      } catch (error) {
        // It ended by itself in between.
        if (!isCode(error, errorCode.noDomain) && !isCode(error, errorCode.operationInvalid)) throw error;
      }
      await qemu.gone(deadline.processGone, this.#options.clock ?? systemClock);
    });
  }

  console(uuid: string): Promise<Duplex> {
    return this.#short(`open the console of domain ${uuid}`, async (connection) => {
      const dom = await this.#known(connection, uuid);
      return openConsole(await this.#connectionForConsole(), dom);
    });
  }

  xml(uuid: string): Promise<string> {
    return this.#short(`read the XML of domain ${uuid}`, async (connection) => {
      const dom = await this.#known(connection, uuid);
      return (await connection.call("domainGetXmlDesc", { dom, flags: 0 })).xml;
    });
  }

  vcpuRuns(uuid: string): Promise<number | undefined> {
    return this.#short(`see whether domain ${uuid} runs`, async (connection) =>
      domainProcess(this.#options.socketPath, (await this.#known(connection, uuid)).name).vcpuRuns(),
    );
  }

  async agent(uuid: string, command: object, timeoutSeconds: number): Promise<unknown> {
    const doing = `ask the guest agent of domain ${uuid}`;
    const answer = await this.#long(doing, async (connection) => {
      const dom = await this.#known(connection, uuid);
      const args = { dom, cmd: JSON.stringify(command), timeout: timeoutSeconds, flags: 0 };
      return connection.call("qemuDomainAgentCommand", args, timeoutSeconds * 1000 + deadline.short);
    });
    try {
      return JSON.parse(answer.result ?? "null") as unknown;
    } catch (error) {
      throw new Fault("later", "AgentMalformed", `${doing}: its answer is no JSON`, { cause: error });
    }
  }

  outgoing(uuid: string): Promise<Outgoing> {
    return this.#perform(`open the migration of domain ${uuid}`, () =>
      openOutgoing(this.#connection, uuid, (doing, work) => this.#perform(doing, work)),
    );
  }

  incoming(): Promise<Incoming> {
    return this.#perform("open a connection for an incoming domain", () =>
      openIncoming(this.#connection, (doing, work) => this.#perform(doing, work)),
    );
  }

  abortJob(uuid: string): Promise<void> {
    return this.#short(`abort what is done with domain ${uuid}`, async (connection) => {
      const dom = await this.#find(connection, uuid);
      if (dom === undefined) return;
      try {
        await connection.call("domainAbortJob", { dom });
      } catch (error) {
        if (!isCode(error, errorCode.operationInvalid)) throw error;
      }
    });
  }

  learn(emulator: string): Promise<NodeCpu> {
    return this.#long(`learn what ${emulator} can do`, async (connection) => {
      const args = { emulatorbin: emulator, flags: 0 };
      await connection.call("connectGetCapabilities", {}, deadline.learn);
      const { capabilities } = await connection.call("connectGetDomainCapabilities", args, deadline.learn);
      return cpuFrom(capabilities);
    });
  }

  async close(): Promise<void> {
    await this.#session.close();
    const unused = await this.#consoleConnection?.catch(() => undefined);
    unused?.destroy(disconnected("no console was opened"));
    this.#eventListeners.clear();
    this.#connectionListeners.clear();
  }

  #domainCall(uuid: string, verb: string, work: (connection: Connection, dom: NonnullDomain) => Promise<void>) {
    return this.#short(`${verb} domain ${uuid}`, async (connection) =>
      work(connection, await this.#known(connection, uuid)),
    );
  }

  /** Waits for what runs inside the guest, so it goes over the connection where waiting hurts nobody. */
  #guestCall(uuid: string, verb: string, work: (connection: Connection, dom: NonnullDomain) => Promise<void>) {
    return this.#long(`${verb} domain ${uuid}`, async (connection) =>
      work(connection, await this.#known(connection, uuid)),
    );
  }

  #short<T>(doing: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#perform(doing, async () => work(this.#session.pair().short));
  }

  #long<T>(doing: string, work: (connection: Connection) => Promise<T>): Promise<T> {
    return this.#perform(doing, async () => work(this.#session.pair().long));
  }

  /** The one place where operations are timed, logged, and their errors named. */
  async #perform<T>(doing: string, work: () => Promise<T>): Promise<T> {
    const start = performance.now();
    const milliseconds = (): number => Math.round((performance.now() - start) * 10) / 10;
    try {
      const result = await work();
      this.#log.debug({ milliseconds: milliseconds() }, doing);
      return result;
    } catch (error) {
      const fault = faultOf(error, `cannot ${doing}`);
      const fields = { milliseconds: milliseconds(), fault: fault.kind, reason: fault.reason };
      if (fault.kind === "bug") this.#log.error(fields, fault.message);
      else this.#log.info(fields, fault.message);
      throw fault;
    }
  }

  async #state(connection: Connection, dom: NonnullDomain): Promise<Domain | undefined> {
    try {
      const { state, reason } = await connection.call("domainGetState", { dom, flags: 0 }, deadline.short);
      return { uuid: dom.uuid, name: dom.name, ...stateOf(state, reason) };
    } catch (error) {
      if (isCode(error, errorCode.noDomain)) return undefined;
      throw error;
    }
  }

  async #find(connection: Connection, uuid: string): Promise<NonnullDomain | undefined> {
    try {
      return (await connection.call("domainLookupByUuid", { uuid }, deadline.short)).dom;
    } catch (error) {
      if (isCode(error, errorCode.noDomain)) return undefined;
      throw error;
    }
  }

  /** One that has gone since is refused by the call that it is for. */
  async #known(connection: Connection, uuid: string): Promise<NonnullDomain> {
    const created = this.#created.get(uuid);
    if (created !== undefined) return created;
    const dom = await this.#find(connection, uuid);
    if (dom === undefined) throw new Fault("stale", "NoDomain", `there is no domain ${uuid}`);
    return dom;
  }

  #expectConsole(): void {
    if (this.#consoleConnection !== undefined) return;
    this.#consoleConnection = connectForConsole(this.#connection);
    this.#consoleConnection.catch(() => undefined); // the console's own attempt tells
  }

  async #connectionForConsole(): Promise<Connection> {
    const expected = this.#consoleConnection;
    this.#consoleConnection = undefined;
    const connection = await expected?.catch(() => undefined);
    return connection?.open === true ? connection : connectForConsole(this.#connection);
  }

  async #taken(connection: Connection, named: Identity): Promise<boolean> {
    if (named.uuid !== undefined && (await this.#find(connection, named.uuid)) !== undefined) return true;
    if (named.name === undefined) return false;
    const { domains } = await connection.call("connectListAllDomains", { needResults: 1, flags: flag.listActive });
    return domains.some((dom) => dom.name === named.name);
  }

  /** One listener's mistake is its own: the others are told all the same. */
  #tell<T>(listeners: ReadonlySet<(value: T) => void>, value: T): void {
    for (const listener of listeners) {
      try {
        listener(value);
      } catch (error) {
        this.#log.error({ error: String(error) }, "a listener of the hypervisor failed");
      }
    }
  }
}

function isCode(error: unknown, code: number): boolean {
  return error instanceof LibvirtError && error.code === code;
}

interface Identity {
  readonly uuid: string | undefined;
  readonly name: string | undefined;
}

/** Name and UUID as the XML gives them: enough for "is it there already", since the XML is ours. */
function identityIn(xml: string): Identity {
  return {
    uuid: /<uuid>\s*([0-9a-fA-F-]{36})\s*<\/uuid>/.exec(xml)?.[1]?.toLowerCase(),
    name: /<name>\s*([^<]{1,256}?)\s*<\/name>/.exec(xml)?.[1],
  };
}
