/**
 * The program that libvirt starts instead of QEMU. It waits at a gate, a fifo named after the domain's UUID, until its
 * process has been put where its pod's processes are counted, and then becomes QEMU. QEMU that was moved after its start would
 * have left its memory where it was. libvirt also starts it without a UUID, to learn what QEMU can: that passes through.
 */
import { mkdir, readFile, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { isMissing } from "#events/file-fault.ts";
import { writeWholeBytes } from "../images/files.ts";
import { seenByPrograms } from "../programs.ts";

/** How long it waits for its gate to open; the runtime may have died in between. */
const WAIT_SECONDS = 60;

export interface WrapperOptions {
  /** Where it is written; on a file system that programs may be started from, which /run need not be. */
  readonly directory: string;
  /** Of the fifos. */
  readonly gates: string;
  readonly emulator: string;
}

/** Its path. It is written anew only when it differs: by its age libvirt tells whether it must ask QEMU again. */
export async function installWrapper(options: WrapperOptions): Promise<string> {
  const path = join(options.directory, basename(options.emulator));
  const { size, mtimeMs } = await stat(seenByPrograms(options.emulator));
  const text = script(options, `${size} bytes of ${new Date(mtimeMs).toISOString()}`);
  await mkdir(options.directory, { recursive: true, mode: 0o755 });
  const there = await readFile(path, "utf8").catch((thrown: unknown) => {
    if (isMissing(thrown)) return undefined;
    throw thrown;
  });
  if (there !== text) await writeWholeBytes(path, text, { mode: 0o755 });
  return path;
}

/** `version` changes the file, and so makes libvirt look again, when QEMU is another one. */
function script({ gates, emulator }: WrapperOptions, version: string): string {
  return `#!/bin/sh
# Written by Virtive. QEMU: ${version}.
uuid= previous=
for word; do
  [ "$previous" != -uuid ] || uuid=$word
  previous=$word
done
if [ -n "$uuid" ]; then
  gate=${gates}/$uuid
  if [ "$(timeout ${WAIT_SECONDS} cat "$gate")" != go ]; then
    echo "the node runtime did not let this guest start" >&2
    exit 1
  fi
fi
exec ${emulator} "$@"
`;
}
