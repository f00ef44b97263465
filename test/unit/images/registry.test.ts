import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, it } from "vitest";
import { silentLog } from "#events/log.ts";
import { defaultLimits } from "#node-runtime/images/image.ts";
import { openRegistry } from "#node-runtime/images/registry.ts";
import { startRegistry, type Registry } from "./fake-registry.ts";
import { imageOf, packed, tarOf } from "./image-files.ts";

let registry: Registry | undefined;
afterEach(async () => registry?.close());

const image = imageOf([packed(tarOf([{ name: "disk/d.raw", content: randomBytes(400_000) }]), "plain")]);

describe("a blob", () => {
  it("that can't be written is no broken download: what is missing here would be skipped", async () => {
    registry = await startRegistry({ "team/disk:1": image });
    const options = { fetch: globalThis.fetch, limits: defaultLimits, log: silentLog };
    const client = openRegistry({ registry: registry.host, repository: "team/disk" }, options);
    const full = Object.assign(new Error("no space left on device"), { code: "ENOSPC" });
    const written: Buffer[] = [];
    let writes = 0;
    const sink = {
      async write(chunk: Buffer) {
        writes += 1;
        if (writes === 2) throw full;
        written.push(chunk);
      },
      async restart() {
        written.length = 0;
      },
    };
    const [digest = "", content = Buffer.alloc(0)] = [...image.blobs].find(([, bytes]) => bytes.length > 400_000) ?? [];
    const blob = { digest, size: content.length, mediaType: "" };
    await expect(client.blob(blob, sink, new AbortController().signal)).rejects.toBe(full);
    expect(registry.requests).toHaveLength(1);
    expect(Buffer.concat(written).length).toBeLessThan(content.length);
  });
});
