/**
 * A file system of Debian packages with all that they depend on, unpacked and not installed: no maintainer script runs, no
 * root is needed. Kept by the packages' versions, so that it is made once.
 */
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { produce } from "../kubernetes/cache.ts";
import { run } from "../guest/run.ts";

/** Since Debian 12 these are links; packages still name both places. */
const MERGED = ["bin", "sbin", "lib", "lib64"] as const;
/** Nobody reads these in an image. Licences stay. */
const LEFT_OUT = /^usr\/share\/(doc\/.*\/(changelog|NEWS|README|examples)|man|info|locale|lintian|bug|bash-completion)/;

/** @param leftOut of what they depend on, what only their installation needs. @returns the folder */
export async function debianTree(
  name: string,
  packages: readonly string[],
  leftOut: readonly string[],
  say: (line: string) => void,
): Promise<string> {
  const closure = (await closureOf(packages)).filter((one) => !leftOut.includes(one.split("=")[0] ?? ""));
  return produce(
    {
      name: `debian-${name}`,
      files: [],
      words: [...closure, "1"],
      make: (directory) => unpack(closure, directory, say),
    },
    say,
  );
}

/** For `entriesUnder`. */
export function isWanted(path: string): boolean {
  return !LEFT_OUT.test(path);
}

/** "name=version" of the packages and of all that they depend on, as if nothing were installed here. */
async function closureOf(packages: readonly string[]): Promise<readonly string[]> {
  const work = await mkdtemp(join(tmpdir(), "virtive-apt-"));
  try {
    await writeFile(join(work, "status"), "");
    const options = ["-o", `Dir::State::status=${join(work, "status")}`, "-o", "Debug::NoLocking=true"];
    const simulated = await run("apt-get", [...options, "-s", "--no-install-recommends", "install", ...packages]);
    const found = [...simulated.matchAll(/^Inst (\S+) \((\S+) /gm)].map(([, name, version]) => `${name}=${version}`);
    if (found.length < packages.length) throw new Error(`apt knows not all of: ${packages.join(", ")}`);
    return found.sort();
  } finally {
    await rm(work, { recursive: true });
  }
}

async function unpack(closure: readonly string[], directory: string, say: (line: string) => void): Promise<void> {
  const downloads = join(directory, ".downloads");
  await mkdir(downloads);
  say(`fetching ${closure.length} Debian packages`);
  await run("apt-get", ["-q", "-o", "APT::Sandbox::User=root", "download", ...closure], {
    cwd: downloads,
    seconds: 900,
  });
  for (const place of MERGED) {
    await mkdir(join(directory, "usr", place), { recursive: true });
    await symlink(`usr/${place}`, join(directory, place));
  }
  for (const file of (await readdir(downloads)).sort()) {
    const archive = join(downloads, file);
    const tar = `tar -x --keep-directory-symlink --no-same-owner -C "$2"`;
    await run("bash", ["-c", `set -o pipefail; dpkg-deb --fsys-tarfile "$1" | ${tar}`, "unpack", archive, directory], {
      seconds: 120,
    });
  }
  await rm(downloads, { recursive: true });
  await trustedAuthorities(directory);
}

/** The bundle that a maintainer script would have made. */
async function trustedAuthorities(directory: string): Promise<void> {
  const from = join(directory, "usr/share/ca-certificates/mozilla");
  const names = await readdir(from).catch(() => []);
  const texts = await Promise.all(names.sort().map((name) => readFile(join(from, name), "utf8")));
  await mkdir(join(directory, "etc/ssl/certs"), { recursive: true });
  await writeFile(join(directory, "etc/ssl/certs/ca-certificates.crt"), texts.join(""));
}
