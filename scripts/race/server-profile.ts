/** A CPU profile of the API server, as `go tool pprof` reads it. */
import { writeFile } from "node:fs/promises";
import https from "node:https";
import { administratorOf } from "../kubernetes/cluster.ts";
import type { Cluster } from "../kubernetes/record.ts";

/** What the server must be started with. */
export const PROFILED = "--profiling=true";

/** Resolves once the profile of the next so many seconds is in the file. */
export async function profileServer(cluster: Cluster, seconds: number, file: string): Promise<void> {
  const { ca, cert, key } = await administratorOf(cluster);
  const url = `${cluster.url}/debug/pprof/profile?seconds=${seconds}`;
  const profile = await new Promise<Buffer>((resolve, reject) => {
    const request = https.get(url, { ca, cert, key, agent: false }, (response) => {
      const parts: Buffer[] = [];
      response.on("data", (part: Buffer) => parts.push(part)).on("error", reject);
      response.on("end", () => {
        if (response.statusCode === 200) resolve(Buffer.concat(parts));
        else reject(new Error(`GET ${url}: ${response.statusCode}`));
      });
    });
    request.on("error", reject);
  });
  await writeFile(file, profile);
}
