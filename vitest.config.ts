import { defineConfig } from "vitest/config";

/**
 * Projects by what they need: `unit` runs anywhere in seconds; `simulation` does too, in minutes; `real` boots guests under libvirt (root, Debian
 * packages), few at a time, since two cores cannot boot many guests at once; `moves` lets such guests move, in drains and
 * under faults, in minutes; `contract` holds a stand-in to the real
 * thing; `cluster` installs and runs on a real Kubernetes of this machine.
 */
export default defineConfig({
  test: {
    // Of real files too: a booting guest keeps one core busy, a running one none.
    maxWorkers: 2,
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts", "test/laws/**/*.test.ts"],
          testTimeout: 20_000,
        },
      },
      {
        test: {
          name: "simulation",
          include: ["test/simulation/**/*.test.ts"],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: "real",
          include: ["test/real/**/*.test.ts"],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
      {
        test: {
          name: "moves",
          include: ["test/moves/**/*.test.ts"],
          testTimeout: 240_000,
          hookTimeout: 240_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "cluster",
          include: ["test/cluster/**/*.test.ts"],
          globalSetup: ["test/cluster/setup.ts"],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: "contract",
          include: ["test/contract/**/*.test.ts"],
          globalSetup: ["test/contract/kubernetes/real-server.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
