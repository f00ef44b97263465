/** The bridge that a local instance's pods are on, its NAT to the outside, and who is plugged in. */
import { readFile } from "node:fs/promises";
import type { Log } from "#events/log.ts";
import { printAddress, printSubnet, type Subnet } from "./addresses.ts";
import { command, ip, ipBatch, links } from "./command.ts";
import type { instanceNames } from "./names.ts";

/** There already: its address and rules are put right. @throws Fault later */
export async function raiseBridge(
  { bridge, bridgeMac, table }: ReturnType<typeof instanceNames>,
  subnet: Subnet,
  log: Log,
): Promise<void> {
  const exists = (await links(undefined)).some((link) => link.name === bridge);
  await ipBatch(undefined, [
    ...(exists ? [] : [`link add name ${bridge} type bridge forward_delay 0`]),
    // Without a MAC of its own it has the lowest of its ports', another one with each pod: who has learned it is misled.
    `link set dev ${bridge} address ${bridgeMac}`,
    `addr replace ${printAddress(subnet.base + 1)}/${subnet.prefix} dev ${bridge}`,
    `link set dev ${bridge} up`,
  ]);
  await command(
    "nft",
    ["-f", "-"],
    [
      `add table ip ${table}`,
      `delete table ip ${table}`,
      `table ip ${table} {`,
      "  chain postrouting {",
      "    type nat hook postrouting priority srcnat;",
      `    ip saddr ${printSubnet(subnet)} oifname != "${bridge}" masquerade`,
      "  }",
      "}",
      "",
    ].join("\n"),
  );
  await allowForwarding(log);
}

/**
 * Takes links off the bridge and puts others on, in one step. A link that is gone is off.
 * @throws Fault later: it is not as it should be
 */
export async function swapPorts(
  bridge: string,
  { on, off }: { readonly on: readonly string[]; readonly off: readonly string[] },
): Promise<void> {
  const lines = [
    ...off.map((link) => `link set dev ${link} nomaster\n`),
    ...on.map((link) => `link set dev ${link} master ${bridge}\n`),
  ];
  if (lines.length === 0) return;
  try {
    await ip(undefined, ["-force", "-batch", "-"], lines.join(""));
  } catch (thrown) {
    const present = (await links(undefined)).filter(({ master }) => master === bridge);
    const bridged = new Set(present.map(({ name }) => name));
    if (on.some((link) => !bridged.has(link)) || off.some((link) => bridged.has(link))) throw thrown;
  }
}

async function allowForwarding(log: Log): Promise<void> {
  const path = "/proc/sys/net/ipv4/ip_forward";
  if ((await readFile(path, "utf8")).trim() === "1") return;
  await command("tee", [path], "1\n");
  log.info({ path }, "turned on IPv4 forwarding, so that guests reach the network");
}
