/** Writers for the two archive formats that a guest needs: cpio for the kernel's initrd, tar for an image's layers. */

export interface Entry {
  /** Path without a leading slash. */
  readonly path: string;
  /** Permission bits, such as 0o755. */
  readonly mode: number;
  readonly content: Buffer | { readonly directory: true } | { readonly link: string };
}

/** The "newc" format that the kernel unpacks; owner root, time 0: the same entries, the same bytes. */
export function cpio(entries: readonly Entry[]): Buffer {
  const chunks: Buffer[] = [];
  [...entries, { path: "TRAILER!!!", mode: 0, content: Buffer.alloc(0) }].forEach((entry, index) => {
    const { type, data } = parts(entry);
    const name = Buffer.from(`${entry.path}\0`);
    const fields = [index + 1, type | entry.mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length, 0];
    const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}`;
    chunks.push(padded(Buffer.concat([Buffer.from(header), name]), 4), padded(data, 4));
  });
  return Buffer.concat(chunks);
}

function parts(entry: Entry): { readonly type: number; readonly data: Buffer } {
  if (Buffer.isBuffer(entry.content)) return { type: 0o100000, data: entry.content };
  if ("link" in entry.content) return { type: 0o120000, data: Buffer.from(entry.content.link) };
  return { type: 0o040000, data: Buffer.alloc(0) };
}

function padded(data: Buffer, to: number): Buffer {
  const rest = data.length % to;
  return rest === 0 ? data : Buffer.concat([data, Buffer.alloc(to - rest)]);
}

/** POSIX ustar; paths and what links lead to up to 100 bytes; files, directories and symbolic links. */
export function tar(entries: readonly Entry[]): Buffer {
  const chunks = entries.flatMap((entry) => {
    const { content } = entry;
    const isFile = Buffer.isBuffer(content);
    const link = !isFile && "link" in content ? content.link : undefined;
    const data = isFile ? content : Buffer.alloc(0);
    const header = Buffer.alloc(512);
    const octal = (value: number, at: number, length: number): void => {
      header.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
    };
    for (const text of [entry.path, link ?? ""]) {
      if (Buffer.byteLength(text) > 100) throw new Error(`${text} is too long for a tar header`);
    }
    header.write(entry.path, 0);
    octal(entry.mode, 100, 8);
    octal(0, 108, 8);
    octal(0, 116, 8);
    octal(data.length, 124, 12);
    octal(0, 136, 12);
    header.write("        ", 148, "latin1");
    header.write(isFile ? "0" : link === undefined ? "5" : "2", 156, "latin1");
    header.write(link ?? "", 157);
    header.write("ustar\x0000", 257, "latin1");
    octal(
      header.reduce((sum, byte) => sum + byte, 0),
      148,
      7,
    );
    return [header, padded(data, 512)];
  });
  return Buffer.concat([...chunks, Buffer.alloc(1024)]);
}
