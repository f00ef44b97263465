/**
 * The gateway: the aggregated API groups `subresources.kubevirt.io` (v1, v1alpha3) and `subresources.virtive.dev` (v1).
 * Each is a hono app that gets whole paths, behind an APIService or mounted by the local API server; both say who asks
 * in X-Remote-User and X-Remote-Group. It changes what is wanted and answers; the functions do it.
 */
import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { Hono, type Context } from "hono";
import type { VirtualMachine } from "#api/virtual-machine.ts";
import { z } from "zod";
import { asFault } from "#events/fault.ts";
import { cloudevents } from "./cloudevents.ts";
import { upgradeConsole } from "./console.ts";
import { kubevirtResources, resourceList, virtiveResources } from "./discovery.ts";
import { explain } from "./explain.ts";
import { optionsOf } from "./options.ts";
import { findVM, type At, type GatewayParts, type Extra, type User } from "./parts.ts";
import { answerRefused, asRefused, Refused } from "./status.ts";
import { migrate, restart, start, stop } from "./vm-verbs.ts";
import { cancelEvacuation, pause, reset, softreboot, unpause } from "./vmi-verbs.ts";
import { VirtualMachineSpecSchema } from "#api/schema/kinds.ts";

export interface GatewayApi {
  readonly group: string;
  readonly version: string;
  readonly app: Hono;
  /** Websockets under the group's path. The user as headers say it unless the caller knows better. */
  upgrade?(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    user?: {
      readonly username: string;
      readonly groups: readonly string[];
      readonly uid?: string;
      readonly extra?: Extra;
    },
  ): void;
}

export interface Gateway {
  readonly apis: readonly GatewayApi[];
}

const KUBEVIRT_GROUP = "subresources.kubevirt.io";
const VIRTIVE_GROUP = "subresources.virtive.dev";
/** KubeVirt's version that the API follows. */
const VERSION = "v1.9.0";

export function createGateway(parts: GatewayParts): Gateway {
  const kubevirt = ["v1", "v1alpha3"].map((version): GatewayApi => ({
    group: KUBEVIRT_GROUP,
    version,
    app: kubevirtApp(parts, version),
    upgrade(request, socket, head, user) {
      const asker = user === undefined ? userFrom(request) : { ...user, name: user.username };
      void upgradeConsole(parts, request, socket, head, asker);
    },
  }));
  return { apis: [...kubevirt, { group: VIRTIVE_GROUP, version: "v1", app: virtiveApp(parts) }] };
}

function userFrom({ headers }: IncomingMessage): User {
  const groups = headers["x-remote-group"] ?? [];
  return {
    name: String(headers["x-remote-user"] ?? "system:anonymous"),
    groups: typeof groups === "string" ? groups.split(",").map((group) => group.trim()) : groups,
  };
}

/** As whoever serves the app has found out who asks (`app.fetch(request, { user })`), else as the headers say. */
function userOf(context: Context): User {
  const { user } = (context.env ?? {}) as { readonly user?: User };
  if (user !== undefined) return user;
  const groups = context.req.header("x-remote-group") ?? "";
  return {
    name: context.req.header("x-remote-user") ?? "system:anonymous",
    groups: groups.split(",").map((group) => group.trim()),
  };
}

interface Verb {
  readonly resource: "virtualmachines" | "virtualmachineinstances";
  readonly verb: string;
  /** 202 accepted, 200 done. */
  readonly code: 200 | 202;
  readonly perform: (parts: GatewayParts, at: At, request: Request) => Promise<void>;
}

const verbs: readonly Verb[] = [
  { resource: "virtualmachines", verb: "start", code: 202, perform: start },
  { resource: "virtualmachines", verb: "stop", code: 202, perform: stop },
  { resource: "virtualmachines", verb: "restart", code: 202, perform: restart },
  { resource: "virtualmachines", verb: "migrate", code: 202, perform: migrate },
  { resource: "virtualmachines", verb: "evacuate/cancel", code: 200, perform: cancelEvacuation },
  { resource: "virtualmachineinstances", verb: "evacuate/cancel", code: 200, perform: cancelEvacuation },
  { resource: "virtualmachineinstances", verb: "pause", code: 200, perform: pause },
  { resource: "virtualmachineinstances", verb: "unpause", code: 200, perform: unpause },
  { resource: "virtualmachineinstances", verb: "reset", code: 200, perform: reset },
  { resource: "virtualmachineinstances", verb: "softreboot", code: 200, perform: softreboot },
];

function newApp(parts: GatewayParts, root: string, list: object): Hono {
  const app = new Hono();
  app.onError((error, context) => {
    const refused = asRefused(error);
    if (refused.code === 500)
      parts.log.error({ path: context.req.path, error: asFault(error).message }, "a request failed");
    return answerRefused(context, refused);
  });
  app.notFound((context) => answerRefused(context, new Refused(404, `Nothing is served at ${context.req.path}.`)));
  app.get(root, (context) => context.json(list));
  return app;
}

function kubevirtApp(parts: GatewayParts, version: string): Hono {
  const root = `/apis/${KUBEVIRT_GROUP}/${version}`;
  const app = newApp(parts, root, resourceList(KUBEVIRT_GROUP, version, kubevirtResources));
  for (const { resource, verb, code, perform } of verbs) {
    app.put(`${root}/namespaces/:namespace/${resource}/:name/${verb}`, async (context) => {
      const at = await permitted(parts, context, KUBEVIRT_GROUP, resource, verb, "update");
      await perform(parts, at, context.req.raw);
      return context.body(null, code);
    });
  }
  app.get(`${root}/namespaces/:namespace/virtualmachines/:name/expand-spec`, async (context) => {
    const at = await permitted(parts, context, KUBEVIRT_GROUP, "virtualmachines", "expand-spec", "get");
    return context.json(expanded(await findVM(parts, at)));
  });
  app.put(`${root}/namespaces/:namespace/expand-vm-spec`, async (context) => {
    await permitted(parts, context, KUBEVIRT_GROUP, "expand-vm-spec", "", "update");
    return context.json(expanded(await optionsOf(context.req.raw, PostedVM, MOST_VM_BYTES)));
  });
  app.get(`${root}/namespaces/:namespace/virtualmachineinstances/:name/console`, () => {
    throw new Refused(400, "The console is a websocket: ask for an upgrade, subprotocol plain.kubevirt.io.");
  });
  app.get(`${root}/version`, (context) => context.json(versionInfo(parts.version ?? VERSION)));
  app.get(`${root}/healthz`, (context) => context.json({ status: "ok" }));
  return app;
}

function virtiveApp(parts: GatewayParts): Hono {
  const root = `/apis/${VIRTIVE_GROUP}/v1`;
  const app = newApp(parts, root, resourceList(VIRTIVE_GROUP, "v1", virtiveResources));
  app.get(`${root}/cloudevents`, async (context) => {
    await permitted(parts, context, VIRTIVE_GROUP, "cloudevents", "", "get");
    return cloudevents(parts, context.req.raw);
  });
  app.get(`${root}/namespaces/:namespace/virtualmachines/:name/explain`, async (context) => {
    const at = await permitted(parts, context, VIRTIVE_GROUP, "virtualmachines", "explain", "get");
    return context.json(await explain(parts, at));
  });
  return app;
}

/** Whom the request is about, if its user may. @throws Refused 403 */
async function permitted(
  parts: GatewayParts,
  context: Context,
  group: string,
  resource: string,
  subresource: string,
  verb: "get" | "update",
): Promise<At> {
  const at = { namespace: context.req.param("namespace") ?? "", name: context.req.param("name") ?? "" };
  const user = userOf(context);
  const attributes = { user, verb, group, resource, subresource, ...at };
  if (parts.authorize === undefined || (await parts.authorize(attributes))) return at;
  const what = subresource === "" ? resource : `${resource}/${subresource}`;
  throw new Refused(403, `User "${user.name}" may not ${verb} ${what} in API group "${group}" in "${at.namespace}".`);
}

/** What an API server takes in a request. */
const MOST_VM_BYTES = 3 * 1024 * 1024;

const PostedVM = z.looseObject({
  metadata: z.looseObject({ name: z.string().optional() }).optional(),
  spec: VirtualMachineSpecSchema,
});

/** Without instance type and preference, a VM's spec is complete as it is. */
function expanded<T extends { readonly spec: Pick<VirtualMachine["spec"], "instancetype" | "preference"> }>(vm: T): T {
  if (vm.spec.instancetype === undefined && vm.spec.preference === undefined) return vm;
  throw new Refused(
    501,
    "spec.instancetype and spec.preference can't be expanded: instance types are not supported yet.",
  );
}

function versionInfo(gitVersion: string): object {
  return {
    gitVersion,
    gitCommit: "",
    gitTreeState: "clean",
    buildDate: "1970-01-01T00:00:00Z",
    goVersion: `nodejs ${process.version}`,
    compiler: "none",
    platform: `${process.platform}/${process.arch === "x64" ? "amd64" : process.arch}`,
  };
}
