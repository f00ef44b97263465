/** The subresource `token` of ServiceAccounts: makes a token, which nobody keeps. `kubectl create token` asks for it. */
import { invalidValue } from "../causes.ts";
import { objectAt, stringAt, stringsAt, valueAt, type JsonObject } from "../json-value.ts";
import type { Place, Room } from "../room.ts";
import { badRequest, conflict, forbidden, invalid, notFound, type StatusCause } from "../status.ts";
import { parsed, type StoredObject } from "../store/stored-object.ts";
import {
  boundKinds,
  type BoundKind,
  type ObjectRef,
  type ServiceAccountTokens,
  type TokenWish,
} from "./service-account-tokens.ts";

const DEFAULT_SECONDS = 3600;
const MIN_SECONDS = 600;
const MAX_SECONDS = 2 ** 32;
const MAX_AUDIENCES = 64;

function expiration(spec: JsonObject): number | StatusCause {
  const field = "spec.expirationSeconds";
  const given = spec["expirationSeconds"] ?? DEFAULT_SECONDS;
  if (typeof given === "number" && Number.isInteger(given) && given >= MIN_SECONDS && given <= MAX_SECONDS)
    return given;
  const why = `must be a whole number of seconds from ${MIN_SECONDS} (10 minutes) to ${MAX_SECONDS}`;
  return invalidValue(field, given, why);
}

/** @throws StatusError 404 without the ServiceAccount or what the token shall be bound to, 409, 422 */
export async function requestToken(
  { store }: Room,
  tokens: ServiceAccountTokens,
  { kind, namespace, name }: Place,
  body: JsonObject,
): Promise<object> {
  const account = store.get("serviceaccounts", namespace, name);
  if (account === undefined) throw notFound(kind, name);
  const spec = objectAt(body, "spec") ?? {};
  const seconds = expiration(spec);
  const request = { group: "authentication.k8s.io", plural: "tokenrequests", kind: "TokenRequest" };
  if (typeof seconds !== "number") throw invalid(request, "", [seconds]);
  const given = stringsAt(spec, "audiences");
  if (given.length > MAX_AUDIENCES) throw badRequest(`spec.audiences: at most ${MAX_AUDIENCES} are allowed`);
  const audiences = given.length > 0 ? given : tokens.audiences;
  const bound = boundTo(store.get.bind(store), namespace, account, objectAt(spec, "boundObjectRef"));
  const wish: TokenWish = {
    namespace,
    account: refOf(account),
    audiences,
    expirationSeconds: seconds,
    ...(bound === undefined ? {} : { bound }),
  };
  const { token, expires } = await tokens.issue(wish);
  return {
    apiVersion: "authentication.k8s.io/v1",
    kind: "TokenRequest",
    metadata: { name, namespace, creationTimestamp: null },
    spec: { ...spec, audiences, expirationSeconds: seconds },
    status: { token, expirationTimestamp: expires.toISOString().replace(/\.\d+Z$/, "Z") },
  };
}

function refOf({ name, uid }: StoredObject): ObjectRef {
  return { name, uid };
}

/** As a request names them. */
const namedKinds = { Pod: "pod", Secret: "secret", Node: "node" } as const satisfies Record<string, BoundKind>;

type Get = (resource: string, namespace: string, name: string) => StoredObject | undefined;

function boundTo(
  get: Get,
  namespace: string,
  account: StoredObject,
  ref: JsonObject | undefined,
): TokenWish["bound"] | undefined {
  if (ref === undefined) return undefined;
  const wished = stringAt(ref, "kind") ?? "";
  if (!Object.hasOwn(namedKinds, wished) || stringAt(ref, "apiVersion") !== "v1") {
    throw badRequest(
      `spec.boundObjectRef: a token can be bound to a v1 ${Object.keys(namedKinds).join(", ")}, not to ${JSON.stringify(wished)}`,
    );
  }
  const kind = namedKinds[wished as keyof typeof namedKinds];
  const resource = boundKinds[kind];
  const subject = { group: "", plural: resource, kind: wished };
  const name = stringAt(ref, "name") ?? "";
  const found = get(resource, kind === "node" ? "" : namespace, name);
  if (found === undefined) throw notFound(subject, name);
  const uid = stringAt(ref, "uid") ?? "";
  if (uid !== "" && uid !== found.uid) {
    throw conflict(subject, name, `the UID in spec.boundObjectRef (${uid}) is not the object's (${found.uid})`);
  }
  if (kind !== "pod") return { kind, object: refOf(found) };
  const pod = parsed(found);
  const runsAs = valueAt(pod, ["spec", "serviceAccountName"]) ?? "default";
  if (runsAs !== account.name) {
    throw forbidden(
      subject,
      name,
      `the pod runs as the ServiceAccount ${JSON.stringify(runsAs)}; no token of another one can be bound to it`,
    );
  }
  const node = get("nodes", "", stringAt(objectAt(pod, "spec"), "nodeName") ?? "");
  return { kind, object: refOf(found), ...(node === undefined ? {} : { node: refOf(node) }) };
}
