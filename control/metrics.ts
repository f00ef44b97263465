/** What the process tells of itself, in Prometheus' text format. */
import type { BrokerMetrics } from "#events/broker/broker.ts";

export interface Measured {
  readonly leading: boolean;
  readonly broker: BrokerMetrics | undefined;
}

type Sample = readonly [labels: string, value: number];

function metric(name: string, type: "gauge" | "counter", help: string, samples: readonly Sample[]): string {
  const lines = samples.map(([labels, value]) => `${name}${labels} ${value}\n`);
  return samples.length === 0 ? "" : `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

export function metricsText({ leading, broker }: Measured): string {
  const { rss, heapUsed } = process.memoryUsage();
  const { user, system } = process.cpuUsage();
  const one = (value: number | undefined): readonly Sample[] => (value === undefined ? [] : [["", value]]);
  const triggers = Object.entries(broker?.triggers ?? {});
  const each = (field: keyof BrokerMetrics["triggers"][string]): readonly Sample[] =>
    triggers.map(([name, counts]) => [`{function="${name}"}`, counts[field]]);
  return [
    metric("virtive_leader", "gauge", "1 where this replica leads.", one(leading ? 1 : 0)),
    metric("virtive_events_total", "counter", "Events that the broker took.", one(broker?.published)),
    metric("virtive_deliveries_waiting", "gauge", "Deliveries that wait for their turn.", one(broker?.waiting)),
    metric("virtive_deliveries_running", "gauge", "Deliveries that run.", one(broker?.running)),
    metric("virtive_deliveries_pausing", "gauge", "Deliveries that wait to be tried again.", one(broker?.pausing)),
    metric("virtive_wakes_waiting", "gauge", "Wishes of functions to look again.", one(broker?.wakes)),
    metric("virtive_deliveries_total", "counter", "Deliveries that were handled.", each("delivered")),
    metric("virtive_retries_total", "counter", "Attempts that failed and were tried again.", each("retried")),
    metric("virtive_dead_letters_total", "counter", "Deliveries that were given up.", each("deadLettered")),
    metric("virtive_coalesced_total", "counter", "Events covered by one that waited.", each("coalesced")),
    metric(
      "virtive_delivery_seconds_total",
      "counter",
      "Time that attempts took.",
      triggers.map(([name, { milliseconds }]) => [`{function="${name}"}`, milliseconds / 1000]),
    ),
    metric("process_cpu_seconds_total", "counter", "CPU time.", one((user + system) / 1e6)),
    metric("process_resident_memory_bytes", "gauge", "Resident memory.", one(rss)),
    metric("nodejs_heap_size_used_bytes", "gauge", "JavaScript heap in use.", one(heapUsed)),
  ].join("");
}
