/** libvirt's statistics of a migration job, by the names that its public API gives them. Pure. */
import type { MigrationFigures } from "../hypervisor.ts";
import type { TypedParam } from "./protocol.gen.ts";

export function figuresOf(params: readonly TypedParam[]): MigrationFigures {
  const numbers = new Map<string, number>();
  for (const { field, value } of params) if (value.type !== 7) numbers.set(field, Number(value.value));
  const get = (field: string): number => numbers.get(field) ?? 0;
  const downtime = numbers.get("downtime") ?? numbers.get("downtime_net");
  return {
    elapsedMilliseconds: get("time_elapsed"),
    totalBytes: get("data_total"),
    processedBytes: get("data_processed"),
    remainingBytes: get("data_remaining"),
    memoryTotalBytes: get("memory_total"),
    diskTotalBytes: get("disk_total"),
    /** Pages a second, each of memory_page_size bytes. */
    dirtyBytesPerSecond: get("memory_dirty_rate") * (numbers.get("memory_page_size") ?? 4096),
    bytesPerSecond: get("memory_bps") + get("disk_bps"),
    iterations: get("memory_iteration"),
    throttlePercent: get("auto_converge_throttle"),
    ...(downtime === undefined ? {} : { downtimeMilliseconds: downtime }),
  };
}
