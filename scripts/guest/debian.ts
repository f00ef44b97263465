/** Debian packages, downloaded and unpacked into a folder; nothing is installed, and no root is needed. */
import { access, mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { run } from "./run.ts";

/** The package that the metapackage stands for: linux-image-cloud-amd64 → linux-image-6.1.0-56-cloud-amd64. */
export async function kernelPackage(apt: Apt, metapackage: string): Promise<string> {
  const shown = await apt.show(metapackage);
  const depends = /^Depends: (linux-image-[\w.+-]+)/m.exec(shown)?.[1];
  if (depends === undefined) throw new Error(`The package ${metapackage} names no kernel that it depends on`);
  return depends;
}

/** Where a package has put it: since Debian 13 what was in /bin and /lib is shipped under /usr. */
export async function placeOf(tree: string, path: string): Promise<string> {
  for (const place of [join(tree, "usr", path), join(tree, path)]) {
    const there = await access(place).then(
      () => true,
      () => false,
    );
    if (there) return place;
  }
  throw new Error(`No package brought ${path}, neither there nor under usr/`);
}

export interface Apt {
  show(name: string): Promise<string>;
  /** Downloads the package and unpacks its files under `into`. */
  unpack(name: string, into: string): Promise<void>;
}

/**
 * apt with the machine's sources. Where the machine has no package lists (a fresh container), they are fetched into a
 * folder of ours: the machine's own stay as they are. `needed` is a package that is in no list but a whole one (one that
 * is installed is known without any).
 */
export async function openApt(directory: string, needed: string, say: (line: string) => void): Promise<Apt> {
  try {
    await access("/usr/bin/apt-get");
  } catch {
    throw new Error(
      "The demo guest is made from Debian packages, and this machine has no apt-get: use Debian 12 or later",
    );
  }
  let options: readonly string[] = [];
  const show = async (name: string): Promise<string> =>
    run("apt-cache", [...options, "show", "--no-all-versions", name]);
  try {
    await show(needed);
  } catch {
    say("fetching Debian's package lists, which this machine does not have");
    options = await ownLists(join(directory, "apt"));
  }
  return {
    show,
    async unpack(name, into) {
      const downloads = join(directory, `download-${name}`);
      await mkdir(downloads, { recursive: true });
      await run("apt-get", [...options, "-q", "-o", "APT::Sandbox::User=root", "download", name], {
        cwd: downloads,
        seconds: 300,
      });
      const files = (await readdir(downloads)).filter((file) => file.endsWith(".deb"));
      const [file] = files;
      if (file === undefined || files.length > 1) throw new Error(`apt-get downloaded no single file for ${name}`);
      await run("dpkg-deb", ["-x", join(downloads, file), into]);
      await rm(downloads, { recursive: true });
    },
  };
}

async function ownLists(directory: string): Promise<string[]> {
  await mkdir(join(directory, "lists", "partial"), { recursive: true });
  await mkdir(join(directory, "cache", "archives", "partial"), { recursive: true });
  const options = [
    "-o",
    `Dir::State::lists=${join(directory, "lists")}`,
    "-o",
    `Dir::Cache=${join(directory, "cache")}`,
    "-o",
    "Debug::NoLocking=true",
    "-o",
    "APT::Sandbox::User=root",
  ];
  await run("apt-get", [...options, "-q", "update"], { seconds: 300 });
  return options;
}
