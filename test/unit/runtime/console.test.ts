import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough, type Duplex } from "node:stream";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { virtualClock } from "#events/clock.ts";
import { Fault } from "#events/fault.ts";
import { silentLog } from "#events/log.ts";
import { openConsoles, type ConsoleClient } from "#node-runtime/console/consoles.ts";
import { openHistory } from "#node-runtime/console/history.ts";

let directory: string;
beforeEach(async () => void (directory = await mkdtemp(join(tmpdir(), "virtive-console-"))));
afterEach(() => rm(directory, { recursive: true, force: true }));

class Client implements ConsoleClient {
  text = "";
  behind = 0;
  closed: string | undefined;
  send(chunk: Buffer): void {
    this.text += chunk.toString();
  }
  close(reason: string): void {
    this.closed = reason;
  }
}

async function attached() {
  const clock = virtualClock();
  const streams: PassThrough[] = [];
  const failures: Fault[] = [];
  const consoles = openConsoles({
    hypervisor: {
      console: async (): Promise<Duplex> => {
        const failure = failures.shift();
        if (failure !== undefined) throw failure;
        const stream = new PassThrough();
        streams.push(stream);
        return stream;
      },
    },
    pathOf: () => join(directory, "console.log"),
    clock,
    log: silentLog,
  });
  await consoles.attach("u", "uuid");
  const said = async (text: string): Promise<void> => {
    streams.at(-1)?.push(Buffer.from(text));
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { clock, consoles, streams, failures, said };
}

describe("a machine's console", () => {
  it("is read from the start, whether anyone listens or not", async () => {
    const { consoles, said } = await attached();
    await said("booting\n");
    const late = new Client();
    consoles.connect("u", late, { history: true });
    await said("login:");
    expect(late.text).toBe("booting\nlogin:");
    expect((await consoles.history("u")).toString()).toBe("booting\nlogin:");
  });

  it("goes to the newest client, and takes input from it only", async () => {
    const { consoles, streams, said } = await attached();
    const [first, second] = [new Client(), new Client()];
    const older = consoles.connect("u", first, { history: false });
    const newer = consoles.connect("u", second, { history: false });
    expect(first.closed).toBe("taken");
    const typed = vi.spyOn(streams[0] as PassThrough, "write");
    older.input(Buffer.from("old"));
    newer.input(Buffer.from("new"));
    expect(typed.mock.calls.map(([chunk]) => String(chunk))).toEqual(["new"]);
    older.disconnect(); // must not cut the newer one off
    await said("x");
    expect(second.text).toContain("x");
  });

  it("does not wait for a client that reads too slowly", async () => {
    const { consoles, said } = await attached();
    const slow = new Client();
    consoles.connect("u", slow, { history: false });
    slow.behind = 2 * 1024 * 1024;
    await said("more");
    expect(slow.closed).toBe("slow");
  });

  it("is opened again when its stream ends while the machine lives", async () => {
    const { clock, consoles, streams, failures, said } = await attached();
    await said("before ");
    failures.push(new Fault("later", "HypervisorUnreachable", "away"));
    streams[0]?.destroy();
    await clock.advance(2500);
    expect(streams).toHaveLength(2);
    await said("after");
    expect((await consoles.history("u")).toString()).toBe("before after");
  });

  it("ends with its machine: clients are told, and there is none any more", async () => {
    const { consoles } = await attached();
    const client = new Client();
    consoles.connect("u", client, { history: false });
    consoles.detach("u");
    expect(client.closed).toBe("ended");
    expect(() => consoles.mustBeOpen("u")).toThrow(/does not run/);
  });

  it("keeps its history over a restart of the runtime", async () => {
    const { consoles, said } = await attached();
    await said("said before the restart\n");
    await consoles.close();
    const again = await attached();
    await again.said("and after");
    expect((await again.consoles.history("u")).toString()).toBe("said before the restart\nand after");
  });
});

describe("a history", () => {
  it("keeps the newest bytes, in memory and on disk, and never more than its bound", async () => {
    const path = join(directory, "history");
    const open = () => openHistory({ path, most: 100, unwritten: () => expect.unreachable() });
    const history = await open();
    let all = "";
    for (let nth = 0; nth < 60; nth += 1) {
      const text = `line ${nth}\n`;
      all += text;
      history.add(Buffer.from(text));
      if (nth % 7 === 0) await history.flushed();
      expect(history.tail().toString()).toBe(all.slice(-100));
      expect(history.tail(10).toString()).toBe(all.slice(-10));
    }
    await history.flushed();
    expect((await open()).tail().toString()).toBe(all.slice(-100));
    for (const file of [path, `${path}.1`]) expect((await readFile(file)).length).toBeLessThanOrEqual(100);
  });

  it("takes a chunk that is larger than itself", async () => {
    const history = await openHistory({ path: join(directory, "h"), most: 10, unwritten: () => expect.unreachable() });
    history.add(Buffer.from("0123456789abcdef"));
    expect(history.tail().toString()).toBe("6789abcdef");
    await history.flushed();
  });
});
