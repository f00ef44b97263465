/** A process of its own with the embedded server, for tests that kill it. Prints the server's address as a line. */
import { startEmbedded } from "./servers.ts";

const [directory] = process.argv.slice(2);
if (directory === undefined) throw new Error("usage: serve.ts DIRECTORY");
const { access } = await startEmbedded({}, directory);
console.log(access.url);
