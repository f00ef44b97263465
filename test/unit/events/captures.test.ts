import { existsSync, readdirSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decode, encode } from "#events/http.ts";

/** Requests recorded from Knative's ApiServerSource and Broker, kept outside of this repository. */
const DIRECTORY = "../shared/captures";

interface Recorded {
  readonly file: string;
  readonly title: string;
  readonly headers: Record<string, string>;
  readonly body: string;
}

function recorded(): readonly Recorded[] {
  const files = existsSync(DIRECTORY) ? readdirSync(DIRECTORY).filter((file) => file.endsWith(".http")) : [];
  return files.flatMap((file) =>
    readFileSync(`${DIRECTORY}/${file}`, "utf8")
      .split(/^### /m)
      .slice(1)
      .map((part) => {
        const [title = "", , ...lines] = part.split("\n");
        const end = lines.indexOf("");
        const headers = Object.fromEntries(
          lines.slice(0, end).map((line): [string, string] => {
            const colon = line.indexOf(":");
            return [line.slice(0, colon), line.slice(colon + 1).trim()];
          }),
        );
        const body = lines
          .slice(end + 1)
          .join("\n")
          .trimEnd();
        return { file, title, headers, body };
      }),
  );
}

const requests = recorded();

describe.skipIf(requests.length === 0)(`events that Knative sends (recorded in ${DIRECTORY})`, () => {
  it.each(requests.map((request) => [`${request.file}: ${request.title}`, request] as const))("%s", (_, request) => {
    const { headers, body } = request;
    const read = decode({ headers, body });
    expect(read).toMatchObject({
      id: headers["Ce-Id"],
      type: headers["Ce-Type"],
      source: headers["Ce-Source"],
      data: JSON.parse(body) as unknown,
    });
    expect(read.time).toBe(headers["Ce-Time"]);
    for (const [name, value] of Object.entries(headers)) {
      const extension = /^Ce-(Kind|Name|Namespace|Apiversion|Knative.*)$/.exec(name)?.[1]?.toLowerCase();
      if (extension !== undefined) expect(read.extensions[extension]).toBe(value);
    }
    expect(decode(encode(read, "binary"))).toEqual(read);
    expect(decode(encode(read, "structured"))).toEqual(read);
  });

  it("are all there", () => {
    expect(requests.length).toBeGreaterThan(20);
  });
});
