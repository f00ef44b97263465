/** What kubectl asks and says of users, tokens and roles. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { until } from "./client.ts";
import { kubectl as run, kubectlBinary } from "./kubectl-runner.ts";
import { onEachServer } from "./suite.ts";

onEachServer("kubectlauth", (bench) => {
  let binary = "";
  let home = "";

  beforeAll(async () => {
    binary = kubectlBinary();
    home = await mkdtemp(path.join(tmpdir(), "virtive-kubectl-"));
  });

  afterAll(async () => {
    await rm(home, { recursive: true, force: true });
  });

  async function kubectl(args: string): Promise<{ readonly out: string; readonly err: string }> {
    const { under, namespace } = bench();
    const person = { kubectl: binary, kubeconfig: under.kubeconfig, home, namespace };
    const { out, err } = await run(person, args.split(" "));
    return { out: out.trim(), err: err.trim() };
  }

  it("makes roles and bindings, and shows them", async () => {
    const { group, namespace } = bench();
    await kubectl(`create role looker --verb=get,list --resource=widgets.${group}`);
    await kubectl("create serviceaccount robot");
    await kubectl(`create rolebinding lookers --role=looker --user=lucy --serviceaccount=${namespace}:robot`);
    expect((await kubectl("get roles looker")).out).toMatch(/NAME +CREATED AT\nlooker +20/);
    const bindings = (await kubectl("get rolebindings lookers -o wide")).out;
    expect(bindings).toMatch(/NAME +ROLE +AGE +USERS +GROUPS +SERVICEACCOUNTS\nlookers +Role\/looker +\S+ +lucy +/);
    expect(bindings).toContain(`${namespace}/robot`);
    expect((await kubectl("describe rolebinding lookers")).out).toContain("User            lucy");
    await kubectl("create clusterrolebinding kubectl-auth-viewers --clusterrole=view --user=vera");
    await until(async () => (await kubectl("auth can-i list pods --as vera")).out === "yes", "vera to be a viewer");
    expect((await kubectl("auth can-i delete pods --as vera")).out).toBe("no");
    await kubectl("delete clusterrolebinding kubectl-auth-viewers");
  });

  it("asks what one may do, for oneself and as somebody else", async () => {
    const { group } = bench();
    expect((await kubectl("auth can-i create pods")).out).toBe("yes");
    await until(async () => (await kubectl(`auth can-i get widgets.${group} --as lucy`)).out === "yes", "lucy to look");
    expect((await kubectl(`auth can-i delete widgets.${group} --as lucy`)).out).toBe("no");
    const list = (await kubectl("auth can-i --list --as lucy")).out;
    expect(list).toMatch(new RegExp(`widgets\\.${group} +\\[\\] +\\[\\] +\\[get list\\]`));
    expect(list).toMatch(/\[\/livez\] +\[\] +\[get\]/);
  });

  it("tells who one is", async () => {
    expect((await kubectl("auth whoami -o jsonpath={.status.userInfo.groups[*]}")).out).toContain("system:masters");
    const lucy = (await kubectl("auth whoami --as lucy --as-group crew --as-uid u-1")).out;
    expect(lucy).toMatch(/Username +lucy/);
    expect(lucy).toMatch(/Groups +\[crew system:authenticated\]/);
    expect(lucy).toMatch(/UID +u-1/);
  });

  it("creates tokens and works with them", async () => {
    const { namespace, group } = bench();
    const { out: token } = await kubectl("create token robot --duration=20m");
    expect(token.split(".")).toHaveLength(3);
    const url = bench().under.access.url;
    const file = path.join(home, "empty");
    await writeFile(file, '{"apiVersion":"v1","kind":"Config"}');
    const asRobot = `--kubeconfig ${file} --insecure-skip-tls-verify --server ${url} --token ${token}`;
    expect((await kubectl(`${asRobot} auth whoami`)).out).toContain(`system:serviceaccount:${namespace}:robot`);
    const forbidden = await kubectl(`${asRobot} get configmaps`);
    expect(forbidden.err).toContain(
      `(Forbidden): configmaps is forbidden: User "system:serviceaccount:${namespace}:robot" cannot list resource "configmaps" in API group "" in the namespace "${namespace}"`,
    );
    expect((await kubectl(`${asRobot} get widgets.${group}`)).err).toContain("No resources found");
  });
});
