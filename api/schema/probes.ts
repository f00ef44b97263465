/** Probes: how to find out whether the guest is alive or ready. */
import { int32, list, object, port, presence, required, text, type Value } from "./vocabulary.ts";

export const probe = (description: string) =>
  object(description, {
    exec: object("Run a command in the guest through its agent; exit status 0 is success.", {
      command: list("The program and its arguments. No shell is involved.", text("One word."), { list: "atomic" }),
    }),
    guestAgentPing: presence("Ask the guest's agent for an answer."),
    httpGet: object("Make an HTTP request; a status from 200 to 399 is success.", {
      host: text("Host to ask; the guest's address when unset."),
      httpHeaders: list(
        "Headers to send.",
        object("One header.", {
          name: required(text("Name of the header.")),
          value: required(text("Its value.")),
        }),
        { list: "atomic" },
      ),
      path: text("Path to ask for."),
      port: required(port("Port, 1 to 65535.")),
      scheme: text("HTTP or HTTPS; HTTP when unset."),
    }),
    tcpSocket: object("Open a TCP connection.", {
      host: text("Host to connect to; the guest's address when unset."),
      port: required(port("Port, 1 to 65535.")),
    }),
    initialDelaySeconds: int32("Seconds after the start before the first try."),
    periodSeconds: int32("Seconds between tries; 10 when unset."),
    timeoutSeconds: int32("Seconds after which a try has failed; 1 when unset."),
    successThreshold: int32("Successes in a row after a failure that count as success; 1 when unset."),
    failureThreshold: int32("Failures in a row that count as failure; 3 when unset."),
  });
export type Probe = Value<ReturnType<ReturnType<typeof probe>["unwrap"]>>;
