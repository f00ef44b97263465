import { describe, expect, it } from "vitest";
import { readEnvironment } from "#node-runtime/environment.ts";

const smallest = {
  NODE_NAME: "worker-1.example.org",
  NODE_IP: "10.0.0.5,fd00::5",
  VIRTIVE_CONTROL_URL: "https://virtive-control.virtive.svc:8444",
  VIRTIVE_CONTROL_CA: "/etc/virtive/join/ca.crt",
  VIRTIVE_TOKEN: "/etc/virtive/join/token",
};

describe("the node runtime's environment", () => {
  it("needs little, and has a default for the rest", () => {
    expect(readEnvironment(smallest)).toEqual({
      node: "worker-1.example.org",
      addresses: ["10.0.0.5", "fd00::5"],
      controlURL: "https://virtive-control.virtive.svc:8444",
      controlCA: "/etc/virtive/join/ca.crt",
      token: "/etc/virtive/join/token",
      stateDirectory: "/var/lib/virtive",
      runDirectory: "/run/virtive",
      bind: "10.0.0.5",
      port: 8445,
      programs: "image",
      imageLayouts: undefined,
    });
  });

  it.each(["NODE_NAME", "NODE_IP", "VIRTIVE_CONTROL_URL", "VIRTIVE_CONTROL_CA", "VIRTIVE_TOKEN"])(
    "can't do without %s",
    (name) => {
      expect(() => readEnvironment({ ...smallest, [name]: "" })).toThrow(`${name} is not set`);
    },
  );

  it.each([
    ["NODE_NAME", "Worker_1", "a DNS name"],
    ["NODE_IP", "10.0.0.5,worker", "IP addresses, by commas"],
    ["VIRTIVE_CONTROL_URL", "http://control:8444", "https://NAME:PORT"],
    ["VIRTIVE_CONTROL_URL", "https://control:8444/x", "https://NAME:PORT"],
    ["VIRTIVE_CONTROL_CA", "ca.crt", "an absolute path"],
    ["VIRTIVE_STATE", "/var/lib/it's", "an absolute path"],
    ["VIRTIVE_BIND", "localhost", "an IP address"],
    ["VIRTIVE_PORT", "70000", "a whole number from 0 to 65535"],
    ["VIRTIVE_PROGRAMS", "host", "image and node are allowed"],
  ])("says what is wrong with %s=%s", (name, value, wanted) => {
    const read = (): unknown => readEnvironment({ ...smallest, [name]: value });
    expect(read).toThrow(name);
    expect(read).toThrow(wanted);
  });
});
