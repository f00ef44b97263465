/** The rules in a pod's namespace that lead between the pod's address and the guest's. Pure: a text for `nft -f`. */
import type { Binding, PortRule } from "./guest-interface.ts";

/**
 * Replaces the table as a whole, so that it can be repeated. Connections to the pod's address come in at eth0, or from
 * inside the pod's namespace; what the guest sends leaves under the pod's address.
 */
export function masqueradeRules(
  podIP: string,
  guestLink: string,
  binding: Extract<Binding, { kind: "masquerade" }>,
): string {
  const targets = forwardedTo(podIP, binding);
  return [
    "add table ip virtive",
    "delete table ip virtive",
    "table ip virtive {",
    "  chain prerouting {",
    "    type nat hook prerouting priority dstnat;",
    ...targets.map((target) => `    iifname != "${guestLink}" ${target}`),
    "  }",
    "  chain output {",
    "    type nat hook output priority -100;",
    ...targets.map((target) => `    ${target}`),
    "  }",
    "  chain postrouting {",
    "    type nat hook postrouting priority srcnat;",
    `    oifname != "${guestLink}" ip saddr ${binding.guest} masquerade`,
    // What was sent to the pod's address from inside its namespace would have no way back.
    `    oifname "${guestLink}" ip saddr { ${podIP}, 127.0.0.0/8 } masquerade`,
    "  }",
    "}",
    "",
  ].join("\n");
}

function forwardedTo(podIP: string, binding: Extract<Binding, { kind: "masquerade" }>): readonly string[] {
  if (binding.ports.length === 0) return [`ip daddr ${podIP} dnat to ${binding.guest}`];
  const protocols = [...new Set(binding.ports.map((port) => port.protocol))];
  return protocols.map((protocol) => {
    const ports = merged(binding.ports.filter((port) => port.protocol === protocol));
    return `ip daddr ${podIP} ${protocol} dport { ${ports.join(", ")} } dnat to ${binding.guest}`;
  });
}

/** Overlapping ranges become one: nft refuses a set whose intervals overlap. */
function merged(ports: readonly PortRule[]): readonly string[] {
  const sorted = [...ports].sort((a, b) => a.from - b.from);
  const ranges: { from: number; to: number }[] = [];
  for (const { from, to } of sorted) {
    const last = ranges.at(-1);
    if (last !== undefined && from <= last.to + 1) last.to = Math.max(last.to, to);
    else ranges.push({ from, to });
  }
  return ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
}
