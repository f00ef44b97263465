import {
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { randomBytes } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLog } from "#events/log.ts";
import type { ImageStore } from "#node-runtime/images/image.ts";
import { openImageStore, type ImageStoreOptions } from "#node-runtime/images/store.ts";
import { startRegistry, type Registry, type Ways } from "./fake-registry.ts";
import { imageOf, packed, tarOf, writeLayout, type Packing } from "./image-files.ts";

let directory: string;
let registry: Registry | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "images-"));
});
afterEach(async () => {
  await registry?.close();
  registry = undefined;
  rmSync(directory, { recursive: true, force: true });
});

const open = (more: Partial<ImageStoreOptions> = {}): ImageStore =>
  openImageStore({ directory: join(directory, "cache"), localLayouts: [], log: silentLog, ...more });

const fault = (kind: string, reason: string): Error =>
  expect.objectContaining({ name: "Fault", kind, reason }) as Error;

/** A disk of random bytes, so that no packing makes it small. */
const disk = randomBytes(300_000);
const diskImage = imageOf([
  packed(
    tarOf([
      { name: "disk/", type: "5" },
      { name: "disk/d.raw", content: disk },
    ]),
    "gzip",
  ),
]);

async function served(ways: Ways = {}): Promise<string> {
  registry = await startRegistry({ "team/disk:1": diskImage, "team/disk:latest": diskImage }, ways);
  return `${registry.host}/team/disk:1`;
}

const blobGets = (): number => registry?.requests.filter((line) => line.includes("/blobs/")).length ?? 0;

describe("pulling from a registry", () => {
  it("brings the image, verified, and does not ask again for what it has", async () => {
    const name = await served();
    const store = open();
    const image = await store.pull(name);
    expect(image.digest).toBe(diskImage.digest);
    const file = await store.extractFile(image, { directory: "/disk" });
    expect(file).toMatchObject({ inImage: "/disk/d.raw", size: disk.length });
    expect(readFileSync(file.path).equals(disk)).toBe(true);
    const asked = registry?.requests.length;
    await open().pull(name);
    expect(registry?.requests.length).toBe(asked);
  });

  it("asks again for a tag that moves, and takes no layer twice", async () => {
    await served();
    const store = open();
    await store.pull(`${registry?.host}/team/disk:latest`);
    await store.pull(`${registry?.host}/team/disk:latest`);
    expect(registry?.requests.filter((line) => line.includes("/manifests/latest"))).toHaveLength(2);
    expect(blobGets()).toBe(1);
  });

  it("is done once for those who ask at the same time", async () => {
    const name = await served();
    const store = open();
    await Promise.all([store.pull(name), store.pull(name), store.pull(name)]);
    expect(blobGets()).toBe(1);
  });

  it("goes by digest, and refuses another content", async () => {
    await served();
    const byDigest = `${registry?.host}/team/disk@${diskImage.digest}`;
    expect((await open().pull(byDigest)).digest).toBe(diskImage.digest);
    await expect(open().pull(`${registry?.host}/team/disk@sha256:${"0".repeat(64)}`)).rejects.toThrow(
      fault("later", "ImageNotFound"),
    );
  });

  it("picks this machine's image from an index", async () => {
    const other = imageOf([tarOf([{ name: "disk/other", content: "other" }])]);
    const architecture = process.arch === "x64" ? "amd64" : process.arch;
    const entry = (image: typeof other, arch: string): object => ({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest: image.digest,
      size: image.manifest.length,
      platform: { os: "linux", architecture: arch },
    });
    const index = (...manifests: object[]): Buffer => Buffer.from(JSON.stringify({ schemaVersion: 2, manifests }));
    registry = await startRegistry({
      "a/b:multi": index(entry(other, "riscv64"), entry(diskImage, architecture)),
      "a/b:foreign": index(entry(other, "riscv64"), entry(other, "s390x")),
      "x:1": other,
      "x:2": diskImage,
    });
    expect((await open().pull(`${registry.host}/a/b:multi`)).digest).toBe(diskImage.digest);
    await expect(open().pull(`${registry.host}/a/b:foreign`)).rejects.toThrow(fault("refused", "ImageRefused"));
  });

  it("gets a token with the pull secret, and says so when it is refused", async () => {
    const name = await served({ token: "me:secret" });
    const config = (auth: string): string =>
      JSON.stringify({ auths: { [registry?.host ?? ""]: { auth: Buffer.from(auth).toString("base64") } } });
    await expect(open().pull(name, { dockerConfig: config("me:wrong") })).rejects.toThrow(
      fault("later", "ImagePullDenied"),
    );
    await expect(open().pull(name)).rejects.toThrow(fault("later", "ImagePullDenied"));
    expect((await open().pull(name, { dockerConfig: config("me:secret") })).digest).toBe(diskImage.digest);
  });

  it("takes a broken download up where it broke", async () => {
    const name = await served({ breaks: { afterBytes: 100_000, times: 2 } });
    const store = open();
    const file = await store.extractFile(await store.pull(name), { directory: "disk" });
    expect(readFileSync(file.path).equals(disk)).toBe(true);
    const starts = registry?.requests.flatMap((line) => /bytes=(\d+)-/.exec(line)?.[1] ?? []).map(Number) ?? [];
    expect(starts).toHaveLength(2);
    expect(starts[1]).toBeGreaterThan(starts[0] ?? 0);
  });

  it("begins anew where the registry cannot go on", async () => {
    const name = await served({ breaks: { afterBytes: 100_000, times: 1 }, ignoresRanges: true });
    const store = open();
    const file = await store.extractFile(await store.pull(name), { path: "disk/d.raw" });
    expect(readFileSync(file.path).equals(disk)).toBe(true);
  });

  it("does not wait for a download that stands still", async () => {
    const name = await served({ stalls: { afterBytes: 10, times: 1 } });
    const store = open({ limits: { idleSeconds: 0.2 } });
    expect((await store.pull(name)).digest).toBe(diskImage.digest);
    expect(blobGets()).toBe(2);
  });

  it("gives up after some attempts, for now, and leaves nothing half done", async () => {
    const name = await served({ breaks: { afterBytes: 10, times: 99 } });
    await expect(open({ limits: { attempts: 3 } }).pull(name)).rejects.toThrow(fault("later", "ImagePullFailed"));
    expect(blobGets()).toBe(3);
    const left = readdirSync(join(directory, "cache"), { recursive: true, withFileTypes: true });
    expect(left.filter((entry) => entry.isFile())).toEqual([]);
  });

  it("refuses content that is not what its digest says", async () => {
    const name = await served({ lies: true });
    await expect(open().pull(name)).rejects.toThrow(fault("refused", "ImageDigestMismatch"));
  });

  it("says that a missing image is missing", async () => {
    await served();
    await expect(open().pull(`${registry?.host}/team/nothing:1`)).rejects.toThrow(fault("later", "ImageNotFound"));
    await expect(open().pull("virtive/demo-guest:1")).rejects.toThrow(fault("later", "ImageNotFound"));
    await expect(open().pull(`${registry?.host}/team/disk:1`, { pullPolicy: "Never" })).rejects.toThrow(
      fault("later", "ImageNotFound"),
    );
  });

  it("comes back later to a registry that is busy, when it says, or not there", async () => {
    const name = await served({ status: 503 });
    await expect(open().pull(name)).rejects.toThrow(
      expect.objectContaining({ kind: "later", reason: "ImagePullFailed", retryAfterSeconds: 7 }) as Error,
    );
    await registry?.close();
    await expect(open().pull(name)).rejects.toThrow(fault("later", "ImagePullFailed"));
  });

  it.each([
    ["a manifest", "/manifests/", 200],
    ["what a registry that is busy says", "/manifests/", 503],
    ["a token", "/token", 200],
  ])("comes back later when %s breaks off", async (_what, where, status) => {
    const name = await served({ token: "" });
    const broken = (): Response =>
      new Response(new ReadableStream({ start: (body) => body.error(new TypeError("terminated")) }), { status });
    const fetch = (url: string, init: RequestInit): Promise<Response> =>
      url.includes(where) && (where !== "/manifests/" || "authorization" in (init.headers ?? {}))
        ? Promise.resolve(broken())
        : globalThis.fetch(url, init);
    await expect(open({ fetch }).pull(name)).rejects.toThrow(fault("later", "ImagePullFailed"));
  });

  it("is not led to plain HTTP elsewhere", async () => {
    const name = await served({ redirectsTo: "http://example.invalid" });
    await expect(open({ limits: { attempts: 1 } }).pull(name)).rejects.toThrow(/not HTTPS/);
  });

  it("follows a redirect, and leaves its token behind", async () => {
    const elsewhere = await startRegistry({ "team/disk:1": diskImage });
    try {
      const name = await served({ token: "", redirectsTo: `http://${elsewhere.host}` });
      expect((await open().pull(name)).digest).toBe(diskImage.digest);
      expect(registry?.authorizations).toContain("Bearer t-1");
      expect(elsewhere.authorizations).toEqual([undefined]);
    } finally {
      await elsewhere.close();
    }
  });

  it("keeps the size of an image within its limit", async () => {
    const name = await served();
    await expect(open({ limits: { imageBytes: 1000 } }).pull(name)).rejects.toThrow(fault("refused", "ImageRefused"));
    expect(blobGets()).toBe(0);
  });

  it("goes on for those who still wait when another of them gives up", async () => {
    const name = await served({ stalls: { afterBytes: 10, times: 1 } });
    const store = open({ limits: { idleSeconds: 0.3 } });
    const impatient = new AbortController();
    const first = store.pull(name, { signal: impatient.signal });
    const second = store.pull(name);
    setTimeout(() => impatient.abort(new Error("no longer wanted")), 50);
    await expect(first).rejects.toThrow("no longer wanted");
    expect((await second).digest).toBe(diskImage.digest);
  });

  it("stops when it is told to", async () => {
    const name = await served({ stalls: { afterBytes: 10, times: 99 } });
    const stop = new AbortController();
    const pull = open().pull(name, { signal: stop.signal });
    setTimeout(() => stop.abort(new Error("the machine is off")), 50);
    await expect(pull).rejects.toThrow("the machine is off");
  });
});

describe("a local layout", () => {
  it("is looked at before any registry, whatever the pull policy", async () => {
    const layout = writeLayout(join(directory, "layout"), "virtive/demo-guest:1", diskImage);
    const store = open({ localLayouts: [join(directory, "nothing"), layout] });
    const image = await store.pull("virtive/demo-guest:1", { pullPolicy: "Always" });
    expect((await store.extractFile(image, { directory: "/disk" })).size).toBe(disk.length);
  });

  it("means latest when no tag is said", async () => {
    const layout = writeLayout(join(directory, "layout"), "demo:latest", diskImage);
    expect((await open({ localLayouts: [layout] }).pull("demo")).digest).toBe(diskImage.digest);
  });

  it("is read again once its index has changed, and its blobs are looked for each time", async () => {
    const layout = writeLayout(join(directory, "layout"), "demo:1", diskImage);
    const store = open({ localLayouts: [layout] });
    expect((await store.pull("demo:1")).digest).toBe(diskImage.digest);
    const other = imageOf([tarOf([{ name: "disk/b", content: Buffer.from("another") }])]);
    rmSync(join(layout, "index.json"));
    writeLayout(layout, "demo:1", other);
    expect((await store.pull("demo:1")).digest).toBe(other.digest);
    const [digest = ""] = other.blobs.keys();
    rmSync(join(layout, "blobs", "sha256", digest.slice(7)));
    await expect(store.pull("demo:1")).rejects.toThrow(fault("later", "ImageNotFound"));
  });

  it.each([
    ["half written", '{"schemaVersion":2,"manif'],
    ["no index", '{"schemaVersion":2}'],
    ["too large", " ".repeat(5 * 1024 * 1024)],
  ])("that is %s stands in no other image's way", async (_, index) => {
    const damaged = join(directory, "damaged");
    mkdirSync(damaged);
    writeFileSync(join(damaged, "index.json"), index);
    writeFileSync(join(directory, "a-file"), "");
    const layout = writeLayout(join(directory, "layout"), "demo:1", diskImage);
    const store = open({ localLayouts: [damaged, join(directory, "a-file"), layout] });
    expect((await store.pull("demo:1")).digest).toBe(diskImage.digest);
    // Whoever writes it may not be done yet.
    await expect(store.pull("other:1")).rejects.toThrow(fault("later", "ImageNotFound"));
  });

  it("is refused when a blob has other content than its digest says", async () => {
    const layout = writeLayout(join(directory, "layout"), "demo:1", diskImage);
    const [digest = ""] = diskImage.blobs.keys();
    writeFileSync(join(layout, "blobs", "sha256", digest.slice(7)), "other");
    await expect(open({ localLayouts: [layout] }).pull("demo:1")).rejects.toThrow(
      fault("refused", "ImageDigestMismatch"),
    );
  });
});

describe("taking files out of an image", () => {
  const local = async (layers: readonly Buffer[], limits: ImageStoreOptions["limits"] = {}) => {
    const layout = writeLayout(join(directory, "layout"), "i:1", imageOf(layers));
    const store = open({ localLayouts: [layout], limits });
    return { store, image: await store.pull("i:1") };
  };
  const take = async (layers: readonly Buffer[], path = "/disk/a"): Promise<string> => {
    const { store, image } = await local(layers);
    return readFileSync((await store.extractFile(image, { path })).path, "utf8");
  };

  it.each<Packing>(["plain", "gzip", "zstd"])("reads layers that are packed as %s", async (packing) => {
    expect(await take([packed(tarOf([{ name: "./disk/a", content: "hello" }]), packing)])).toBe("hello");
  });

  it("takes the highest layer's", async () => {
    expect(await take([tarOf([{ name: "disk/a", content: "old" }]), tarOf([{ name: "disk/a", content: "new" }])])).toBe(
      "new",
    );
  });

  it("finds names that are longer than a header has room for", async () => {
    const long = `${"d".repeat(150)}/${"f".repeat(150)}`;
    const record = ` path=${long}\n`;
    const pax = `${record.length + 3}${record}`;
    expect(
      await take(
        [
          tarOf([
            { name: "pax", type: "x", content: pax },
            { name: "cut", content: "1" },
          ]),
        ],
        long,
      ),
    ).toBe("1");
    expect(
      await take(
        [
          tarOf([
            { name: "gnu", type: "L", content: `${long}\0` },
            { name: "cut", content: "2" },
          ]),
        ],
        long,
      ),
    ).toBe("2");
  });

  it.each([
    ["the file is removed", [{ name: "disk/.wh.a" }]],
    ["its folder is removed", [{ name: ".wh.disk" }]],
    ["its folder is made anew", [{ name: "disk/.wh..wh..opq" }]],
  ])("does not find what a higher layer has taken away: %s", async (_, upper) => {
    await expect(take([tarOf([{ name: "disk/a", content: "old" }]), tarOf(upper)])).rejects.toThrow(
      fault("refused", "DiskNotFound"),
    );
  });

  it("finds the only file of a folder, and asks for a path when there are several", async () => {
    const one = await local([
      tarOf([
        { name: "disk/", type: "5" },
        { name: "disk/x.img", content: "x" },
        { name: "disk/sub/y", content: "y" },
      ]),
    ]);
    expect((await one.store.extractFile(one.image, { directory: "/disk" })).inImage).toBe("/disk/x.img");
    const two = await local([tarOf([{ name: "disk/x", content: "x" }]), tarOf([{ name: "disk/y", content: "y" }])]);
    await expect(two.store.extractFile(two.image, { directory: "/disk" })).rejects.toThrow(/several files .*name one/);
    const hidden = await local([
      tarOf([{ name: "disk/x", content: "x" }]),
      tarOf([{ name: "disk/.wh.x" }, { name: "disk/y", content: "y" }]),
    ]);
    expect((await hidden.store.extractFile(hidden.image, { directory: "/disk" })).inImage).toBe("/disk/y");
    const none = await local([tarOf([{ name: "boot/x", content: "x" }])]);
    await expect(none.store.extractFile(none.image, { directory: "/disk" })).rejects.toThrow(
      fault("refused", "DiskNotFound"),
    );
  });

  it.each([
    ["a symbolic link", [{ name: "disk/a", type: "2", link: "/etc/shadow" }]],
    ["a hard link", [{ name: "disk/a", type: "1", link: "etc/shadow" }]],
    [
      "below a symbolic link",
      [
        { name: "disk", type: "2", link: "/etc" },
        { name: "disk/a", content: "x" },
      ],
    ],
    ["a folder", [{ name: "disk/a", type: "5" }]],
    [
      "outside, by its name",
      [
        { name: "../disk/a", content: "x" },
        { name: "disk/../disk/a", content: "x" },
      ],
    ],
  ] as const)("never follows: %s", async (_, files) => {
    await expect(take([tarOf(files)])).rejects.toThrow(fault("refused", "DiskNotFound"));
  });

  it.each(["../../etc/shadow", "/disk/../../etc/shadow", "", "/", "a\0b"])(
    "refuses to be asked for %j",
    async (path) => {
      await expect(take([tarOf([{ name: "disk/a", content: "x" }])], path)).rejects.toThrow(
        fault("refused", "DiskNotFound"),
      );
    },
  );

  it("stops a small layer from becoming a large file", async () => {
    const bomb = packed(tarOf([{ name: "disk/a", content: Buffer.alloc(4_000_000) }]), "gzip");
    const { store, image } = await local([bomb], { unpackedBytes: 1_000_000 });
    await expect(store.extractFile(image, { path: "disk/a" })).rejects.toThrow(fault("refused", "ImageRefused"));
    const small = await local([bomb], { fileBytes: 1_000_000 });
    await expect(small.store.extractFile(small.image, { path: "disk/a" })).rejects.toThrow(
      fault("refused", "ImageRefused"),
    );
  });

  it.each([
    ["no archive", Buffer.from("x".repeat(2000))],
    ["cut off", tarOf([{ name: "disk/a", content: "x".repeat(5000) }]).subarray(0, 2000)],
    ["damaged gzip", packed(tarOf([{ name: "disk/a", content: randomBytes(5000) }]), "gzip").fill(0, 100, 300)],
    ["a header of 2 GiB", tarOf([{ name: "disk/a", type: "L", size: 2 ** 31 }])],
  ])("refuses a layer that is %s", async (_, layer) => {
    await expect(take([layer])).rejects.toThrow(fault("refused", "ImageRefused"));
  });

  it("leaves holes where a disk is empty", async () => {
    const content = Buffer.alloc(8 * 1024 * 1024);
    content.write("end", content.length - 3);
    const { store, image } = await local([packed(tarOf([{ name: "disk/a", content }]), "gzip")]);
    const { path } = await store.extractFile(image, { path: "disk/a" });
    expect(statSync(path).size).toBe(content.length);
    expect(statSync(path).blocks * 512).toBeLessThan(1_000_000);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it("comes later when a layer is gone, and harms nobody else", async () => {
    const { store, image } = await local([tarOf([{ name: "disk/a", content: "hello" }])]);
    for (const { path } of image.layers) rmSync(path);
    await expect(store.extractFile(image, { path: "disk/a" })).rejects.toThrow(fault("later", "ImagePullFailed"));
  });

  it("makes a file again that was lost or cut off", async () => {
    const { store, image } = await local([tarOf([{ name: "disk/a", content: "hello" }])]);
    const { path } = await store.extractFile(image, { path: "disk/a" });
    truncateSync(path, 2);
    expect(readFileSync((await store.extractFile(image, { path: "disk/a" })).path, "utf8")).toBe("hello");
    rmSync(path);
    expect(readFileSync((await store.extractFile(image, { path: "disk/a" })).path, "utf8")).toBe("hello");
  });
});

describe("the cache", () => {
  it("keeps the layers of an image that was just asked for, however long ago they came", async () => {
    const name = await served();
    const store = open({ limits: { cacheBytes: 0 } });
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const { path } of (await store.pull(name)).layers) utimesSync(path, longAgo, longAgo);
    const image = await store.pull(name, { pullPolicy: "Always" });
    expect(readFileSync((await store.extractFile(image, { directory: "disk" })).path).equals(disk)).toBe(true);
    expect(blobGets()).toBe(1);
  });

  it("gives up what was used longest ago, but nothing that was used just now", async () => {
    const name = await served();
    const store = open({ limits: { cacheBytes: 0 } });
    const image = await store.pull(name);
    const file = await store.extractFile(image, { directory: "/disk" });
    expect(await store.prune()).toBeGreaterThan(0);
    expect(existsSync(file.path)).toBe(true);
    const longAgo = new Date(Date.now() - 3_600_000);
    for (const path of [file.path, `${file.path}.json`, ...image.layers.map((layer) => layer.path)]) {
      utimesSync(path, longAgo, longAgo);
    }
    // A machine has the file under a name of its own.
    const inUse = join(directory, "in-use");
    linkSync(file.path, inUse);
    await store.prune();
    expect(existsSync(file.path)).toBe(true);
    rmSync(inUse);
    await store.prune();
    expect(existsSync(file.path)).toBe(false);
    expect(image.layers.some((layer) => existsSync(layer.path))).toBe(false);
    expect((await open().pull(name)).digest).toBe(diskImage.digest);
  });
});
