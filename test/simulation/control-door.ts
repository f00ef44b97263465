/**
 * The control plane as nodes reach it: reports and heartbeats cross a network that loses, doubles and delays them. What
 * the ingress checks of them (who sent it, its shape) is its own tests' business; here they are published as it would.
 */
import type { ReportName } from "#events/catalogue.ts";
import type { CloudEvent } from "#events/cloud-event.ts";
import { Fault } from "#events/fault.ts";
import type { MachineStatus } from "#events/machine.ts";
import type { SendAnswer } from "#events/outbox.ts";
import type { ControlAnswer, ControlClient } from "#node-runtime/control-client.ts";
import type { SimulatedNode } from "./node.ts";
import type { Process, Scheduler } from "./scheduler.ts";
import type { Weather } from "./weather.ts";

/** What a control plane takes in. */
export interface Listening {
  /** Answers whose it is. */
  heartbeat(body: string): Promise<string>;
  report(event: CloudEvent): Promise<void>;
  /** Milliseconds of history until which it stands still: what comes waits at its socket. */
  readonly frozenUntil: number;
}

export interface ControlDoor {
  client(node: SimulatedNode, process: Process): ControlClient;
  report(node: SimulatedNode, process: Process, event: CloudEvent, signal: AbortSignal): Promise<SendAnswer>;
  /** What a machine of the node told its runtime to tell. */
  told(node: SimulatedNode, report: ReportName, status: MachineStatus): void;
}

export interface ControlDoorOptions {
  readonly scheduler: Scheduler;
  readonly weather: Weather;
  /** The control plane that runs now; undefined: none does. */
  readonly present: () => Listening | undefined;
  readonly told: ControlDoor["told"];
  readonly leaseSeconds: number;
}

const LATEST_MILLISECONDS = 30_000;

export function controlDoor({ scheduler, weather, present, told, leaseSeconds }: ControlDoorOptions): ControlDoor {
  function post(
    node: SimulatedNode,
    process: Process,
    signal: AbortSignal,
    act: (control: Listening) => Promise<unknown>,
  ): Promise<void> {
    return new Promise((resolve, reject) => {
      const late = (): void => reject(new Fault("later", "ControlPlaneSilent", "no answer within the time"));
      signal.addEventListener("abort", late, { once: true });
      if (node.cutOff || weather.strikes("reports-lost", 0.25, node.name)) return;
      const deliver = (answered: boolean): void => {
        if ((!process.alive && weather.oneIn(2)) || node.cutOff) return;
        const control = present();
        const wait = (control?.frozenUntil ?? 0) - scheduler.now;
        if (wait > 0) return scheduler.send(process, wait, () => deliver(answered));
        const answer = (give: () => void): void => {
          if (!answered || node.cutOff || weather.strikes("reports-lost", 0.25, node.name)) return;
          scheduler.after(process, weather.latency("slow-reports", node.name), () => {
            signal.removeEventListener("abort", late);
            give();
          });
        };
        if (control === undefined) {
          return answer(() => reject(new Fault("later", "ControlPlaneSilent", "connection refused")));
        }
        act(control).then(
          () => answer(() => resolve()),
          (thrown: unknown) => answer(() => reject(thrown instanceof Error ? thrown : new Error(String(thrown)))),
        );
      };
      scheduler.send(process, weather.latency("slow-reports", node.name), () => deliver(true));
      if (weather.strikes("reports-doubled", 0.3, node.name)) {
        scheduler.send(process, weather.between(0, LATEST_MILLISECONDS), () => deliver(false));
      }
    });
  }

  const leased: ControlAnswer = {
    status: 200,
    body: JSON.stringify({ leaseSeconds }),
    retryAfterSeconds: undefined,
  };

  return {
    told,
    client: (node, process) => ({
      async post(_path, _headers, body, signal) {
        await post(node, process, signal, (control) => control.heartbeat(String(body)));
        return leased;
      },
      renew: () => undefined,
      close: () => undefined,
    }),
    async report(node, process, event, signal) {
      await post(node, process, signal, (control) => control.report(event));
      return { status: 202 };
    },
  };
}
