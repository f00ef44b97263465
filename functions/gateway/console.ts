/** GET virtualmachineinstances/{name}/console: a websocket, joined to the console that the node keeps. */
import { STATUS_CODES, type IncomingMessage } from "node:http";
import { pipeline, type Duplex } from "node:stream";
import { VirtualMachineInstance } from "#api/virtual-machine-instance.ts";
import { consoleClosings } from "#events/console-closing.ts";
import { asFault } from "#events/fault.ts";
import { phaseOf } from "../instance.ts";
import { claimOf } from "../machine-facts.ts";
import { accept, closingOf, type Closing } from "../websocket.ts";
import { findVMI, type At, type Attributes, type GatewayParts, type User } from "./parts.ts";
import { asRefused, Refused, statusBody } from "./status.ts";

const PATH = /^\/apis\/([^/]+)\/[^/]+\/namespaces\/([^/]+)\/virtualmachineinstances\/([^/]+)\/console$/;

/** Serves an upgrade. Refusals come before it, as HTTP answers with a Status. */
export async function upgradeConsole(
  parts: GatewayParts,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
  user: User,
): Promise<void> {
  socket.on("error", (error: Error) => parts.log.debug({ error: error.message }, "a console's client went away"));
  try {
    const url = new URL(request.url ?? "/", "http://gateway");
    const at = await permitted(parts, url, user);
    const guest = await openConsole(parts, at, url.searchParams.get("history") === "1");
    // Until the client is there, the guest's end alone must not become an unhandled error.
    const lost = (error: Error): void => void socket.destroy(error);
    guest.once("error", lost);
    const accepted = accept(request, socket, head, () => passedOn(closingOf(guest)));
    // Or it would be held for nobody, and who had it before has lost it.
    const client = await accepted.catch((thrown: unknown) => {
      guest.destroy();
      throw thrown;
    });
    guest.off("error", lost);
    pipeline(guest, client, guest, (error) => {
      if (error) parts.log.debug({ ...at, error: error.message }, "a console ended");
    });
  } catch (thrown) {
    refuse(socket, asRefused(thrown));
  }
}

async function permitted(parts: GatewayParts, url: URL, user: User): Promise<At> {
  const match = PATH.exec(url.pathname);
  if (match === null) throw new Refused(404, `Nothing is served by websocket at ${url.pathname}.`);
  const [, group = "", namespace = "", name = ""] = match.map(decodeURIComponent);
  const attributes: Attributes = {
    user,
    verb: "get",
    group,
    resource: VirtualMachineInstance.plural,
    subresource: "console",
    namespace,
    name,
  };
  if (parts.authorize !== undefined && !(await parts.authorize(attributes))) {
    throw new Refused(403, `User "${user.name}" may not open consoles in namespace "${namespace}".`);
  }
  return { namespace, name };
}

async function openConsole(parts: GatewayParts, at: At, history: boolean): Promise<Duplex> {
  const vmi = await findVMI(parts, at);
  const about = { name: at.name, plural: VirtualMachineInstance.plural };
  if (vmi.spec.domain.devices.autoattachSerialConsole === false) {
    throw new Refused(400, `VMI "${at.name}" has no serial console (autoattachSerialConsole is false).`, about);
  }
  if (phaseOf(vmi) === "Failed") throw new Refused(409, `VMI "${at.name}" has failed.`, about);
  const claim = claimOf(vmi);
  if (phaseOf(vmi) !== "Running" || claim === undefined) {
    throw new Refused(400, `VMI "${at.name}" is not running; it is ${phaseOf(vmi)}.`, about);
  }
  try {
    return await parts.nodes.console(claim.node, vmi.metadata.uid, { history });
  } catch (thrown) {
    const fault = asFault(thrown);
    throw new Refused(fault.kind === "refused" ? 409 : 503, `The console can't be had: ${fault.message}`, about);
  }
}

/** No close code of the node's: its connection broke. */
const BROKEN = [1005, 1006];

function passedOn(closing: Closing | undefined): Closing {
  if (closing === undefined) return consoleClosings.ended;
  return BROKEN.includes(closing.code) ? consoleClosings.lost : closing;
}

function refuse(socket: Duplex, refused: Refused): void {
  const body = JSON.stringify(statusBody(refused));
  socket.end(
    [
      `HTTP/1.1 ${refused.code} ${STATUS_CODES[refused.code] ?? "Refused"}`,
      "content-type: application/json",
      `content-length: ${Buffer.byteLength(body)}`,
      "connection: close",
      "",
      body,
    ].join("\r\n"),
  );
}
