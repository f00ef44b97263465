import { expect, test } from "vitest";
import { kubevirtResources, virtiveResources } from "#functions/gateway/discovery.ts";
import { defaultBinding, userRoles } from "#local/user-roles.ts";
import { until } from "../../contract/kubernetes/client.ts";
import { startEmbedded } from "../../contract/kubernetes/servers.ts";

const rbac = "/apis/rbac.authorization.k8s.io/v1";

test("viewers look at machines, editors work with them, and everybody may ask for the version", async () => {
  const server = await startEmbedded();
  const { client } = server;
  for (const role of userRoles) expect((await client.post(`${rbac}/clusterroles`, role)).code).toBe(201);
  expect((await client.post(`${rbac}/clusterrolebindings`, defaultBinding)).code).toBe(201);
  for (const name of ["view", "edit"]) {
    const roleRef = { kind: "ClusterRole", name };
    const subjects = [{ kind: "User", name: `${name}er` }];
    await client.post(`${rbac}/clusterrolebindings`, {
      ...{ apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRoleBinding" },
      ...{ metadata: { name: `${name}ers` }, roleRef, subjects },
    });
  }
  const may = async (user: string, verb: string, group: string, path: string): Promise<boolean> => {
    const [resource, subresource = ""] = path.split("/");
    const resourceAttributes = { verb, group, resource, subresource, namespace: "default" };
    const spec = { user, groups: ["system:authenticated"], resourceAttributes };
    const answer = await client.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", { spec });
    return answer.body.status["allowed"] === true;
  };
  await until(() => may("viewer", "list", "kubevirt.io", "virtualmachines"), "the rules to be gathered");
  await until(() => may("editer", "create", "kubevirt.io", "virtualmachines"), "the rules to be gathered");
  expect(await may("viewer", "create", "kubevirt.io", "virtualmachines")).toBe(false);
  expect(await may("viewer", "update", "subresources.kubevirt.io", "virtualmachines/start")).toBe(false);
  expect(await may("viewer", "get", "subresources.kubevirt.io", "virtualmachineinstances/console")).toBe(false);
  expect(await may("editer", "deletecollection", "kubevirt.io", "virtualmachines")).toBe(false);
  // Whatever the gateway serves, an editor may use.
  for (const [group, resources] of [
    ["subresources.kubevirt.io", kubevirtResources],
    ["subresources.virtive.dev", virtiveResources],
  ] as const) {
    for (const { name, verbs } of resources) {
      for (const verb of verbs)
        expect([name, verb, await may("editer", verb, group, name)]).toEqual([name, verb, true]);
    }
  }
  expect(await may("stranger", "get", "subresources.kubevirt.io", "version")).toBe(true);
  expect(await may("stranger", "list", "kubevirt.io", "virtualmachines")).toBe(false);
  await server.stop();
});
