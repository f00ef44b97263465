/** What /proc/PID/mountinfo tells, and where a folder of one mount namespace lies in another. Pure. */

export interface Mount {
  /** Of the file system: major:minor. */
  readonly device: string;
  /** Which folder of the file system it shows. */
  readonly root: string;
  /** Where. */
  readonly point: string;
}

export function parseMounts(text: string): readonly Mount[] {
  return text.split("\n").flatMap((line) => {
    const [, , device, root, point] = line.split(" ");
    if (device === undefined || root === undefined || point === undefined) return [];
    return [{ device, root: unescaped(root), point: unescaped(point) }];
  });
}

/** Blanks, tabs, line feeds and backslashes are written as three octal digits. */
function unescaped(text: string): string {
  return text.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/**
 * A path by which what is mounted at `point` in one namespace is found in another: the same folder of the same file system,
 * in or below a mount there. Undefined when that namespace does not show it.
 */
export function hostPathOf(point: string, inner: readonly Mount[], outer: readonly Mount[]): string | undefined {
  // The last one mounted there covers the others.
  const mount = inner.findLast((candidate) => candidate.point === point);
  if (mount === undefined) return undefined;
  const showing = outer
    .filter(({ device, root }) => device === mount.device && isWithin(mount.root, root))
    // The nearest: less of the way down can be covered by other mounts.
    .sort((a, b) => b.root.length - a.root.length);
  const [nearest] = showing;
  if (nearest === undefined) return undefined;
  const below = nearest.root === "/" ? mount.root : mount.root.slice(nearest.root.length);
  return below === "" || below === "/" ? nearest.point : `${nearest.point === "/" ? "" : nearest.point}${below}`;
}

function isWithin(path: string, folder: string): boolean {
  return folder === "/" || path === folder || path.startsWith(`${folder}/`);
}
