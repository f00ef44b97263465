/**
 * A pod's control groups, found by its uid alone. QEMU and what serves its guest live in `vm`, a group of their own beside
 * the pod's containers:
 *
 * ```
 *   …/pod<uid>            the kubelet's; limits and accounting of the whole pod
 *      ├── <container>    the anchor's process
 *      └── vm             ours; goes with the pod
 * ```
 * Not in a container's group: its runtime could not remove that, and the pod would never go. Not in the pod's own:
 * version 2 wants processes in leaves only.
 */
import { mkdir, readdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { errnoOf } from "#events/file-fault.ts";
import { Fault } from "#events/fault.ts";

/** Of our group under the pod's. */
const OURS = "vm";
/** The kubelet nests no deeper, with any driver and in any distribution that is known. */
const MOST_LEVELS = 5;
const UID = /^[0-9a-f-]{8,64}$/i;

export interface PodGroups {
  /** Processes of the pod's containers, its sandbox included; not those in our group. */
  processes(): Promise<readonly number[]>;
  /** Puts the process into our group, which is made if need be. @throws Fault later when pod or process are gone */
  adopt(pid: number): Promise<void>;
  /** How many processes of our group the kernel has ended for want of memory. 0 when there is no such group. */
  outOfMemoryKills(): Promise<number>;
}

/** The pod's groups below a mount of all hierarchies, such as /sys/fs/cgroup; undefined when there are none. */
export async function podGroups(root: string, podUID: string): Promise<PodGroups | undefined> {
  if (!UID.test(podUID)) return undefined;
  const version = (await exists(join(root, "cgroup.controllers"))) ? 2 : 1;
  const hierarchies = version === 2 ? [root] : await separateHierarchies(root);
  // The pod has the same path in each; memory is where it counts.
  const first = hierarchies.find((path) => path.endsWith("/memory")) ?? hierarchies[0];
  if (first === undefined) return undefined;
  const found = await findPod(first, podUID);
  if (found === undefined) return undefined;
  const inEach = await Promise.all(
    hierarchies.map(async (hierarchy) => {
      const path = join(hierarchy, relative(first, found));
      return (await exists(path)) ? [path] : [];
    }),
  );
  return groupsAt(found, inEach.flat(), version);
}

function groupsAt(pod: string, inEach: readonly string[], version: 1 | 2): PodGroups {
  return {
    async processes() {
      const containers = (await directories(pod)).filter((name) => name !== OURS);
      const lists = await Promise.all(containers.map((name) => pidsIn(join(pod, name))));
      return lists.flat();
    },
    async adopt(pid) {
      await Promise.all(
        inEach.map(async (group) => {
          const ours = join(group, OURS);
          try {
            // Not with its parents: the pod's own group is the kubelet's to make and to remove.
            await mkdir(ours).catch(unlessThere);
            await furnish(group, ours);
            await writeFile(join(ours, "cgroup.procs"), String(pid));
          } catch (thrown) {
            const what = `process ${pid} can't join ${ours}: ${errnoOf(thrown) ?? String(thrown)}`;
            throw new Fault("later", "PodGroupFailed", what, { cause: thrown });
          }
        }),
      );
    },
    async outOfMemoryKills() {
      const file = version === 2 ? "memory.events" : "memory.oom_control";
      const text = await readFile(join(pod, OURS, file), "utf8").catch(() => "");
      return Number(/^oom_kill (\d+)$/m.exec(text)?.[1] ?? 0);
    },
  };
}

function unlessThere(thrown: unknown): void {
  if (errnoOf(thrown) !== "EEXIST") throw thrown;
}

/** Version 1: a group without processors and memory nodes takes no process. */
async function furnish(from: string, to: string): Promise<void> {
  for (const file of ["cpuset.cpus", "cpuset.mems"]) {
    const has = await readFile(join(to, file), "utf8").catch(() => undefined);
    if (has === undefined || has.trim() !== "") continue;
    await writeFile(join(to, file), await readFile(join(from, file), "utf8"));
  }
}

/** Neither links, which are other names of a hierarchy, nor version 2 beside version 1. */
async function separateHierarchies(root: string): Promise<readonly string[]> {
  const paths = (await directories(root)).map((name) => join(root, name));
  const separate = await Promise.all(
    paths.map(async (path) => !(await exists(join(path, "cgroup.controllers"))) && exists(join(path, "cgroup.procs"))),
  );
  return paths.filter((_, index) => separate[index]);
}

/** Level by level, since it is never deep. With the systemd driver a name carries those of all slices above it. */
async function findPod(hierarchy: string, podUID: string): Promise<string | undefined> {
  const slice = `-pod${podUID.replaceAll("-", "_")}.slice`;
  const isPod = (name: string): boolean => name === `pod${podUID}` || name.endsWith(slice);
  let level = [hierarchy];
  for (let depth = 0; depth < MOST_LEVELS && level.length > 0; depth += 1) {
    const below: string[] = [];
    for (const path of level) {
      for (const name of await directories(path)) {
        if (isPod(name)) return join(path, name);
        // What is below other pods is none of our business, and there is most of it.
        if (!/^pod[0-9a-f-]{8}|-pod[0-9a-f_]{8}/i.test(name)) below.push(join(path, name));
      }
    }
    level = below;
  }
  return undefined;
}

async function directories(path: string): Promise<readonly string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  return entries.filter((entry) => entry.isDirectory()).map((entry) => entry.name);
}

async function pidsIn(group: string): Promise<readonly number[]> {
  const text = await readFile(join(group, "cgroup.procs"), "utf8").catch(() => "");
  // 0 stands for a process that is not in our PID namespace.
  return text
    .split("\n")
    .map(Number)
    .filter((pid) => pid > 1);
}

async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
