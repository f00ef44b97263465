/** One request to a cluster's API as its administrator. */
import https from "node:https";
import type { Administrator } from "./certificates.ts";
import type { Cluster } from "./record.ts";

export interface Reply {
  /** 0: nobody answered. */
  readonly code: number;
  readonly text: string;
}

export type Ask = (method: "GET" | "POST", path: string, body?: unknown) => Promise<Reply>;

export function asAdministrator({ url }: Cluster, { ca, cert, key }: Administrator): Ask {
  return (method, path, body) =>
    new Promise((resolve) => {
      const headers = body === undefined ? {} : { "content-type": "application/json" };
      const options = { method, ca, cert, key, headers, agent: false as const, timeout: 5000 };
      const request = https.request(url + path, options, (response) => {
        let text = "";
        response.setEncoding("utf8").on("data", (chunk: string) => (text += chunk));
        response.on("end", () => resolve({ code: response.statusCode ?? 0, text }));
        response.on("error", () => resolve({ code: 0, text }));
      });
      request.on("timeout", () => request.destroy());
      request.on("error", () => resolve({ code: 0, text: "" }));
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
}
