/** The command line as a process: what its words mean, and what others' words may do to a terminal. */
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { openPki } from "#local/pki.ts";

const cli = join(import.meta.dirname, "../../../cli/main.ts");

let directory: string;
let server: Server;
let asked: string[] = [];

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "virtive-main-"));
  const pki = await openPki(join(directory, "pki"));
  server = createServer({ ...pki.server }, (request, response) => {
    asked.push(`${request.method} ${request.url}`);
    response.end(
      JSON.stringify({
        columnDefinitions: [{ name: "Name" }, { name: "Why" }],
        rows: [{ cells: ["a", "\u001b[2J\u009b31mred\rover\ttab"] }],
      }),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const authority = Buffer.from(pki.authority).toString("base64");
  await writeFile(
    join(directory, "kubeconfig"),
    stringify({
      "current-context": "here",
      "contexts": [{ name: "here", context: { cluster: "c", user: "u" } }],
      "clusters": [{ name: "c", cluster: { "server": url, "certificate-authority-data": authority } }],
      "users": [{ name: "u", user: { token: "t" } }],
    }),
  );
});
afterAll(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true, force: true });
});

interface Ran {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** @param shell more of a pipeline, in which $0 and what follows is the command */
function run(args: readonly string[], shell = 'exec "$0" "$@"'): Promise<Ran> {
  const env = { ...process.env, KUBECONFIG: join(directory, "kubeconfig") };
  const child = spawn("bash", ["-c", shell, process.execPath, cli, ...args], { env });
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => (out += String(chunk)));
  child.stderr.on("data", (chunk) => (err += String(chunk)));
  return new Promise((resolve) => child.once("close", (code) => resolve({ code, out, err })));
}

describe("virtive", { timeout: 60_000 }, () => {
  it("asks for a VM by a name that JavaScript has too, and lets no text of others steer the terminal", async () => {
    asked = [];
    const { out, code } = await run(["get", "constructor"]);
    expect(asked).toEqual(["GET /apis/kubevirt.io/v1/namespaces/default/virtualmachines/constructor"]);
    expect(out).toBe("NAME   WHY\na      \\u001b[2J\\u009b31mred\\u000dover\ttab\n");
    expect(code).toBe(0);
  });

  it("refuses what is no name, and asks nobody", async () => {
    asked = [];
    const { code, err } = await run(["stop", "a?b"]);
    expect(err).toMatch(/a\?b.*a name has lower-case letters/);
    expect(code).toBe(2);
    expect(asked).toEqual([]);
  });

  it("goes on to its end when nobody reads what it says of its progress", async () => {
    const state = await mkdtemp(join(directory, "state-"));
    const { out } = await run(
      ["--state", state, "down", "--purge"],
      '"$0" "$@" 2>&1 >/dev/null | true; echo "${PIPESTATUS[0]}"; ls -d "$3" 2>&1',
    );
    expect(out).toMatch(/^0\nls: .*No such file/);
  });
});
