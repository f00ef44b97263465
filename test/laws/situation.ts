/** Situations that functions may meet, as data: a VM, an instance, its pod, its node and what the node knows. */
import fc from "fast-check";

const phases = ["Pending", "Scheduling", "Scheduled", "Running", "Unknown", "Succeeded", "Failed"] as const;

const states = ["preparing", "starting", "running", "paused", "stopping", "stopped", "unknown"] as const;

export const situation = fc.record({
  vm: fc.option(
    fc.record({
      strategy: fc.constantFrom("Always", "Halted", "Manual", "RerunOnFailure", "Once"),
      oldStrategy: fc.constantFrom("Always", "Halted", "Manual", "RerunOnFailure", "Once", undefined),
      deleting: fc.boolean(),
      failures: fc.constantFrom(0, 1, 3),
      /** Seconds from now. */
      retryIn: fc.constantFrom(-10, 60),
      requests: fc.array(fc.constantFrom("Start", "StartPaused", "Stop", "StopOther"), { maxLength: 3 }),
    }),
    { freq: 6 },
  ),
  vmi: fc.option(
    fc.record({
      owner: fc.constantFrom("vm", "vm", "vm", "other", "none"),
      phase: fc.constantFrom(...phases),
      deleting: fc.boolean(),
      /** Seconds ago that it came into its phase. */
      age: fc.constantFrom(1, 20, 400),
      ran: fc.boolean(),
      paused: fc.constantFrom("true", "false", undefined),
      startPaused: fc.boolean(),
      scheduler: fc.constantFrom("virtive", "default-scheduler"),
      grace: fc.constantFrom(0, 30, 600),
      secret: fc.boolean(),
      claim: fc.constantFrom("none", "none", "none", "bound", "shared", "filling", "missing"),
      conditions: fc.subarray(["Ready", "Paused", "Synchronized", "PodScheduled", "AgentConnected"]),
      epoch: fc.constantFrom(1, 2),
    }),
    { freq: 12 },
  ),
  pod: fc.constantFrom("absent", "pending", "unschedulable", "ready", "ready", "ended", "deleting"),
  node: fc.constantFrom("heard", "heard", "heard", "not ready", "silent", "rebooted", "absent"),
  machine: fc.option(
    fc.record({
      state: fc.constantFrom(...states),
      desired: fc.constantFrom("running", "paused", "stopped", "off"),
      epoch: fc.constantFrom("older", "same", "same", "same", "newer"),
      problem: fc.boolean(),
      exit: fc.constantFrom("shutdown", "destroyed", "crashed", "failed", "lost"),
      agent: fc.boolean(),
    }),
    { freq: 5 },
  ),
  /** A migration of the instance; from Scheduled on its target may be promised the claim. */
  migration: fc.option(
    fc.record({
      phase: fc.constantFrom(
        "",
        "Pending",
        ...["Scheduling", "Scheduling", "Scheduling"],
        "Scheduled",
        ...["PreparingTarget", "PreparingTarget", "PreparingTarget", "TargetReady", "TargetReady", "TargetReady"],
        "Running",
        "Failed",
      ),
      deleting: fc.boolean(),
      evacuation: fc.boolean(),
      /** Seconds ago that it came into its phase. */
      age: fc.constantFrom(1, 400),
      promised: fc.constantFrom(true, true, false),
      aborted: fc.constantFrom(false, false, true),
      pod: fc.constantFrom("ready", "ready", "pending", "absent"),
      target: fc.constantFrom(
        ...["absent", "preparing", "ready", "ready", "ready", "ready"],
        ...["receiving", "switching", "arrived", "refused", "withdrawn"],
      ),
      source: fc.constantFrom("none", "copying", "switching", "stayed"),
    }),
    { freq: 3 },
  ),
  /** Earlier migrations of it, which are over. */
  past: fc.constantFrom(0, 0, 0, 7),
  /** A migration policy selects it, by its namespace. */
  policy: fc.boolean(),
  /** The node that the instance must leave is its own, another, or none. */
  leaves: fc.constantFrom("none", "none", "its own", "another"),
  /** The node is cordoned; it says what blocks, of now or of before. */
  cordoned: fc.constantFrom("no", "no", "yes", "was"),
  answers: fc.constantFrom(true, true, true, true, false),
  stray: fc.constantFrom("none", "none", "running", "stopped"),
  woken: fc.constantFrom("update", "deadline", "differs", "heartbeat", "late heartbeat", "new heartbeat"),
  /** What the VM brings along, and how far that is; DataVolumesReady says so, or does not yet. */
  brought: fc.record({
    template: fc.constantFrom("none", "none", "none", "plain", "foreign"),
    dataVolume: fc.constantFrom("absent", "new", "ImportInProgress", "Failed", "Succeeded", "done and gone"),
    importer: fc.boolean(),
    told: fc.constantFrom("no", "False", "True"),
  }),
});

export type Situation = typeof situation extends fc.Arbitrary<infer T> ? T : never;

export type GivenVM = NonNullable<Situation["vm"]> & Situation["brought"];

export type GivenVMI = NonNullable<Situation["vmi"]>;
