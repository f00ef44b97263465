/** Clients that are slow, and many at once: a server ends the slow, serves the many, and goes on answering others. */
import { expect, it } from "vitest";
import { connectTo, type Connection } from "./raw-connection.ts";
import { startEmbedded } from "./servers.ts";
import { onEachServer } from "./suite.ts";

/** Sends a little more, again and again, as long as the connection lives. */
async function trickle({ socket, said }: Connection, begin: string, more: string): Promise<string> {
  socket.write(begin);
  const timer = setInterval(() => socket.write(more), 200);
  try {
    return await said;
  } finally {
    clearInterval(timer);
  }
}

const HEAD = "Host: localhost\r\nContent-Type: application/json\r\n";

onEachServer("patience", (bench) => {
  it("ends requests that come too slowly, and answers others meanwhile", { timeout: 240_000 }, async () => {
    const { server, client, namespace, under } = bench();
    // What both wait by default (Kubernetes 32 s for headers and 60 s for all) would be a minute of nothing here.
    const hasty = server === "embedded" ? await startEmbedded({ requestTimeoutMilliseconds: 2000 }) : undefined;
    try {
      const access = hasty?.access ?? under.access;
      const path = `/api/v1/namespaces/${hasty === undefined ? namespace : "default"}/configmaps`;
      const slow = Promise.all([
        trickle(await connectTo(access), `GET ${path} HTTP/1.1\r\n${HEAD}X-Slow: `, "a"),
        trickle(await connectTo(access), `POST ${path} HTTP/1.1\r\n${HEAD}Content-Length: 1000000\r\n\r\n{`, " "),
      ]);
      const other = hasty?.client ?? client;
      expect((await other.get("/readyz")).code).toBe(200);
      const [headers, body] = await slow;
      // Kubernetes says nothing to slow headers; a client that is told can tell its user.
      expect(headers).toMatch(server === "embedded" ? /^HTTP\/1\.1 408 .*"kind":"Status"/s : /^$/);
      // For Kubernetes it is the request that took too long, whoever was slow.
      expect(body).toMatch(server === "embedded" ? /^HTTP\/1\.1 408 .*"kind":"Status"/s : /^HTTP\/1\.1 504 /);
      expect((await other.get("/readyz")).code).toBe(200);
    } finally {
      await hasty?.stop();
    }
  });

  it("serves many connections that do nothing, and many watches", { timeout: 120_000 }, async () => {
    const { client, under, widgets, widget } = bench();
    const idle = await Promise.all(Array.from({ length: 300 }, () => connectTo(under.access)));
    const since = (await client.get(widgets)).body.metadata.resourceVersion;
    const watches = await Promise.all(
      Array.from({ length: 200 }, () => client.watch(`${widgets}?resourceVersion=${since}`)),
    );
    try {
      await client.post(widgets, widget("seen-by-all"));
      const seen = await Promise.all(watches.map((watch) => watch.next(60_000)));
      expect(seen.map((line) => `${line?.type} ${line?.object.metadata.name}`)).toEqual(
        watches.map(() => "ADDED seen-by-all"),
      );
      expect(idle.filter(({ socket }) => socket.destroyed)).toEqual([]);
    } finally {
      for (const { socket } of idle) socket.destroy();
      for (const watch of watches) watch.stop();
    }
  });
});
