import { describe, expect, it } from "vitest";
import { ConfigMap, Pod } from "#api/core.ts";
import { KubeVirt } from "#api/kubevirt.ts";
import type { Kind, KubeObject } from "#api/object.ts";
import { VirtualMachine } from "#api/virtual-machine.ts";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { virtualClock } from "#events/clock.ts";
import { memoryCluster } from "#events/memory-cluster.ts";
import { createAdmission, type AdmitAnswer, type AdmitRequest } from "#functions/admit/admit.ts";
import { createAdmissionWebhook } from "#functions/admit/review.ts";
import type { Eviction } from "#functions/evict.ts";
import { bareInstance, claimedInstance, START, stored, virtualMachine } from "./objects.ts";

const jane = { username: "jane", groups: ["system:authenticated"] };
const ourselves = { username: "system:virtive:control", groups: [] };

const cluster = memoryCluster({ clock: virtualClock() });
const admission = createAdmission({
  reader: () => cluster,
  around: { defaultSchedulerName: "virtive" },
  now: () => START,
  uuid: () => "11111111-1111-4111-8111-111111111111",
});

function review(request: Pick<AdmitRequest, "operation" | "kind"> & Partial<AdmitRequest>): Promise<AdmitAnswer> {
  return admission.review({ namespace: "default", name: "web", user: jane, dryRun: false, ...request });
}

function objectOf(answer: AdmitAnswer): KubeObject & { readonly spec?: unknown; readonly status?: unknown } {
  if (!answer.allowed || answer.object === undefined) throw new Error(JSON.stringify(answer));
  return answer.object;
}

describe("admit", () => {
  it("fixes a new VM's identity and holds it by a finalizer", async () => {
    const object = objectOf(await review({ operation: "CREATE", kind: VirtualMachine, object: virtualMachine() }));
    expect(object.metadata.finalizers).toEqual(["kubevirt.io/virtualMachineControllerFinalize"]);
    expect(object).toMatchObject({
      spec: { template: { spec: { domain: { firmware: { uuid: "11111111-1111-4111-8111-111111111111" } } } } },
    });
  });

  it("takes null for not set, as a template's fields without a value are written", async () => {
    const vm = virtualMachine();
    const { template } = vm.spec;
    const nothing = { affinity: null, nodeSelector: null, volumes: null, networks: null, tolerations: null };
    const domain = { ...template.spec.domain, firmware: null, cpu: null };
    const spec = { ...vm.spec, template: { ...template, spec: { ...template.spec, ...nothing, domain } } };
    const given = { ...vm, spec, metadata: { ...vm.metadata, labels: null } } as unknown as KubeObject;
    const object = objectOf(await review({ operation: "CREATE", kind: VirtualMachine, object: given }));
    expect(JSON.stringify(object)).not.toContain("null");
    expect(object).toMatchObject({
      spec: { template: { spec: { domain: { firmware: { uuid: "11111111-1111-4111-8111-111111111111" } } } } },
    });
    const instance = bareInstance();
    const bare = { ...instance, spec: { ...instance.spec, volumes: null, affinity: null } } as unknown as KubeObject;
    const made = objectOf(await review({ operation: "CREATE", kind: VirtualMachineInstance, object: bare }));
    expect(made).toMatchObject({ status: { phase: "Pending" } });
    expect(JSON.stringify(made.spec)).not.toContain("null");
    const changed = await review({ operation: "UPDATE", kind: VirtualMachine, object: given, oldObject: vm });
    expect(changed).toMatchObject({ allowed: true });
  });

  it("refuses what no order can carry, and names the limit", async () => {
    const large = {
      ...virtualMachine(),
      metadata: { ...virtualMachine().metadata, annotations: { a: "x".repeat(1 << 20) } },
    };
    const answer = await review({ operation: "CREATE", kind: VirtualMachine, object: large });
    expect(answer).toMatchObject({ allowed: false, status: { code: 413, reason: "RequestEntityTooLarge" } });
    expect(JSON.stringify(answer)).toContain("1048576");
  });

  it("completes a new instance and sets it Pending", async () => {
    const { schedulerName: _ours, ...spec } = bareInstance().spec;
    const kind = VirtualMachineInstance;
    const object = objectOf(
      await review({ operation: "CREATE", kind, object: { ...bareInstance(), spec } as KubeObject }),
    );
    expect(object.metadata.finalizers).toEqual(["kubevirt.io/foregroundDeleteVirtualMachine"]);
    expect(object).toMatchObject({ spec: { schedulerName: "virtive" }, status: { phase: "Pending" } });
  });

  it("warns of fields without effect where a user writes them, in a VM's template or a bare instance", async () => {
    const spec = { readinessProbe: { guestAgentPing: {} } };
    const [vm, vmi] = [virtualMachine({}, { template: spec }), bareInstance(spec)];
    const create = (kind: Kind, object: KubeObject, user = jane): Promise<AdmitAnswer> =>
      review({ operation: "CREATE", kind, object, user });
    const why = "is accepted, but nothing acts on it yet";
    expect(await create(VirtualMachine, vm)).toMatchObject({
      warnings: [`spec.template.spec.readinessProbe.guestAgentPing ${why}`],
    });
    expect(await create(VirtualMachineInstance, vmi)).toMatchObject({
      warnings: [`spec.readinessProbe.guestAgentPing ${why}`],
    });
    expect(await create(VirtualMachineInstance, vmi, ourselves)).not.toHaveProperty("warnings");
    expect(await create(VirtualMachineInstance, bareInstance())).not.toHaveProperty("warnings");
  });

  it("refuses what can't be, naming each field", async () => {
    const wrong = virtualMachine(
      {},
      { template: { domain: { devices: { disks: [{ name: "nothing", disk: { bus: "virtio" } }] } } } },
    );
    const answer = await review({ operation: "CREATE", kind: VirtualMachine, object: wrong });
    expect(answer).toMatchObject({ allowed: false, status: { code: 422, reason: "Invalid" } });
    const { causes, message } = (answer as AdmitAnswer & { allowed: false }).status;
    expect(causes?.map(({ field }) => field)).toContain("spec.template.spec.domain.devices.disks[0].name");
    expect(causes?.map(({ field }) => field)).toContain("spec.template.spec.domain.memory.guest");
    expect(message).toContain('VirtualMachine "web" can\'t be stored');
  });

  it("refuses what it can't even read, instead of stumbling", async () => {
    for (const spec of [
      undefined,
      {},
      { template: {} },
      { template: { spec: { domain: 7 } } },
      { runStrategy: "Sometimes" },
    ]) {
      const object = { ...virtualMachine(), spec } as unknown as KubeObject;
      const answer = await review({ operation: "CREATE", kind: VirtualMachine, object });
      expect(answer, JSON.stringify(spec)).toMatchObject({ allowed: false, status: { code: 422 } });
    }
  });

  it("keeps a VM's identity when it is changed", async () => {
    const old = stored(objectOf(await review({ operation: "CREATE", kind: VirtualMachine, object: virtualMachine() })));
    const object = { ...virtualMachine({ runStrategy: "Halted" }) };
    const next = objectOf(await review({ operation: "UPDATE", kind: VirtualMachine, object, oldObject: old }));
    expect(next).toMatchObject({
      spec: {
        runStrategy: "Halted",
        template: { spec: { domain: { firmware: { uuid: "11111111-1111-4111-8111-111111111111" } } } },
      },
    });
  });

  it("lets only Virtive change an instance's spec", async () => {
    const old = claimedInstance("Running");
    const object = { ...old, spec: { ...old.spec, terminationGracePeriodSeconds: 0 } };
    const update = { operation: "UPDATE", kind: VirtualMachineInstance, object, oldObject: old } as const;
    expect(await review(update)).toMatchObject({ allowed: false, status: { causes: [{ field: "spec" }] } });
    expect(await review({ ...update, user: ourselves })).toMatchObject({ allowed: true });
  });

  it("lets users label and annotate an instance, but not with reserved labels", async () => {
    const old = claimedInstance("Running");
    const labelled = (name: string) => ({ ...old, metadata: { ...old.metadata, labels: { [name]: "x" } } });
    const update = { operation: "UPDATE", kind: VirtualMachineInstance, oldObject: old } as const;
    expect(await review({ ...update, object: labelled("mine") })).toMatchObject({ allowed: true });
    expect(await review({ ...update, object: labelled("kubevirt.io/nodeName") })).toMatchObject({ allowed: false });
  });

  it("lets only Virtive write a status", async () => {
    const old = claimedInstance("Running");
    const update = {
      operation: "UPDATE",
      kind: VirtualMachineInstance,
      object: old,
      oldObject: old,
      subresource: "status",
    } as const;
    expect(await review(update)).toMatchObject({
      allowed: false,
      status: { code: 403, message: /Virtive's functions alone/ },
    });
    expect(await review({ ...update, user: ourselves })).toEqual({ allowed: true });
  });

  it("never stands in the way of a deletion", async () => {
    const old = { ...virtualMachine(), spec: { broken: true } } as unknown as KubeObject;
    expect(await review({ operation: "DELETE", kind: VirtualMachine, oldObject: old })).toEqual({ allowed: true });
    const object = stored(old, { deletionTimestamp: "2026-01-01T00:00:00Z" });
    expect(await review({ operation: "UPDATE", kind: VirtualMachine, object, oldObject: old })).toEqual({
      allowed: true,
    });
  });

  it("minds its own kinds only", async () => {
    const object = { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x" } };
    expect(await review({ operation: "CREATE", kind: ConfigMap, object })).toEqual({ allowed: true });
  });

  it("follows the KubeVirt object's configuration", async () => {
    const configured = memoryCluster({ clock: virtualClock() });
    await configured.create(KubeVirt, {
      apiVersion: "kubevirt.io/v1",
      kind: "KubeVirt",
      metadata: { name: "kubevirt", namespace: "kubevirt" },
      spec: { configuration: { evictionStrategy: "LiveMigrate" } },
    });
    const other = createAdmission({ reader: () => configured });
    const answer = await other.review({
      operation: "CREATE",
      kind: VirtualMachineInstance,
      namespace: "default",
      name: "web",
      object: bareInstance(),
      user: jane,
      dryRun: false,
    });
    expect(objectOf(answer)).toMatchObject({ spec: { evictionStrategy: "LiveMigrate" } });
  });
});

describe("the webhook", () => {
  const app = createAdmissionWebhook(admission);

  function post(request: object, more: object = {}, path = "/admit"): Promise<Response> {
    const body = {
      apiVersion: "admission.k8s.io/v1",
      kind: "AdmissionReview",
      request: {
        uid: "review-1",
        kind: { group: "kubevirt.io", version: "v1", kind: "VirtualMachine" },
        operation: "CREATE",
        namespace: "default",
        name: "web",
        userInfo: { username: "jane" },
        ...request,
      },
      ...more,
    };
    return Promise.resolve(app.request(path, { method: "POST", body: JSON.stringify(body) }));
  }

  it("answers with a patch of what defaulting adds", async () => {
    const { response } = (await (await post({ object: virtualMachine() })).json()) as {
      response: { uid: string; allowed: boolean; patchType: string; patch: string };
    };
    expect(response).toMatchObject({ uid: "review-1", allowed: true, patchType: "JSONPatch" });
    const patch = JSON.parse(Buffer.from(response.patch, "base64").toString()) as { op: string; path: string }[];
    expect(patch.map(({ op, path }) => `${op} ${path}`).sort()).toEqual(["add /metadata", "add /spec"]);
  });

  it("gives a validating one the verdict and no patch", async () => {
    const asked = { object: virtualMachine() };
    expect(await (await post(asked, {}, "/validate")).json()).toMatchObject({
      response: { uid: "review-1", allowed: true },
    });
    expect(await (await post(asked, {}, "/validate")).text()).not.toContain("patch");
    const wrong = { object: virtualMachine({ running: true, runStrategy: "Always" }) };
    expect(await (await post(wrong, {}, "/validate")).json()).toMatchObject({ response: { allowed: false } });
  });

  it("answers with causes when it refuses", async () => {
    const answer: unknown = await (
      await post({ object: virtualMachine({ running: true, runStrategy: "Always" }) })
    ).json();
    expect(answer).toMatchObject({
      response: { allowed: false, status: { code: 422, details: { causes: [{ field: "spec.running" }] } } },
    });
  });

  it("lets pass what is not ours", async () => {
    const kind = { group: "apps", version: "v1", kind: "Deployment" };
    expect(await (await post({ kind, object: {} })).json()).toMatchObject({ response: { allowed: true } });
  });

  it("refuses what is no review", async () => {
    expect((await post({}, { kind: "Pod" })).status).toBe(400);
    expect((await app.request("/admit", { method: "POST", body: "no" })).status).toBe(400);
  });
});

describe("an amount that is beyond all machines", () => {
  const places: Readonly<Record<string, (amount: string | number) => object>> = {
    "domain.memory.guest": (guest) => ({ domain: { devices: {}, memory: { guest } } }),
    "domain.memory.maxGuest": (maxGuest) => ({ domain: { devices: {}, memory: { guest: "1Gi", maxGuest } } }),
    "domain.memory.hugepages.pageSize": (pageSize) => ({
      domain: { devices: {}, memory: { hugepages: { pageSize } } },
    }),
    "domain.resources.requests.memory": (memory) => ({ domain: { devices: {}, resources: { requests: { memory } } } }),
    "domain.resources.limits.memory": (memory) => ({ domain: { devices: {}, resources: { limits: { memory } } } }),
    "domain.resources.requests.cpu": (cpu) => ({ domain: { devices: {}, resources: { requests: { cpu } } } }),
    "domain.resources.limits.cpu": (cpu) => ({ domain: { devices: {}, resources: { limits: { cpu } } } }),
    "volumes[0].emptyDisk.capacity": (capacity) => ({
      domain: { devices: { disks: [{ name: "d", disk: {} }] }, memory: { guest: "1Gi" } },
      volumes: [{ name: "d", emptyDisk: { capacity } }],
    }),
  };
  const amounts = ["8Pi", "9Ei", "1e31", `1${"0".repeat(64)}`, 2 ** 53, 1e21];
  // A page's size is a text.
  const cases = Object.entries(places).flatMap(([field, specOf]) =>
    amounts
      .filter((amount) => !field.endsWith("pageSize") || typeof amount === "string")
      .map((amount) => [field, amount, specOf(amount)] as const),
  );

  it.each(cases)("is refused at %s: %s", async (field, _amount, spec) => {
    const object = { ...virtualMachine(), spec: { runStrategy: "Halted", template: { spec } } } as KubeObject;
    const answer = await review({ operation: "CREATE", kind: VirtualMachine, object });
    if (answer.allowed) throw new Error("it was allowed");
    expect(answer.status).toMatchObject({ code: 422, reason: "Invalid" });
    expect(answer.status.causes?.map((cause) => cause.field)).toContain(`spec.template.spec.${field}`);
  });

  it("in the cluster's settings stands in no VM's way that says its own", async () => {
    const configuration = { cpuRequest: "9Ei", liveUpdateConfiguration: { maxGuest: "9Ei" } };
    const settings = { configuration } as unknown as KubeVirt["spec"];
    const kubevirt = { apiVersion: "kubevirt.io/v1", kind: "KubeVirt", metadata: { name: "k" }, spec: settings };
    const absurd = memoryCluster({ clock: virtualClock() });
    await absurd.create(KubeVirt, { ...kubevirt, metadata: { name: "kubevirt", namespace: "kubevirt" } });
    const domain = { devices: {}, memory: { guest: "1Gi" }, resources: { requests: { cpu: "1" } } };
    const object = {
      ...virtualMachine(),
      spec: { runStrategy: "Halted", template: { spec: { domain } } },
    } as KubeObject;
    const request = { operation: "CREATE", namespace: "default", name: "web", user: jane, dryRun: false } as const;
    const answer = await createAdmission({ reader: () => absurd }).review({ ...request, kind: VirtualMachine, object });
    expect(answer).toMatchObject({ allowed: true });
  });
});

describe("an eviction's review", () => {
  const evictions: Eviction[] = [];
  const evicting = createAdmission({
    reader: () => cluster,
    evictor: () => ({
      review(eviction) {
        evictions.push(eviction);
        return Promise.resolve({ allowed: true });
      },
    }),
  });
  const eviction = { apiVersion: "policy/v1", kind: "Eviction", metadata: { name: "web" } };

  it.each([
    [false, {}, false],
    [true, {}, true],
    // As `kubectl drain --dry-run=server` asks; an API server tells webhooks the request's own options only.
    [false, { deleteOptions: { dryRun: ["All"] } }, true],
    [false, { deleteOptions: { dryRun: [] } }, false],
  ])("that says dryRun %s and %j changes nothing: %s", async (dryRun, more, only) => {
    const object = { ...eviction, ...more };
    const request = { operation: "CREATE", kind: Pod, namespace: "default", name: "web", user: jane } as const;
    await evicting.review({ ...request, object, dryRun, subresource: "eviction" });
    expect(evictions.at(-1)).toEqual({ namespace: "default", pod: "web", dryRun: only });
  });
});
