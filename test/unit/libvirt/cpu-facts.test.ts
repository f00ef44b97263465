import { describe, expect, it } from "vitest";
import { cpuFrom, cpuHash } from "#node-runtime/libvirt/cpu-facts.ts";
import { NodeCpu } from "#events/machine.ts";

const CAPABILITIES = `<domainCapabilities>
  <path>/usr/bin/qemu-system-x86_64</path>
  <cpu>
    <mode name='host-passthrough' supported='yes'><enum name='hostPassthroughMigratable'/></mode>
    <mode name='maximum' supported='yes'/>
    <mode name='host-model' supported='yes'>
      <model fallback='forbid'>EPYC-Milan</model>
      <vendor>AMD</vendor>
      <maxphysaddr mode='passthrough' limit='40'/>
      <feature policy='require' name='x2apic'/>
      <feature policy='require' name='tsc-deadline'/>
      <feature policy='disable' name='pcid'/>
    </mode>
    <mode name='custom' supported='yes'>
      <model usable='yes' vendor='unknown' canonical='qemu64-v1'>qemu64</model>
      <model usable='no' vendor='Intel'>Skylake-Client</model>
      <model usable='yes' vendor='AMD'>EPYC</model>
      <model usable='yes' vendor='AMD'>not a name</model>
    </mode>
  </cpu>
</domainCapabilities>`;

describe("what guests can have for a CPU", () => {
  it("is read from libvirt's capabilities", () => {
    const cpu = cpuFrom(CAPABILITIES);
    expect(cpu).toEqual({
      vendor: "AMD",
      hostModel: "EPYC-Milan",
      models: ["EPYC", "qemu64"],
      features: ["tsc-deadline", "x2apic"],
    });
    expect(NodeCpu.parse(cpu)).toEqual(cpu);
    expect(cpuHash(cpu)).toMatch(/^[0-9a-f]{16}$/);
  });

  it("is nothing where libvirt says nothing", () => {
    expect(cpuFrom("<domainCapabilities/>")).toEqual({ models: [], features: [] });
  });
});
