/** What a request brings, read by hand: its body, its selectors. */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { connect, type AddressInfo } from "node:net";
import { expect, test } from "vitest";
import { messageOf } from "#local/apiserver/body.ts";
import { parseSelector } from "#local/apiserver/selectors.ts";

test("a body is refused that nobody sends any more, also when it is asked for late", async () => {
  const arrived = Promise.withResolvers<IncomingMessage>();
  const server = createServer((request) => arrived.resolve(request));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.write("POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf");
  const request = await arrived.promise;
  // Who it is, and whether they may, is found out before the body is read.
  const closed = once(request, "close").catch(() => undefined);
  client.destroy();
  await closed;
  await expect(messageOf(request).bytes()).rejects.toMatchObject({ code: 400 });
  server.close();
});

test("a body is read that has arrived whole before it is asked for", async () => {
  const read = Promise.withResolvers<Buffer>();
  const server = createServer((request, response) => {
    const ask = async (): Promise<void> => {
      read.resolve(await messageOf(request).bytes());
      response.end();
    };
    setTimeout(() => void ask().catch(read.reject), 50);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1");
  client.write("POST / HTTP/1.1\r\nhost: a\r\nconnection: close\r\ncontent-length: 5\r\n\r\nwhole");
  expect((await read.promise).toString()).toBe("whole");
  client.destroy();
  server.close();
});

test("a selector is read in one go, however long it is", () => {
  const gap = " ".repeat(125_000);
  expect(() => parseSelector({ fieldSelector: `a${gap}b` }, new Set())).toThrow(/is not of the form/);
  expect(parseSelector({ fieldSelector: `metadata.name  = a${gap}b` }, new Set(["metadata.name"])).fields).toEqual([
    { field: "metadata.name", value: `a${gap}b`, equal: true },
  ]);
});
