import { describe, expect, it } from "vitest";
import { printableStatus, type VmView } from "#functions/run/status.ts";
import { claimedInstance, virtualMachine } from "./objects.ts";

const failures = { consecutiveFailCount: 1 } as const;

function printed(more: Partial<VmView>): string {
  return printableStatus({
    vm: virtualMachine({ runStrategy: "RerunOnFailure" }),
    vmi: undefined,
    stopping: false,
    startFailure: failures,
    requests: [],
    failure: undefined,
    ...more,
  });
}

describe("a VM with RerunOnFailure that failed to start before", () => {
  it("is in a crash loop while another start follows", () => {
    expect(printed({ vmi: claimedInstance("Running", { status: { phase: "Failed" } }) })).toBe("CrashLoopBackOff");
    expect(printed({ requests: [{ action: "Start" }] })).toBe("CrashLoopBackOff");
  });

  it("is stopped once its guest has shut down, or its instance is gone for good", () => {
    expect(printed({ vmi: claimedInstance("Running", { status: { phase: "Succeeded" } }) })).toBe("Stopped");
    expect(printed({})).toBe("Stopped");
  });
});

describe("a VM whose instance's pod a quota refuses", () => {
  it("is starting: it has no trouble with DataVolumes", () => {
    const conditions = [
      { type: "PodScheduled", status: "False" as const, reason: "FailedCreate", message: "exceeded quota" },
    ];
    const vmi = claimedInstance("Scheduling", { status: { phase: "Pending", conditions } });
    expect(printed({ vmi })).toBe("Starting");
  });
});
