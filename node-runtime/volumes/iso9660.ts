/**
 * Small ISO 9660 images with Joliet names, for the handful of files that a guest reads at its first boot. Both trees, the
 * plain one and Joliet's, name the same files; the bytes depend on nothing but label and files. ECMA-119; Joliet 1.
 * Pure.
 */
import { Fault } from "#events/fault.ts";

const SECTOR = 2048;
const FIRST_DESCRIPTOR = 16;
/** Programs that look for a disk's label read its first 68 KiB and take a shorter one for unreadable. */
const FEWEST_SECTORS = 64;
/** Joliet's limit is 64 characters; systems read up to 103, and Secrets' keys may have more than 64. */
const LONGEST_NAME = 103;
/** Bytes of all files: these disks carry configuration. */
const MOST_BYTES = 64 * 1024 * 1024;

export type Files = Readonly<Record<string, Buffer>>;

interface Folder {
  readonly name: string;
  readonly parent: Folder | undefined;
  readonly folders: Map<string, Folder>;
  readonly files: { readonly name: string; readonly content: Buffer; sector: number }[];
  /** Position and length in each tree. */
  readonly at: Record<Tree, { sector: number; bytes: number; number: number }>;
}

type Tree = "plain" | "joliet";

/**
 * @param label at most 16 characters, for instance cidata
 * @param files by path, such as openstack/latest/user_data
 * @throws Fault refused VolumeNotSupported when they do not fit
 */
export function isoImage(label: string, files: Files): Buffer {
  const root = folderTree(files);
  const folders = breadthFirst(root);
  let next = FIRST_DESCRIPTOR + 3;
  const tables: Record<Tree, { little: number; big: number; bytes: number }> = {
    plain: { little: 0, big: 0, bytes: 0 },
    joliet: { little: 0, big: 0, bytes: 0 },
  };
  for (const tree of ["plain", "joliet"] as const) {
    const bytes = folders.reduce((sum, folder) => sum + pathRecord(folder, tree, false).length, 0);
    const sectors = Math.ceil(bytes / SECTOR);
    tables[tree] = { little: next, big: next + sectors, bytes };
    next += 2 * sectors;
  }
  for (const tree of ["plain", "joliet"] as const) {
    folders.forEach((folder, index) => {
      const bytes = directory(folder, tree).length;
      folder.at[tree] = { sector: next, bytes, number: index + 1 };
      next += bytes / SECTOR;
    });
  }
  for (const file of folders.flatMap((folder) => folder.files)) {
    file.sector = next;
    next += Math.ceil(file.content.length / SECTOR);
  }

  next = Math.max(next, FEWEST_SECTORS);
  const image = Buffer.alloc(next * SECTOR);
  const put = (content: Buffer, sector: number): void => void content.copy(image, sector * SECTOR);
  put(descriptor("plain", label, root, tables.plain, next), FIRST_DESCRIPTOR);
  put(descriptor("joliet", label, root, tables.joliet, next), FIRST_DESCRIPTOR + 1);
  put(Buffer.from("\xffCD001\x01", "latin1"), FIRST_DESCRIPTOR + 2);
  for (const tree of ["plain", "joliet"] as const) {
    put(Buffer.concat(folders.map((folder) => pathRecord(folder, tree, false))), tables[tree].little);
    put(Buffer.concat(folders.map((folder) => pathRecord(folder, tree, true))), tables[tree].big);
    for (const folder of folders) put(directory(folder, tree), folder.at[tree].sector);
  }
  for (const file of folders.flatMap((folder) => folder.files)) put(file.content, file.sector);
  return image;
}

function folderTree(files: Files): Folder {
  const folder = (name: string, parent: Folder | undefined): Folder => ({
    name,
    parent,
    folders: new Map(),
    files: [],
    at: { plain: { sector: 0, bytes: 0, number: 0 }, joliet: { sector: 0, bytes: 0, number: 0 } },
  });
  const root = folder("", undefined);
  let bytes = 0;
  for (const path of Object.keys(files).sort()) {
    const segments = path.split("/");
    const name = segments.pop() ?? "";
    let where = root;
    for (const segment of [...segments, name]) checkName(segment, path);
    for (const segment of segments) {
      const inner = where.folders.get(segment) ?? folder(segment, where);
      where.folders.set(segment, inner);
      where = inner;
    }
    const content = files[path] ?? Buffer.alloc(0);
    bytes += content.length;
    where.files.push({ name, content, sector: 0 });
  }
  if (bytes > MOST_BYTES)
    throw unsupported(`The files of a disk have ${bytes} bytes; at most ${MOST_BYTES} are allowed`);
  return root;
}

function checkName(name: string, path: string): void {
  const wrong =
    name === "" || name === "." || name === ".." || name.length > LONGEST_NAME || !/^[\w.+@ -]+$/.test(name);
  if (!wrong) return;
  throw unsupported(
    `The file name ${JSON.stringify(path.slice(0, 200))} must have 1 to ${LONGEST_NAME} letters, digits and any of "._-+@ "`,
  );
}

function unsupported(message: string): Fault {
  return new Fault("refused", "VolumeNotSupported", message);
}

/** The order that path tables have: level by level. */
function breadthFirst(root: Folder): Folder[] {
  const all = [root];
  for (const folder of all) all.push(...folder.folders.values());
  return all;
}

function encoded(name: string, tree: Tree, isFile: boolean): Buffer {
  const text = isFile ? `${name};1` : name;
  if (tree === "plain") return Buffer.from(text.toUpperCase(), "latin1");
  const name16 = Buffer.from(isFile ? `${name};1` : name, "utf16le");
  return name16.swap16();
}

/** Entries may not cross a sector's end; a folder fills whole sectors. */
function directory(folder: Folder, tree: Tree): Buffer {
  const own = folder.at[tree];
  const parent = (folder.parent ?? folder).at[tree];
  const records = [
    record(Buffer.from([0]), own.sector, own.bytes, true),
    record(Buffer.from([1]), parent.sector, parent.bytes, true),
    ...[
      ...[...folder.folders.values()].map((inner) => {
        const name = encoded(inner.name, tree, false);
        return { name, bytes: record(name, inner.at[tree].sector, inner.at[tree].bytes, true) };
      }),
      ...folder.files.map((file) => {
        const name = encoded(file.name, tree, true);
        return { name, bytes: record(name, file.sector, file.content.length, false) };
      }),
    ]
      .sort((a, b) => Buffer.compare(a.name, b.name))
      .map(({ bytes }) => bytes),
  ];
  const parts: Buffer[] = [];
  let used = 0;
  for (const bytes of records) {
    const room = SECTOR - (used % SECTOR);
    if (bytes.length > room) {
      parts.push(Buffer.alloc(room));
      used += room;
    }
    parts.push(bytes);
    used += bytes.length;
  }
  parts.push(Buffer.alloc((SECTOR - (used % SECTOR)) % SECTOR));
  return Buffer.concat(parts);
}

function record(name: Buffer, sector: number, bytes: number, isFolder: boolean): Buffer {
  const length = 33 + name.length + ((name.length + 1) % 2);
  const out = Buffer.alloc(length);
  out.writeUInt8(length, 0);
  both32(out, sector, 2);
  both32(out, bytes, 10);
  date7().copy(out, 18);
  out.writeUInt8(isFolder ? 2 : 0, 25);
  both16(out, 1, 28);
  out.writeUInt8(name.length, 32);
  name.copy(out, 33);
  return out;
}

function pathRecord(folder: Folder, tree: Tree, big: boolean): Buffer {
  const name = folder.parent === undefined ? Buffer.from([0]) : encoded(folder.name, tree, false);
  const out = Buffer.alloc(8 + name.length + (name.length % 2));
  const { sector } = folder.at[tree];
  const parent = (folder.parent ?? folder).at[tree].number;
  out.writeUInt8(name.length, 0);
  if (big) {
    out.writeUInt32BE(sector, 2);
    out.writeUInt16BE(parent, 6);
  } else {
    out.writeUInt32LE(sector, 2);
    out.writeUInt16LE(parent, 6);
  }
  name.copy(out, 8);
  return out;
}

function descriptor(
  tree: Tree,
  label: string,
  root: Folder,
  table: { readonly little: number; readonly big: number; readonly bytes: number },
  sectors: number,
): Buffer {
  const out = Buffer.alloc(SECTOR);
  const text = (value: string, at: number, length: number): void => {
    const wide = tree === "joliet";
    const padded = value.padEnd(wide ? length / 2 : length, " ");
    const bytes = wide ? Buffer.from(padded, "utf16le").swap16() : Buffer.from(padded, "latin1");
    bytes.copy(out, at, 0, length);
  };
  out.writeUInt8(tree === "plain" ? 1 : 2, 0);
  out.write("CD001\x01", 1, "latin1");
  text("LINUX", 8, 32);
  text(label, 40, 32);
  both32(out, sectors, 80);
  // Level 3 of UCS-2: what makes the second descriptor Joliet's.
  if (tree === "joliet") out.write("%/E", 88, "latin1");
  both16(out, 1, 120);
  both16(out, 1, 124);
  both16(out, SECTOR, 128);
  both32(out, table.bytes, 132);
  out.writeUInt32LE(table.little, 140);
  out.writeUInt32BE(table.big, 148);
  record(Buffer.from([0]), root.at[tree].sector, root.at[tree].bytes, true).copy(out, 156);
  for (const [at, length] of [
    [190, 128],
    [318, 128],
    [446, 128],
    [574, 128],
    [702, 36],
    [740, 36],
    [776, 36],
  ] as const) {
    text("", at, length);
  }
  for (const at of [813, 830, 847, 864]) out.write("0000000000000000\0", at, "latin1");
  out.writeUInt8(1, 881);
  return out;
}

/** 1 January 1980, in UTC: times of ours would make equal disks differ. */
function date7(): Buffer {
  return Buffer.from([80, 1, 1, 0, 0, 0, 0]);
}

function both32(out: Buffer, value: number, at: number): void {
  out.writeUInt32LE(value, at);
  out.writeUInt32BE(value, at + 4);
}

function both16(out: Buffer, value: number, at: number): void {
  out.writeUInt16LE(value, at);
  out.writeUInt16BE(value, at + 2);
}
