/**
 * A kubeconfig's current context, as far as the command line uses it: client certificates and tokens. Other ways to prove
 * who one is (plugins that are run, providers) are refused by name; passing over them would end in a puzzling 401.
 */
import { readFile } from "node:fs/promises";
import { delimiter, dirname, resolve } from "node:path";
import { parse } from "yaml";
import { z } from "zod";
import { Fault } from "#events/fault.ts";

/** Who to ask, and as whom. */
export interface Target {
  /** https; with the path under which the API is served, if it has one. */
  readonly server: URL;
  readonly namespace: string;
  readonly tls: {
    readonly ca?: Buffer;
    readonly cert?: Buffer;
    readonly key?: Buffer;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  readonly token?: string;
}

/** What is empty is not set. */
const Text = z
  .string()
  .nullish()
  .transform((text) => (text === null || text === "" ? undefined : text));

const Cluster = z.looseObject({
  "server": z.string(),
  "certificate-authority-data": Text,
  "certificate-authority": Text,
  "tls-server-name": Text,
  "insecure-skip-tls-verify": z.boolean().nullish(),
});
const User = z.looseObject({
  "client-certificate-data": Text,
  "client-certificate": Text,
  "client-key-data": Text,
  "client-key": Text,
  "token": Text,
  "tokenFile": Text,
});
const Kubeconfig = z.looseObject({
  "current-context": Text,
  "contexts": z
    .array(
      z.looseObject({
        name: z.string(),
        context: z.looseObject({ cluster: z.string(), user: z.string(), namespace: Text }),
      }),
    )
    .nullish(),
  "clusters": z.array(z.looseObject({ name: z.string(), cluster: Cluster })).nullish(),
  "users": z.array(z.looseObject({ name: z.string(), user: User })).nullish(),
});

/** What a user or a cluster may ask for and we do not do. */
const UNSUPPORTED = {
  user: ["exec", "auth-provider", "username", "password", "as", "as-uid", "as-groups", "as-user-extra"],
  cluster: ["proxy-url"],
} as const;

/** An entry and the folder of the file that it is from: files that it names are named from there. */
type Placed<T> = T & { readonly name: string; readonly folder: string };

/**
 * @param paths one file or, as in KUBECONFIG, several: the first that has an entry of a name wins, those that do not exist
 * are passed over
 * @throws Fault refused KubeconfigNotFound, KubeconfigInvalid, KubeconfigUnsupported
 */
export async function readTarget(paths: string): Promise<Target> {
  const files = await readFiles(
    paths.split(delimiter).filter((path) => path !== ""),
    paths,
  );
  const current = files
    .map(({ config }) => config["current-context"])
    .find((name) => name !== undefined && name !== "");
  if (current === undefined)
    throw invalid(paths, "current-context is not set; kubectl config use-context NAME sets it");
  const all = <T>(entries: (file: (typeof files)[number]) => readonly (T & { readonly name: string })[]): Placed<T>[] =>
    files.flatMap((file) => entries(file).map((entry) => ({ ...entry, folder: dirname(resolve(file.path)) })));
  const { context } = pick(
    all(({ config }) => config.contexts ?? []),
    current,
    "contexts",
    paths,
  );
  const { cluster, folder: clusterFolder } = pick(
    all(({ config }) => config.clusters ?? []),
    context.cluster,
    "clusters",
    paths,
  );
  const { user, folder: userFolder } = pick(
    all(({ config }) => config.users ?? []),
    context.user,
    "users",
    paths,
  );
  refuseUnsupported(paths, `clusters "${context.cluster}"`, cluster, UNSUPPORTED.cluster);
  refuseUnsupported(paths, `users "${context.user}"`, user, UNSUPPORTED.user);

  const content = async (
    entry: Record<string, unknown>,
    field: string,
    folder: string,
  ): Promise<Buffer | undefined> => {
    const data = entry[`${field}-data`];
    if (typeof data === "string" && data !== "") return Buffer.from(data, "base64");
    const file = entry[field];
    return typeof file === "string" && file !== "" ? readNamed(paths, field, resolve(folder, file)) : undefined;
  };
  const ca = await content(cluster, "certificate-authority", clusterFolder);
  const cert = await content(user, "client-certificate", userFolder);
  const key = await content(user, "client-key", userFolder);
  const token = user.token ?? (await content(user, "tokenFile", userFolder))?.toString("utf8").trim();
  const servername = cluster["tls-server-name"];
  return {
    server: serverOf(paths, context.cluster, cluster.server),
    namespace: context.namespace ?? "default",
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(servername === undefined ? {} : { servername }),
      ...(cluster["insecure-skip-tls-verify"] === true ? { rejectUnauthorized: false } : {}),
    },
    ...(token === undefined ? {} : { token }),
  };
}

async function readFiles(
  paths: readonly string[],
  all: string,
): Promise<readonly { readonly path: string; readonly config: z.infer<typeof Kubeconfig> }[]> {
  const found = [];
  for (const path of paths) {
    const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw invalid(path, `it can't be read: ${error.message}`);
    });
    if (text !== undefined) found.push({ path, config: parseConfig(path, text) });
  }
  if (found.length > 0) return found;
  throw new Fault("refused", "KubeconfigNotFound", `no kubeconfig at ${all}; start the local shape with: virtive up`);
}

function parseConfig(path: string, text: string): z.infer<typeof Kubeconfig> {
  let document: unknown;
  try {
    document = parse(text);
  } catch (error) {
    throw invalid(path, `it is not YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  const parsed = Kubeconfig.safeParse(document);
  if (parsed.success) return parsed.data;
  throw invalid(path, z.prettifyError(parsed.error));
}

function serverOf(path: string, cluster: string, server: string): URL {
  const url = URL.parse(server);
  if (url?.protocol === "https:") return url;
  throw invalid(path, `clusters "${cluster}": server is "${server}"; it must be an https URL`);
}

function pick<T>(entries: readonly Placed<T>[], name: string, field: string, path: string): Placed<T> {
  const found = entries.find((entry) => entry.name === name);
  if (found !== undefined) return found;
  const there = entries.map((entry) => `"${entry.name}"`).join(", ");
  throw invalid(path, `${field} has no entry named "${name}"; ${there === "" ? "it has none" : `there are: ${there}`}`);
}

function refuseUnsupported(path: string, where: string, entry: object, names: readonly string[]): void {
  const isSet = (value: unknown): boolean => value !== undefined && value !== null && value !== "";
  const present = names.filter((name) => isSet((entry as Readonly<Record<string, unknown>>)[name]));
  if (present.length === 0) return;
  throw new Fault(
    "refused",
    "KubeconfigUnsupported",
    `${path}: ${where} uses ${present.join(", ")}, which virtive does not do; it takes client certificates and tokens (kubectl can do the rest)`,
  );
}

async function readNamed(kubeconfig: string, field: string, path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw invalid(kubeconfig, `${field}: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function invalid(path: string, what: string): Fault {
  return new Fault("refused", "KubeconfigInvalid", `${path} is not a usable kubeconfig: ${what}`);
}
