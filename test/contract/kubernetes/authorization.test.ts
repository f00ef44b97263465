import { beforeAll, expect, it } from "vitest";
import { until, type Answer } from "./client.ts";
import { onEachServer } from "./suite.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";
const authorization = "/apis/authorization.k8s.io/v1";
const RBAC = "rbac.authorization.k8s.io";

function role(name: string, rules: object[], more: object = {}): object {
  return { apiVersion: `${RBAC}/v1`, kind: "Role", metadata: { name, ...more }, rules };
}

function binding(name: string, roleName: string, user: string, kind = "Role"): object {
  return {
    apiVersion: `${RBAC}/v1`,
    kind: "RoleBinding",
    metadata: { name },
    roleRef: { kind, name: roleName },
    subjects: [{ kind: "User", name: user }],
  };
}

function clusterRole(name: string, rules: object[], more: object = {}): object {
  return { apiVersion: `${RBAC}/v1`, kind: "ClusterRole", metadata: { name, ...more }, rules };
}

onEachServer("authorization", (bench) => {
  const as = (user: string, ...groups: string[]) => {
    const headers: Record<string, string> = { "impersonate-user": user };
    if (groups[0] !== undefined) headers["impersonate-group"] = groups[0];
    return { headers };
  };
  const path = (kind: string) => `${rbac}/namespaces/${bench().namespace}/${kind}`;
  const allowed = async (user: string, attributes: object): Promise<unknown> => {
    const spec = { user, resourceAttributes: attributes };
    const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec };
    return (await bench().client.post(`${authorization}/subjectaccessreviews`, review)).body.status["allowed"];
  };
  /** Authorisers learn of a write a moment later. */
  const eventually = (ask: () => Promise<Answer>, code: number) =>
    until(async () => (await ask()).code === code, `an answer of ${code}`);

  beforeAll(async () => {
    const { client, group, widgets, widget } = bench();
    const rules = [
      { apiGroups: [group], resources: ["widgets"], verbs: ["get", "list", "watch"] },
      { apiGroups: [group], resources: ["widgets"], resourceNames: ["mine"], verbs: ["update", "patch"] },
      { apiGroups: [group], resources: ["widgets/status"], verbs: ["patch"] },
    ];
    await client.post(path("roles"), role("looker", rules));
    await client.post(path("rolebindings"), binding("lookers", "looker", "lucy"));
    for (const name of ["mine", "yours"]) await client.post(widgets, widget(name));
    await eventually(() => client.get(widgets, as("lucy")), 200);
  });

  it("lets a user do what a role allows, and says what it may not in the words that tools show", async () => {
    const { client, widgets, widget, group, namespace } = bench();
    expect((await client.get(`${widgets}/mine`, as("lucy"))).code).toBe(200);
    const refused = await client.post(widgets, widget("new"), as("lucy"));
    expect(refused.code).toBe(403);
    expect(refused.body).toMatchObject({
      kind: "Status",
      status: "Failure",
      reason: "Forbidden",
      code: 403,
      details: { group, kind: "widgets" },
    });
    expect(refused.body.message).toContain(
      `User "lucy" cannot create resource "widgets" in API group "${group}" in the namespace "${namespace}"`,
    );
    const named = await client.request("DELETE", `${widgets}/mine`, as("lucy"));
    expect(named.body.message).toMatch(new RegExp(`^widgets.${group} "mine" is forbidden: User "lucy" cannot delete`));
    expect(named.body.details).toMatchObject({ name: "mine", group, kind: "widgets" });
  });

  it("tells the cluster scope, subresources and paths from what is in a namespace", async () => {
    const { client, widgets, group } = bench();
    const nodes = await client.get("/api/v1/nodes", as("lucy"));
    expect(nodes.body.message).toContain(
      'User "lucy" cannot list resource "nodes" in API group "" at the cluster scope',
    );
    const everywhere = await client.get(`/apis/${group}/v1/widgets`, as("lucy"));
    expect(everywhere.code).toBe(403);
    const status = await client.get(`${widgets}/mine/status`, as("lucy"));
    expect(status.body.message).toContain(`cannot get resource "widgets/status" in API group "${group}"`);
    const metrics = await client.get("/metrics", as("lucy"));
    expect([metrics.code, metrics.body.message]).toEqual([
      403,
      expect.stringContaining('forbidden: User "lucy" cannot get path "/metrics"'),
    ]);
  });

  it("holds a rule with names to those names", async () => {
    const { client, widgets } = bench();
    const patch = (name: string) =>
      client.request("PATCH", `${widgets}/${name}`, {
        body: { metadata: { labels: { by: "lucy" } } },
        contentType: "application/merge-patch+json",
        ...as("lucy"),
      });
    expect((await patch("mine")).code).toBe(200);
    expect((await patch("yours")).code).toBe(403);
  });

  it("takes a watch of one name for a question about that name", async () => {
    const { group, namespace } = bench();
    expect(await allowed("lucy", { namespace, verb: "patch", group, resource: "widgets", name: "mine" })).toBe(true);
    expect(await allowed("lucy", { namespace, verb: "patch", group, resource: "widgets" })).toBe(false);
    expect(await allowed("lucy", { namespace, verb: "patch", group, resource: "widgets", subresource: "status" })).toBe(
      true,
    );
    expect(await allowed("lucy", { namespace: "other", verb: "get", group, resource: "widgets" })).toBe(false);
  });

  it("follows a role that changes and a binding that goes", async () => {
    const { client, widgets } = bench();
    await client.post(path("roles"), role("brief", [{ apiGroups: ["*"], resources: ["*"], verbs: ["list"] }]));
    await client.post(path("rolebindings"), binding("brief", "brief", "bree"));
    await eventually(() => client.get(widgets, as("bree")), 200);
    await client.patch(`${path("roles")}/brief`, { rules: [{ apiGroups: [""], resources: ["*"], verbs: ["list"] }] });
    await eventually(() => client.get(widgets, as("bree")), 403);
    await client.delete(`${path("rolebindings")}/brief`);
    await eventually(() => client.get(`/api/v1/namespaces/${bench().namespace}/pods`, as("bree")), 403);
  });

  it("binds groups and service accounts", async () => {
    const { client, widgets, namespace } = bench();
    const subjects = [
      { kind: "Group", name: "crew" },
      { kind: "ServiceAccount", name: "robot", namespace },
    ];
    const { body } = await client.post(path("rolebindings"), { ...binding("crew", "looker", "x"), subjects });
    expect(body["subjects"]).toEqual([
      { kind: "Group", name: "crew", apiGroup: RBAC },
      { kind: "ServiceAccount", name: "robot", namespace },
    ]);
    expect(body["roleRef"]).toEqual({ kind: "Role", name: "looker", apiGroup: RBAC });
    await eventually(() => client.get(widgets, as("anyone", "crew")), 200);
    expect((await client.get(widgets, as(`system:serviceaccount:${namespace}:robot`))).code).toBe(200);
    expect((await client.get(widgets, as("anyone"))).code).toBe(403);
  });

  it("has the roles that every cluster has", async () => {
    const { client, namespace } = bench();
    const names = ["cluster-admin", "admin", "edit", "view", "system:discovery", "system:basic-user"];
    for (const name of [...names, "system:public-info-viewer"]) {
      const { code, body } = await client.get(`${rbac}/clusterroles/${name}`);
      expect([name, code, body.metadata.labels]).toEqual([
        name,
        200,
        expect.objectContaining({ "kubernetes.io/bootstrapping": "rbac-defaults" }),
      ]);
    }
    await client.post(path("rolebindings"), binding("viewers", "view", "vera", "ClusterRole"));
    await client.post(path("rolebindings"), binding("editors", "edit", "eddie", "ClusterRole"));
    const pods = { namespace, verb: "list", group: "", resource: "pods" };
    await until(() => allowed("vera", pods) as Promise<boolean>, "the view role to be bound");
    await until(() => allowed("eddie", pods) as Promise<boolean>, "the edit role to be bound");
    expect(await allowed("vera", { ...pods, resource: "secrets" })).toBe(false);
    expect(await allowed("vera", { ...pods, verb: "create" })).toBe(false);
    expect(await allowed("eddie", { ...pods, resource: "secrets" })).toBe(true);
    expect(await allowed("eddie", { ...pods, verb: "create" })).toBe(true);
    expect(await allowed("eddie", { ...pods, verb: "create", group: RBAC, resource: "roles" })).toBe(false);
  });

  it("gathers the rules of labelled roles into an aggregated one", async () => {
    const { client } = bench();
    const gatherer = {
      ...clusterRole("gatherer", []),
      aggregationRule: { clusterRoleSelectors: [{ matchLabels: { "example.com/gather": "yes" } }] },
    };
    const rule = { apiGroups: ["example.com"], resources: ["gadgets"], verbs: ["get"] };
    await client.post(`${rbac}/clusterroles`, gatherer);
    await client.post(`${rbac}/clusterroles`, clusterRole("part", [rule], { labels: { "example.com/gather": "yes" } }));
    const rules = async () => (await client.get(`${rbac}/clusterroles/gatherer`)).body["rules"] as object[] | null;
    await until(async () => (await rules())?.length === 1, "the rule to be gathered");
    expect(await rules()).toEqual([rule]);
    await client.delete(`${rbac}/clusterroles/part`);
    await until(async () => ((await rules())?.length ?? 0) === 0, "the rule to go again");
    await client.delete(`${rbac}/clusterroles/gatherer`);
  });

  it("lets nobody grant more than they have", async () => {
    const { client, group } = bench();
    const manage = [
      { apiGroups: [RBAC], resources: ["roles", "rolebindings"], verbs: ["create", "update", "get"] },
      { apiGroups: [group], resources: ["widgets"], verbs: ["get"] },
    ];
    await client.post(path("roles"), role("manager", manage));
    await client.post(path("rolebindings"), binding("manager", "manager", "mona"));
    const own = role("less", [{ apiGroups: [group], resources: ["widgets"], verbs: ["get"] }]);
    await eventually(() => client.post(path("roles"), own, as("mona")), 201);
    const more = role("more", [{ apiGroups: [group], resources: ["widgets"], verbs: ["get", "delete"] }]);
    const refused = await client.post(path("roles"), more, as("mona"));
    expect([refused.code, refused.body.reason]).toEqual([403, "Forbidden"]);
    expect(refused.body.message).toContain('"more" is forbidden: user "mona" (groups=');
    expect((await client.post(path("rolebindings"), binding("up", "looker", "mona"), as("mona"))).code).toBe(403);
    expect((await client.post(path("rolebindings"), binding("same", "less", "mona"), as("mona"))).code).toBe(201);
  });

  it("lets whoever has the verbs escalate and bind do so", async () => {
    const { client, group } = bench();
    const rules = [
      { apiGroups: [RBAC], resources: ["roles"], verbs: ["create", "escalate"] },
      { apiGroups: [RBAC], resources: ["rolebindings"], verbs: ["create"] },
      { apiGroups: [RBAC], resources: ["roles"], resourceNames: ["looker"], verbs: ["bind"] },
    ];
    await client.post(path("roles"), role("trusted", rules));
    await client.post(path("rolebindings"), binding("trusted", "trusted", "tess"));
    const more = role("granted", [{ apiGroups: [group], resources: ["*"], verbs: ["*"] }]);
    await eventually(() => client.post(path("roles"), more, as("tess")), 201);
    expect((await client.post(path("rolebindings"), binding("b1", "looker", "x"), as("tess"))).code).toBe(201);
    expect((await client.post(path("rolebindings"), binding("b2", "granted", "x"), as("tess"))).code).toBe(403);
  });

  it("names what is wrong with a role or a binding", async () => {
    const { client } = bench();
    const fields = async (kind: string, object: object) => {
      const { code, body } = await client.post(path(kind), object);
      return [code, body.details.causes.map(({ field, reason }) => `${field} ${reason}`).toSorted()];
    };
    expect(await fields("roles", role("r1", [{ apiGroups: [""], resources: ["pods"], verbs: [] }]))).toEqual([
      422,
      ["rules[0].verbs FieldValueRequired"],
    ]);
    expect(await fields("roles", role("r2", [{ nonResourceURLs: ["/x"], verbs: ["get"] }]))).toEqual([
      422,
      ["rules[0].nonResourceURLs FieldValueInvalid"],
    ]);
    expect(await fields("roles", role("r3", [{ verbs: ["get"] }]))).toEqual([
      422,
      ["rules[0].apiGroups FieldValueRequired", "rules[0].resources FieldValueRequired"],
    ]);
    expect(await fields("rolebindings", binding("b", "x", "x", "Rolle"))).toEqual([
      422,
      ["roleRef.kind FieldValueNotSupported"],
    ]);
    const change = await client.patch(`${path("rolebindings")}/lookers`, { roleRef: { name: "other" } });
    expect([change.code, change.body.details.causes[0]?.field]).toEqual([422, "roleRef"]);
  });

  it("answers reviews about oneself, about others, and within a namespace", async () => {
    const { client, namespace, group } = bench();
    const ask = (plural: string, kind: string, spec: object, options = {}) =>
      client.post(`${authorization}/${plural}`, { apiVersion: "authorization.k8s.io/v1", kind, spec }, options);
    const list = { namespace, verb: "list", group, resource: "widgets" };
    const self = await ask(
      "selfsubjectaccessreviews",
      "SelfSubjectAccessReview",
      { resourceAttributes: list },
      as("lucy"),
    );
    expect(self.code).toBe(201);
    expect(self.body.status).toMatchObject({
      allowed: true,
      reason: expect.stringContaining('RoleBinding "lookers') as string,
    });
    const livez = {
      user: "nobody",
      groups: ["system:authenticated"],
      nonResourceAttributes: { path: "/livez", verb: "get" },
    };
    expect((await ask("subjectaccessreviews", "SubjectAccessReview", livez)).body.status["allowed"]).toBe(true);
    const local = `namespaces/${namespace}/localsubjectaccessreviews`;
    const about = { user: "lucy", resourceAttributes: list };
    expect((await ask(local, "LocalSubjectAccessReview", about)).body.status["allowed"]).toBe(true);
    const elsewhere = { ...about, resourceAttributes: { ...list, namespace: "other" } };
    expect((await ask(local, "LocalSubjectAccessReview", elsewhere)).code).toBeGreaterThanOrEqual(400);
    expect((await ask("subjectaccessreviews", "SubjectAccessReview", { user: "lucy" })).code).toBe(422);
    expect((await ask("subjectaccessreviews", "SubjectAccessReview", { resourceAttributes: list })).code).toBe(422);
    expect((await ask("subjectaccessreviews", "SubjectAccessReview", about, as("lucy"))).code).toBe(403);
  });

  it("lists what a user may do in a namespace", async () => {
    const { client, namespace, group } = bench();
    const review = { apiVersion: "authorization.k8s.io/v1", kind: "SelfSubjectRulesReview", spec: { namespace } };
    const { body } = await client.post(`${authorization}/selfsubjectrulesreviews`, review, as("lucy"));
    expect(body.status["resourceRules"]).toContainEqual({
      verbs: ["get", "list", "watch"],
      apiGroups: [group],
      resources: ["widgets"],
    });
    const paths = (body.status["nonResourceRules"] as { nonResourceURLs: string[] }[]).flatMap(
      (rule) => rule.nonResourceURLs,
    );
    expect(paths).toContain("/livez");
    expect(body.status["incomplete"]).toBe(false);
  });
});
