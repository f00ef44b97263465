/** A day's work with kubectl: what people and scripts type, and what they see. */
import { kubectl, type Person } from "./kubectl-runner.ts";
import { widget } from "./widget.ts";

interface Desk extends Person {
  readonly group: string;
}

interface Command {
  readonly args: readonly string[];
  readonly input?: string;
}

interface Seen {
  readonly command: string;
  readonly code: number;
  readonly out: readonly string[];
  readonly err: readonly string[];
}

/** Words are separated by blanks; what has blanks itself follows as words of its own. */
const words = (text: string, ...more: readonly string[]): Command => ({ args: [...text.split(" "), ...more] });

const withInput = (text: string, object: object): Command => ({ ...words(text), input: JSON.stringify(object) });

function commands(group: string): Command[] {
  const one = (spec: object, name = "one") => widget(group, name, spec);
  const settings = (data: object) => ({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "settings" }, data });
  const status = { status: { phase: "Up", conditions: [{ type: "Ready", status: "True", reason: "R" }] } };
  return [
    words("get widgets"),
    words("get nothings"),
    words("explain widgets.spec"),
    words("explain widgets.spec.parts --recursive"),
    words(`api-resources --api-group=${group}`),
    words(`api-resources --api-group=coordination.k8s.io -o wide`),
    withInput("create -f -", one({ size: 3 })),
    withInput("create -f -", one({ size: 3 })),
    withInput("create -f - --dry-run=server -o yaml", one({ size: 3 }, "dry")),
    withInput("apply -f -", one({ size: 4 })),
    withInput("apply -f -", one({ size: 4 })),
    withInput("apply -f -", one({ size: 5, parts: [{ name: "a", weight: 1 }] })),
    withInput("diff -f -", one({ size: 6 })),
    withInput("apply -f -", one({ size: 5, shape: "round" })),
    withInput("apply -f - --validate=warn", one({ size: 5, shape: "round" })),
    withInput("apply -f -", one({ size: 500 })),
    withInput("replace -f -", one({ size: 7 })),
    words("get wd"),
    words("get wd -o wide"),
    words("get wd -o name"),
    words("get wd one -o yaml"),
    words("get wd one -o json --show-managed-fields"),
    words("get wd -A --show-labels"),
    words("get wd one two"),
    words("get wd -l absent=yes"),
    words("get wd --sort-by=.spec.size -o custom-columns=NAME:.metadata.name,SIZE:.spec.size"),
    words("label wd one tier=web"),
    words("label wd one tier=db"),
    words("label wd one tier=db --overwrite"),
    words("annotate wd one", "note=several words"),
    words("patch wd one --type=merge -p", JSON.stringify({ spec: { size: 8 } })),
    words("patch wd one --type=json -p", JSON.stringify([{ op: "remove", path: "/spec/none" }])),
    words("patch wd one -p", JSON.stringify({ spec: { size: 9 } })),
    words("patch wd one --subresource=status --type=merge -p", JSON.stringify(status)),
    words("get wd one"),
    words("scale wd one --replicas=3"),
    words("scale wd one --replicas=4 --current-replicas=9"),
    words("wait wd/one --for=condition=Ready --timeout=10s"),
    words("describe wd one"),
    withInput("apply --server-side -f -", one({ size: 5 }, "served")),
    withInput("apply --server-side --field-manager=other -f -", one({ size: 6 }, "served")),
    withInput("apply --server-side --field-manager=other --force-conflicts -f -", one({ size: 6 }, "served")),
    words("get wd served -o json --show-managed-fields"),
    withInput("apply --server-side -f -", one({ size: 9 })),
    withInput("apply -f -", settings({ a: "1", b: "2" })),
    withInput("apply -f -", settings({ a: "1", c: "3" })),
    withInput("apply --server-side -f -", settings({ a: "1", c: "4" })),
    words("get cm settings -o json --show-managed-fields"),
    words("create configmap made --from-literal=a=b"),
    words("create secret generic hidden --from-literal=password=x"),
    words("describe secret hidden"),
    words("get secret hidden -o yaml"),
    words("create serviceaccount robot"),
    words("create service clusterip web --clusterip=None --tcp=80:8080"),
    words("get svc"),
    words("get secret,sa,svc -o name"),
    words("run pod --image=image:1 --restart=Never --overrides", JSON.stringify({ spec: { schedulerName: "nobody" } })),
    words("get pod pod"),
    words("get all"),
    words("delete pod pod --grace-period=0 --force"),
    words("auth can-i create widgets"),
    words("delete wd one"),
    words("delete wd one"),
    words("delete wd one --ignore-not-found"),
    words("delete wd --all"),
    words("delete cm settings made"),
    words("get wd"),
  ];
}

interface Owned {
  readonly metadata?: { managedFields?: { manager: string; operation: string; time?: string }[] };
}

/** Managers stand in the order of the seconds in which they wrote: here by name, and without the time. */
function ordered(text: string): string {
  if (!text.startsWith("{")) return text;
  const object = JSON.parse(text) as Owned;
  const managers = object.metadata?.managedFields;
  const key = ({ manager, operation }: { manager: string; operation: string }) => `${manager} ${operation}`;
  managers?.sort((a, b) => (key(a) < key(b) ? -1 : 1)).forEach((one) => delete one.time);
  return JSON.stringify(object, null, 1);
}

/** What two runs never have in common: ids, versions, ages, times, folders, and the server's address. */
function lines(text: string, { namespace }: Desk): string[] {
  return (
    ordered(text)
      .replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}/g, "<uid>")
      .replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z/g, "<time>")
      .replaceAll(/(resourceVersion"?: ?)"?\d+"?/gi, "$1<version>")
      .replaceAll(/(Resource Version: +)\d+/g, "$1<version>")
      .replaceAll(/https:\/\/127\.0\.0\.1:\d+/g, "<server>")
      .replaceAll(/\/tmp\/(LIVE|MERGED)-\d+/g, "<folder>/$1")
      .replaceAll(new RegExp(`/namespaces/${namespace}`, "g"), "/namespaces/<namespace>")
      .split("\n")
      // Kubernetes also writes down that a map as a whole is new.
      .filter((line) => !/^ *"\.": \{\},?$/.test(line))
      .filter((line) => !/^(diff -u|---|\+\+\+) /.test(line))
      .map((line) => line.replace(/ +\d+[smh]( +|$)/, " <age> ").trimEnd())
  );
}

/** Sentences are our own: of an error counts what kind it is. */
function complaint(line: string): string {
  const known =
    /^(Error from server( \(\w+\))?|The \w+ "[^"]+" is invalid(: [\w.]+)?|The request is invalid|error: Apply failed with \d+ conflicts?: conflicts? with "[^"]+"|error|Warning)/;
  return known.exec(line)?.[0] ?? "";
}

function complaints(text: string): string[] {
  return text
    .split("\n")
    .map(complaint)
    .filter((line) => line !== "");
}

export async function everyday(desk: Desk): Promise<Seen[]> {
  const seen: Seen[] = [];
  for (const { args, input = "" } of commands(desk.group)) {
    const { code, out, err } = await kubectl(desk, args, input, { TZ: "UTC" });
    seen.push({ command: args.join(" "), code, out: lines(out, desk), err: complaints(err) });
  }
  return seen;
}
