import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { readTarget } from "../../../cli/kubeconfig.ts";
import { exitCodeOf } from "../../../cli/exit.ts";

let directory: string;
beforeAll(async () => void (directory = await mkdtemp(join(tmpdir(), "virtive-kubeconfig-"))));
afterAll(() => rm(directory, { recursive: true, force: true }));

let files = 0;
async function file(content: unknown, folder = directory): Promise<string> {
  const path = join(folder, `config-${(files += 1)}`);
  await writeFile(path, typeof content === "string" ? content : stringify(content));
  return path;
}

function config(user: object, cluster: object = {}, more: object = {}): object {
  return {
    "current-context": "here",
    "contexts": [{ name: "here", context: { cluster: "c", user: "u" } }],
    "clusters": [{ name: "c", cluster: { server: "https://cluster.example:6443", ...cluster } }],
    "users": [{ name: "u", user }],
    ...more,
  };
}

const base64 = (text: string): string => Buffer.from(text).toString("base64");

describe("a kubeconfig", () => {
  it("gives the server, who we are, and the namespace of its context", async () => {
    const path = await file({
      ...config(
        { "client-certificate-data": base64("CERT"), "client-key-data": base64("KEY") },
        { "certificate-authority-data": base64("CA") },
      ),
      contexts: [{ name: "here", context: { cluster: "c", user: "u", namespace: "mine" } }],
    });
    const target = await readTarget(path);
    expect(target.server.href).toBe("https://cluster.example:6443/");
    expect(target.namespace).toBe("mine");
    expect(target.tls).toEqual({ ca: Buffer.from("CA"), cert: Buffer.from("CERT"), key: Buffer.from("KEY") });
  });

  it("names files from its own folder, wherever we are", async () => {
    const folder = join(directory, "elsewhere");
    await mkdir(folder);
    await writeFile(join(folder, "ca.pem"), "CA");
    await writeFile(join(folder, "me.pem"), "CERT");
    await writeFile(join(folder, "me.key"), "KEY");
    await writeFile(join(folder, "token"), "secret\n");
    const user = { "client-certificate": "me.pem", "client-key": "./me.key", "tokenFile": "token" };
    const target = await readTarget(await file(config(user, { "certificate-authority": "ca.pem" }), folder));
    expect(target.tls).toEqual({ ca: Buffer.from("CA"), cert: Buffer.from("CERT"), key: Buffer.from("KEY") });
    expect(target.token).toBe("secret");
  });

  // As kubectl reads them; tools that write all fields write these.
  it.each(["", null])("takes what is %j for not set", async (nothing) => {
    const path = join(directory, "a-token");
    await writeFile(path, "secret");
    const user = { "token": nothing, "tokenFile": path, "client-key": nothing, "username": nothing, "exec": null };
    const cluster = { "certificate-authority": nothing, "tls-server-name": nothing, "proxy-url": nothing };
    const context = { cluster: "c", user: "u", namespace: nothing };
    const target = await readTarget(await file(config(user, cluster, { contexts: [{ name: "here", context }] })));
    expect(target).toMatchObject({ namespace: "default", token: "secret", tls: {} });
    expect(Object.keys(target.tls)).toEqual([]);
  });

  it("says which file is missing that it names", async () => {
    const path = await file(config({ "client-certificate": "nowhere.pem" }));
    await expect(readTarget(path)).rejects.toThrow(
      `client-certificate: ENOENT: no such file or directory, open '${join(directory, "nowhere.pem")}'`,
    );
  });

  it("may be several files: the first that has an entry wins, missing ones are passed over", async () => {
    const first = await file({ "current-context": "here", "users": [{ name: "u", user: { token: "first" } }] });
    const second = await file(config({ token: "second" }));
    const target = await readTarget([join(directory, "missing"), first, second].join(delimiter));
    expect(target.token).toBe("first");
    expect(target.server.hostname).toBe("cluster.example");
  });

  it("sets what TLS must know", async () => {
    const target = await readTarget(
      await file(config({}, { "tls-server-name": "api", "insecure-skip-tls-verify": true })),
    );
    expect(target.tls).toEqual({ servername: "api", rejectUnauthorized: false });
  });

  it.each([
    [{ exec: { command: "aws" } }, {}, /users "u" uses exec,/],
    [{ "auth-provider": { name: "gcp" } }, {}, /users "u" uses auth-provider,/],
    [{ username: "me", password: "x" }, {}, /users "u" uses username, password,/],
    [{ token: "t", as: "somebody" }, {}, /users "u" uses as,/],
    [{}, { "proxy-url": "http://proxy" }, /clusters "c" uses proxy-url,/],
  ])("that wants %j %j is refused by name", async (user, cluster, message) => {
    const refused = readTarget(await file(config(user, cluster)));
    await expect(refused).rejects.toMatchObject({ reason: "KubeconfigUnsupported" });
    await expect(refused).rejects.toThrow(message);
  });

  it.each([
    ["{", /is not YAML/],
    ["- a", /expected object/i],
    [config({}, {}, { "current-context": "" }), /current-context is not set/],
    [config({}, {}, { "current-context": "there" }), /contexts has no entry named "there"; there are: "here"/],
    [config({}, {}, { users: null }), /users has no entry named "u"; it has none/],
    [config({}, { server: "http://plain" }), /server is "http:\/\/plain"; it must be an https URL/],
  ])("that can't be used says why: %j", async (content, message) => {
    const refused = readTarget(await file(content));
    await expect(refused).rejects.toThrow(message);
    await expect(refused).rejects.toMatchObject({ reason: "KubeconfigInvalid" });
  });

  it("that is not there says how to get one, and a script can tell", async () => {
    const error: unknown = await readTarget(join(directory, "nowhere")).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ reason: "KubeconfigNotFound" });
    expect(exitCodeOf(error)).toBe(3);
  });
});
