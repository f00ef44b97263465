/**
 * Writes local/apiserver/protobuf/fields.gen.ts: the field numbers of Kubernetes' protobuf messages, read from the
 * generated.proto files of its Go modules. Numbers and names only.
 * Run: node scripts/generate/protobuf-fields.ts [version]   (needs the go command, to fetch the modules)
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { coreTypes } from "../../local/apiserver/kinds/core-types.gen.ts";

const version = process.argv[2] ?? "v0.37.2";

/** Model name → proto message. */
const roots: Readonly<Record<string, string>> = {
  V1Binding: "k8s.io.api.core.v1.Binding",
  AuthenticationV1TokenRequest: "k8s.io.api.authentication.v1.TokenRequest",
  V1ClusterRole: "k8s.io.api.rbac.v1.ClusterRole",
  V1ClusterRoleBinding: "k8s.io.api.rbac.v1.ClusterRoleBinding",
  V1LocalSubjectAccessReview: "k8s.io.api.authorization.v1.LocalSubjectAccessReview",
  V1Role: "k8s.io.api.rbac.v1.Role",
  V1RoleBinding: "k8s.io.api.rbac.v1.RoleBinding",
  V1SelfSubjectRulesReview: "k8s.io.api.authorization.v1.SelfSubjectRulesReview",
  V1SubjectAccessReview: "k8s.io.api.authorization.v1.SubjectAccessReview",
  V1TokenReview: "k8s.io.api.authentication.v1.TokenReview",
  V1ConfigMap: "k8s.io.api.core.v1.ConfigMap",
  V1DeleteOptions: "k8s.io.apimachinery.pkg.apis.meta.v1.DeleteOptions",
  CoreV1Event: "k8s.io.api.core.v1.Event",
  EventsV1Event: "k8s.io.api.events.v1.Event",
  V1Eviction: "k8s.io.api.policy.v1.Eviction",
  V1Lease: "k8s.io.api.coordination.v1.Lease",
  V1Namespace: "k8s.io.api.core.v1.Namespace",
  V1Node: "k8s.io.api.core.v1.Node",
  V1PersistentVolumeClaim: "k8s.io.api.core.v1.PersistentVolumeClaim",
  V1Pod: "k8s.io.api.core.v1.Pod",
  V1Secret: "k8s.io.api.core.v1.Secret",
  V1SelfSubjectAccessReview: "k8s.io.api.authorization.v1.SelfSubjectAccessReview",
  V1SelfSubjectReview: "k8s.io.api.authentication.v1.SelfSubjectReview",
  V1Service: "k8s.io.api.core.v1.Service",
  V1ServiceAccount: "k8s.io.api.core.v1.ServiceAccount",
};

const files = {
  "k8s.io/api": ["core", "events", "policy", "coordination", "authorization", "authentication", "rbac"].map(
    (name) => `${name}/v1`,
  ),
  "k8s.io/apimachinery": ["pkg/apis/meta/v1"],
} as const;

interface Field {
  readonly number: number;
  readonly name: string;
  /** Message name, resolved; scalar names stay. */
  readonly type: string;
}

function moduleDirectory(module: string): string {
  const work = mkdtempSync(path.join(tmpdir(), "virtive-proto-"));
  try {
    writeFileSync(path.join(work, "go.mod"), "module proto\n");
    const answer = execFileSync("go", ["mod", "download", "-json", `${module}@${version}`], {
      cwd: work,
      encoding: "utf8",
    });
    return (JSON.parse(answer) as { Dir: string }).Dir;
  } finally {
    rmSync(work, { recursive: true });
  }
}

function readMessages(): Map<string, readonly Field[]> {
  const messages = new Map<string, readonly Field[]>();
  for (const [module, folders] of Object.entries(files)) {
    const directory = moduleDirectory(module);
    for (const folder of folders) {
      const text = readFileSync(path.join(directory, folder, "generated.proto"), "utf8");
      const pkg = `${module}/${folder}`.replaceAll("/", ".");
      for (const [, name = "", body = ""] of text.matchAll(/^message (\w+) \{\n([\s\S]*?)^\}/gm)) {
        const fields = [
          ...body.matchAll(/^ {2}(?:optional |repeated )?(?:map<string, ?([\w.]+)>|([\w.]+)) (\w+) = (\d+);/gm),
        ];
        messages.set(
          `${pkg}.${name}`,
          fields.map(([, value, plain, field = "", number]) => {
            const type = value ?? plain ?? "";
            const resolved = type.startsWith(".") ? type.slice(1) : /^[A-Z]/.test(type) ? `${pkg}.${type}` : type;
            return { number: Number(number), name: field, type: resolved };
          }),
        );
      }
    }
  }
  return messages;
}

const messages = readMessages();
const table = new Map<string, string>();
const queue = Object.entries(roots);

/** Fields of a message that belong to a model. Fields that JSON does not have are messages whose fields it has instead. */
function describe(model: string, message: string, key: string): void {
  if (table.has(key)) return;
  table.set(key, "");
  const known = coreTypes[model];
  const fields = messages.get(message);
  if (known === undefined || fields === undefined) throw new Error(`${model} has no message ${message}`);
  const entries = fields.map(({ number, name, type }) => {
    const declared = known[name];
    if (declared === undefined) {
      if (!messages.has(type)) return undefined;
      describe(model, type, `${model}.${number}`);
      return `${number}:*`;
    }
    const reference = /([A-Z]\w*)!?$/.exec(declared)?.[1];
    if (reference !== undefined && messages.has(type)) queue.push([reference, type]);
    return type.endsWith(".Quantity") ? `${number}:${name}=quantity` : `${number}:${name}`;
  });
  table.set(key, entries.filter((entry) => entry !== undefined).join(" "));
}

for (let next = queue.pop(); next !== undefined; next = queue.pop()) describe(next[0], next[1], next[0]);

const lines = [...table]
  .sort(([a], [b]) => (a < b ? -1 : 1))
  .map(([name, fields]) => `  ${JSON.stringify(name)}: ${JSON.stringify(fields)},`);
const file = path.join(import.meta.dirname, "../../local/apiserver/protobuf/fields.gen.ts");
writeFileSync(
  file,
  `// Generated by scripts/generate/protobuf-fields.ts from k8s.io/api and k8s.io/apimachinery ${version}. Do not edit.
// prettier-ignore
/** Type name → "number:field …"; "*" is a message whose fields stand in the type itself, listed under "Type.number". */
export const protobufFields: Readonly<Record<string, string>> = {
${lines.join("\n")}
};
`,
);
console.log(`${path.relative(process.cwd(), file)}: ${table.size} messages`);
