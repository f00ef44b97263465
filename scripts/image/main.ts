/** scripts/image/build: Virtive's images as files, without an engine. */
import { readFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { asFault, Fault } from "#events/fault.ts";
import { buildImages, IMAGES } from "./images.ts";

const USAGE = `usage: scripts/image/build [NAME…] [--output FOLDER] [--repository virtive] [--tag VERSION] [--gzip]
  NAME: ${IMAGES.join(", ")}; all when none is given. Files are named FOLDER/virtive-NAME.tar (dist/images)
  docker load, ctr images import, kind load image-archive and skopeo copy oci-archive: read them`;

const root = join(import.meta.dirname, "../..");
const start = Date.now();

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      output: { type: "string", default: join(root, "dist/images") },
      repository: { type: "string", default: "virtive" },
      tag: { type: "string" },
      gzip: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const names = positionals.map((given) => {
    const name = IMAGES.find((one) => one === given);
    if (name !== undefined) return name;
    throw new Fault("refused", "NoSuchImage", `no image "${given}"; there are: ${IMAGES.join(", ")}`);
  });
  const { version } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { readonly version: string };
  await buildImages({
    names: names.length === 0 ? IMAGES : names,
    repository: values.repository,
    tag: values.tag ?? version,
    directory: resolve(values.output),
    gzip: values.gzip,
    say: (line) => console.error(`[${((Date.now() - start) / 1000).toFixed(1).padStart(5)} s] ${line}`),
  });
}

await main().catch((thrown: unknown) => {
  console.error(`scripts/image/build: ${asFault(thrown).message}`);
  process.exitCode = 1;
});
