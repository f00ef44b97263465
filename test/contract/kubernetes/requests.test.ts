import net from "node:net";
import tls from "node:tls";
import { expect, it } from "vitest";
import { Client } from "./client.ts";
import { onEachServer } from "./suite.ts";

onEachServer("requests", (bench) => {
  it("tells anybody that it is alive and what it is, and nothing else", async () => {
    const { access } = bench().under;
    const anonymous = new Client({ url: access.url, ca: access.ca });
    for (const path of ["/livez", "/readyz", "/healthz"]) expect((await anonymous.get(path)).text).toBe("ok");
    expect((await anonymous.get("/version")).body.gitVersion).toMatch(/^v1\.\d+/);
    const refused = await anonymous.get("/api/v1/namespaces");
    expect([401, 403]).toContain(refused.code);
    expect(refused.body.kind).toBe("Status");
    anonymous.close();
  });

  it("refuses tokens that it does not know", async () => {
    const { access } = bench().under;
    const stranger = new Client({ url: access.url, ca: access.ca, token: "guessed" });
    const { code, body } = await stranger.get("/api/v1/namespaces");
    expect(code).toBe(401);
    expect(body).toMatchObject({ kind: "Status", reason: "Unauthorized" });
    stranger.close();
  });

  it("refuses bodies that are too large, too deep or broken, and stays up", async () => {
    const { client, widgets, widget, server } = bench();
    const huge = await client.post(widgets, widget("huge", { free: { text: "x".repeat(4 * 1024 * 1024) } }));
    expect(huge.code).toBe(413);
    expect(huge.body.reason).toBe("RequestEntityTooLarge");
    const large = await client.post(widgets, widget("large", { free: { text: "x".repeat(2 * 1024 * 1024) } }));
    // Kubernetes takes the request, and its store then refuses: it calls that its own fault.
    expect(large.code).toBe(server === "embedded" ? 413 : 500);
    const deep = `${"[".repeat(20_000)}${"]".repeat(20_000)}`;
    const nested = await client.post(
      widgets,
      JSON.stringify(widget("deep")).replace('"size":1', `"size":1,"free":{"a":${deep}}`),
    );
    expect(nested.code).toBe(400);
    expect((await client.get("/readyz")).text).toBe("ok");
  });

  it("does not let a body reach into the server's own objects", async () => {
    const { client, widgets, group } = bench();
    const text = `{"apiVersion":"${group}/v1","kind":"Widget","metadata":{"name":"proto"},"spec":{"size":1,"free":{"__proto__":{"polluted":true}}}}`;
    await client.post(widgets, text);
    await client.patch(widgets + "/proto", '{"__proto__":{"polluted":true}}');
    expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
    expect((await client.get("/readyz")).text).toBe("ok");
  });

  it("answers a malformed path and a method that it does not serve", async () => {
    const { client, widgets, server } = bench();
    expect((await client.get("/api/v1/namespaces/%E0%A4%A")).code).toBe(400);
    // Kubernetes reads a custom kind's body before it looks at the method.
    expect((await client.post(`${widgets}/a`, {})).code).toBe(server === "embedded" ? 405 : 400);
    expect((await client.put("/api/v1/namespaces", {})).code).toBe(405);
  });

  it("survives garbage on its port", async () => {
    const { client, under } = bench();
    const { port } = new URL(under.access.url);
    const ended = new Promise((resolve) => {
      const socket = net.connect(Number(port), "127.0.0.1", () => socket.write("GET / HTTP/1.1\r\n\r\n"));
      socket
        .on("close", resolve)
        .on("error", () => {})
        .resume();
    });
    await ended;
    const garbage = new Promise((resolve) => {
      const socket = tls.connect({ port: Number(port), host: "127.0.0.1", ca: under.access.ca }, () =>
        socket.write("\0\0nonsense\r\n\r\n"),
      );
      socket
        .on("close", resolve)
        .on("error", () => {})
        .resume();
    });
    await garbage;
    expect((await client.get("/readyz")).text).toBe("ok");
  });
});
