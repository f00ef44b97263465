/** Reads an ISO 9660 image back, by one of its two trees; written apart from the writer. */

const SECTOR = 2048;

export function readIso(image: Buffer, tree: "plain" | "joliet"): { label: string; files: Record<string, string> } {
  for (let sector = 16; ; sector += 1) {
    const at = sector * SECTOR;
    const type = image.readUInt8(at);
    if (image.toString("latin1", at + 1, at + 6) !== "CD001") throw new Error("no volume descriptor");
    if (type === 255) throw new Error(`no ${tree} tree`);
    const isJoliet = type === 2 && image.toString("latin1", at + 88, at + 91) === "%/E";
    if (tree === "plain" ? type !== 1 : !isJoliet) continue;
    if (image.readUInt32LE(at + 80) * SECTOR !== image.length) throw new Error("the size is wrong");
    const files: Record<string, string> = {};
    walk(image, tree, image.readUInt32LE(at + 158), image.readUInt32LE(at + 166), "", files);
    return { label: text(image.subarray(at + 40, at + 72), tree).trimEnd(), files };
  }
}

function walk(
  image: Buffer,
  tree: "plain" | "joliet",
  sector: number,
  bytes: number,
  path: string,
  files: Record<string, string>,
): void {
  const end = sector * SECTOR + bytes;
  for (let at = sector * SECTOR; at < end;) {
    const length = image.readUInt8(at);
    if (length === 0) {
      at = (Math.floor(at / SECTOR) + 1) * SECTOR;
      continue;
    }
    if (image.readUInt32LE(at + 2) !== image.readUInt32BE(at + 6)) throw new Error("the two byte orders differ");
    const start = image.readUInt32LE(at + 2);
    const size = image.readUInt32LE(at + 10);
    const raw = image.subarray(at + 33, at + 33 + image.readUInt8(at + 32));
    const isSelf = raw.length === 1 && raw.readUInt8(0) < 2;
    const name = isSelf ? "" : `${path}${text(raw, tree).replace(/;1$/, "")}`;
    if (!isSelf && (image.readUInt8(at + 25) & 2) !== 0) walk(image, tree, start, size, `${name}/`, files);
    else if (!isSelf) files[name] = image.toString("utf8", start * SECTOR, start * SECTOR + size);
    at += length;
  }
}

function text(raw: Buffer, tree: "plain" | "joliet"): string {
  return tree === "plain" ? raw.toString("latin1") : Buffer.from(raw).swap16().toString("utf16le");
}
