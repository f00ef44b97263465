import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { connect } from "#node-runtime/libvirt/connection.ts";
import { FakeDaemon } from "./fake-daemon.ts";

const openssl = spawnSync("openssl", ["version"]).status === 0;

describe.skipIf(!openssl)(`TLS${openssl ? "" : " (skipped: openssl is not installed)"}`, () => {
  let directory: string;
  let daemon: FakeDaemon;
  let server: Server;
  /** What the daemon says of the client's certificate after the handshake. */
  let verdict: Buffer;
  const pem = (name: string): string => readFileSync(join(directory, name), "utf8");

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "virtive-tls-"));
    const run = (command: string): void =>
      void execFileSync("openssl", command.split(" "), { cwd: directory, stdio: "ignore" });
    const key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    run(`req -x509 ${key} -keyout ca.key -out ca.pem -days 1 -subj /CN=test-ca`);
    for (const name of ["localhost", "client"]) {
      run(`req ${key} -keyout ${name}.key -out ${name}.csr -subj /CN=${name} -addext subjectAltName=DNS:${name}`);
      run(
        `x509 -req -in ${name}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -out ${name}.pem -days 1 -copy_extensions copy`,
      );
    }
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  beforeEach(async () => {
    verdict = Buffer.from([1]);
    daemon = new FakeDaemon();
    const options = { ca: pem("ca.pem"), cert: pem("localhost.pem"), key: pem("localhost.key"), requestCert: true };
    server = createServer(options, (socket) => {
      socket.write(verdict);
      daemon.serve(socket);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  });
  afterEach(async () => {
    await daemon.close();
    await new Promise((resolve) => server.close(resolve));
  });

  const open = (change: { readonly serverName?: string } = {}) =>
    connect({
      address: {
        kind: "tls",
        host: "127.0.0.1",
        port: (server.address() as AddressInfo).port,
        ca: pem("ca.pem"),
        certificate: pem("client.pem"),
        key: pem("client.key"),
        serverName: "localhost",
        ...change,
      },
      uri: "qemu:///system",
      openTimeoutMilliseconds: 5_000,
    });

  it("carries the protocol once the daemon has accepted our certificate", async () => {
    daemon.handlers.connectGetLibVersion = () => ({ libVer: 9_000_000n });
    const connection = await open();
    expect(await connection.call("connectGetLibVersion", {})).toEqual({ libVer: 9_000_000n });
    await connection.close();
  });

  it("says so when the daemon does not accept it", async () => {
    verdict = Buffer.from([0]);
    await expect(open()).rejects.toMatchObject({ kind: "refused", reason: "CertificateRefused" });
  });

  it("does not talk to a server of another name", async () => {
    await expect(open({ serverName: "somebody-else" })).rejects.toMatchObject({ kind: "later" });
    expect(daemon.received).toEqual([]);
  });
});
