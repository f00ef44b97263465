import { readdir, readFile } from "node:fs/promises";
import { builtinModules } from "node:module";
import { dirname, join, relative, resolve } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = resolve(import.meta.dirname, "../..");

/** room → the rooms that it may import, besides itself. */
const arrows = {
  "api": [],
  "events": ["api"],
  "functions": ["api", "events"],
  "control": ["api", "events", "functions"],
  "node-runtime": ["api", "events"],
  "local": ["api", "events", "functions", "node-runtime"],
  // `up` makes the demo guest by the script that does it; the version is the package's.
  "cli": ["api", "events", "functions", "node-runtime", "local", "scripts", "package.json"],
} as const satisfies Record<string, readonly string[]>;

/**
 * Foreign package → the files that may import it: its doors, one a side. What is not listed is nobody's. `*` stands for
 * everybody: hono is how every HTTP server here is written, zod how every schema is.
 */
const doors: Readonly<Record<string, readonly string[]>> = {
  "hono": ["*"],
  "zod": ["*"],
  "@hono/node-server": ["local/", "control/", "functions/main.ts", "node-runtime/server.ts"],
  "cloudevents": ["events/http.ts"],
  "@kubernetes/client-node": ["events/kubernetes.ts"],
  "node:sqlite": ["events/database.ts", "local/apiserver/store/database.ts"],
  "undici": ["functions/nodes.ts", "node-runtime/images/"],
  "ws": ["functions/websocket.ts", "node-runtime/console/socket.ts", "cli/client.ts", "cli/commands/console.ts"],
  "@peculiar/x509": ["events/certificates.ts"],
  "reflect-metadata": ["events/certificates.ts"],
  "@marcbachmann/cel-js": ["local/apiserver/cel/"],
  "jose": ["local/apiserver/authentication/service-account-tokens.ts", "events/oidc.ts"],
  "fast-json-patch": ["local/apiserver/patch/json-patch.ts"],
  "pino": ["functions/main.ts", "control/main.ts", "node-runtime/main.ts", "local/", "cli/"],
  "commander": ["cli/main.ts"],
  "yaml": ["local/", "cli/"],
};

interface Import {
  readonly file: string;
  readonly room: string;
  readonly target: string;
}

let imports: readonly Import[] = [];

beforeAll(async () => {
  const files = (await Promise.all(Object.keys(arrows).map((room) => sources(join(ROOT, room))))).flat();
  imports = (await Promise.all(files.map(importsOf))).flat();
});

async function sources(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true, recursive: true });
  return entries
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

const IMPORT = /(?:^|[\n;])\s*(?:import|export)\s(?:[^"';]*?\sfrom\s)?"([^"]+)"|\bimport\(\s*"([^"]+)"\s*\)/g;

async function importsOf(file: string): Promise<Import[]> {
  const text = await readFile(file, "utf8");
  const path = relative(ROOT, file);
  return [...text.matchAll(IMPORT)].map((match) => ({
    file: path,
    room: path.split("/")[0] ?? "",
    target: match[1] ?? match[2] ?? "",
  }));
}

/** The room of an import of ours; undefined for foreign ones. */
function roomOf({ file, target }: Import): string | undefined {
  if (target.startsWith("#")) return target.slice(1).split("/")[0];
  if (!target.startsWith(".")) return undefined;
  return relative(ROOT, resolve(ROOT, dirname(file), target)).split("/")[0];
}

function packageOf(target: string): string {
  const parts = target.split("/");
  return target.startsWith("@") ? parts.slice(0, 2).join("/") : (parts[0] ?? target);
}

function isForeign(one: Import): boolean {
  if (roomOf(one) !== undefined) return false;
  const name = packageOf(one.target);
  return one.target === "node:sqlite" || !(one.target.startsWith("node:") || builtinModules.includes(name));
}

describe("imports", () => {
  it("are found at all", () => {
    expect(imports.length).toBeGreaterThan(300);
    expect(new Set(imports.map(({ room }) => room)).size).toBeGreaterThanOrEqual(4);
  });

  it.each(Object.entries(arrows))("%s imports only %j and itself", (room, allowed: readonly string[]) => {
    const wrong = imports.filter((one) => {
      const target = roomOf(one);
      return one.room === room && target !== undefined && target !== room && !allowed.includes(target);
    });
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  it("go across rooms by subpath", () => {
    const wrong = imports.filter((one) => {
      const target = roomOf(one);
      if (target === undefined || target === one.room || !Object.hasOwn(arrows, target)) return false;
      return !one.target.startsWith("#");
    });
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });
});

describe("foreign packages", () => {
  it("are imported at their doors only", () => {
    const wrong = imports.filter((one) => {
      if (!isForeign(one)) return false;
      const allowed = doors[one.target === "node:sqlite" ? one.target : packageOf(one.target)] ?? [];
      return !allowed.some(
        (door) => door === "*" || (door.endsWith("/") ? one.file.startsWith(door) : one.file === door),
      );
    });
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });

  it("have a door that somebody uses", () => {
    const used = new Set(imports.map(({ target }) => (target === "node:sqlite" ? target : packageOf(target))));
    expect(Object.keys(doors).filter((name) => !used.has(name))).toEqual([]);
  });

  it("api is pure: it reads no clock, file or network", () => {
    const impure = ["node:fs", "node:net", "node:http", "node:https", "node:child_process", "node:timers", "node:os"];
    const wrong = imports.filter(
      ({ room, target }) => room === "api" && impure.some((name) => target.startsWith(name)),
    );
    expect(wrong.map(({ file, target }) => `${file} imports ${target}`)).toEqual([]);
  });
});

describe("HTTPS servers", () => {
  it("are made in one place, without Node's defect", async () => {
    const makes = /import \{[^}]*\bcreateServer\b[^}]*\} from "node:https"|\bhttps\.createServer\(/;
    const files = await Promise.all(
      [...new Set(imports.map(({ file }) => file))].map(async (file) => ({
        file,
        text: await readFile(join(ROOT, file), "utf8"),
      })),
    );
    expect(files.filter(({ text }) => makes.test(text)).map(({ file }) => file)).toEqual(["events/tls-server.ts"]);
  });
});
