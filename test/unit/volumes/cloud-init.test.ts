import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import type { MachineOrder } from "#events/machine.ts";
import { configDriveFiles, noCloudFiles } from "#node-runtime/volumes/cloud-init.ts";
import { orderFor } from "../domain/machine.ts";

const base64 = (text: string): string => Buffer.from(text).toString("base64");
const volume = { name: "seed" };
const order = (more: Partial<MachineOrder> = {}, spec: object = {}): MachineOrder =>
  orderFor({ domain: { devices: {} }, ...spec }, more);

const textOf = (files: Readonly<Record<string, Buffer>>): Record<string, string> =>
  Object.fromEntries(Object.entries(files).map(([name, content]) => [name, content.toString()]));

describe("cloud-init's files", () => {
  it("are NoCloud's, with an empty user-data when there is none: cloud-init wants the file", () => {
    const files = textOf(noCloudFiles(order(), volume, {}));
    expect(Object.keys(files).sort()).toEqual(["meta-data", "user-data"]);
    expect(parse(files["meta-data"] ?? "")).toEqual({
      "instance-id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
      "local-hostname": "demo",
    });
    expect(files["user-data"]).toBe("");
  });

  it("come inline, as base64, or from a Secret, which wins", () => {
    const data = (source: object, files: MachineOrder["files"] = {}): string | undefined =>
      textOf(noCloudFiles(order({ files }), volume, source))["user-data"];
    expect(data({ userData: "inline" })).toBe("inline");
    expect(data({ userDataBase64: base64("encoded") })).toBe("encoded");
    expect(data({ userData: "inline" }, { seed: { "user-data": base64("secret") } })).toBe("secret");
  });

  it("have the network's under the name that NoCloud reads", () => {
    const files = textOf(noCloudFiles(order(), volume, { networkData: "version: 2" }));
    expect(files["network-config"]).toBe("version: 2");
  });

  it("keep their instance across restarts when the firmware has a UUID, and take the hostname that the spec gives", () => {
    const uuid = "5d307ca9-b3ef-428c-8861-06e72d69f223";
    const machine = order({}, { hostname: "web", domain: { devices: {}, firmware: { uuid } } });
    const metaData = parse(textOf(noCloudFiles(machine, volume, {}))["meta-data"] ?? "") as object;
    expect(metaData).toEqual({ "instance-id": uuid, "local-hostname": "web" });
  });

  // cloud-init's reader is of YAML 1.1, to which more words are something else than texts.
  it.each(["123", "007", "2024-01-01", "true", "null", "yes", "off", "1e3"])(
    "have the hostname %s as a text, whatever else YAML takes it for",
    (name) => {
      const metaData = textOf(noCloudFiles(order({ name }), volume, {}))["meta-data"] ?? "";
      expect(parse(metaData, { version: "1.1" })).toMatchObject({ "local-hostname": name });
    },
  );

  it("are ConfigDrive's in OpenStack's places", () => {
    const files = textOf(configDriveFiles(order(), volume, { userData: "u", networkData: "{}" }));
    expect(Object.keys(files).sort()).toEqual([
      "openstack/latest/meta_data.json",
      "openstack/latest/network_data.json",
      "openstack/latest/user_data",
    ]);
    expect(JSON.parse(files["openstack/latest/meta_data.json"] ?? "")).toMatchObject({ hostname: "demo" });
  });

  it.each([
    ["no base64", { userDataBase64: "!!" }],
    ["too long", { userData: "x".repeat(1024 * 1024 + 1) }],
  ])("are refused when they are %s", (_, source) => {
    expect(() => noCloudFiles(order(), volume, source)).toThrow(
      expect.objectContaining({ kind: "refused", message: expect.stringContaining("seed") as string }) as Error,
    );
  });
});
