/** What libvirt's domain capabilities say of the CPUs that guests can have. Pure. */
import { hash } from "node:crypto";
import { CPU_NAME, MOST_CPU_NAMES, type NodeCpu } from "#events/machine.ts";

/** @param xml `virsh domcapabilities` */
export function cpuFrom(xml: string): NodeCpu {
  const [, cpu = ""] = /<cpu>([^]*?)<\/cpu>/.exec(xml) ?? [];
  const mode = (name: string): string =>
    new RegExp(`<mode name='${name}' supported='yes'[^>]*>([^]*?)</mode>`).exec(cpu)?.[1] ?? "";
  const host = mode("host-model");
  const vendor = named(host, /<vendor>([^<]+)<\/vendor>/g)[0];
  const hostModel = named(host, /<model[^>]*>([^<]+)<\/model>/g)[0];
  return {
    ...(vendor === undefined ? {} : { vendor }),
    ...(hostModel === undefined ? {} : { hostModel }),
    models: named(mode("custom"), /<model usable='yes'[^>]*>([^<]+)<\/model>/g),
    features: named(host, /<feature policy='require' name='([^']+)'\/>/g),
  };
}

function named(xml: string, pattern: RegExp): string[] {
  const found = [...xml.matchAll(pattern)].map(([, name = ""]) => name).filter((name) => CPU_NAME.test(name));
  return [...new Set(found)].sort().slice(0, MOST_CPU_NAMES);
}

export function cpuHash(cpu: NodeCpu): string {
  return hash("sha256", JSON.stringify(cpu)).slice(0, 16);
}
