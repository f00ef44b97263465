/** What esbuild is told of all bundles: their common options, what of packages is left out or comes later, and how Node's modules are taken. */
import { readFile } from "node:fs/promises";
import { isBuiltin } from "node:module";
import { dirname, join, relative } from "node:path";
import type { BuildOptions, Plugin } from "esbuild";

const root = join(import.meta.dirname, "..");

/** Of every bundle. */
export const COMMON = {
  absWorkingDir: root,
  bundle: true,
  platform: "node",
  target: "node24",
  minify: true,
  keepNames: true,
  sourcemap: true,
  sourcesContent: false,
} as const satisfies BuildOptions;

const CALLED_LATER =
  /^import \{ (hash|createHash|randomUUID|readFile|createServer)(?:, type [^}]*)? \} from "(node:crypto|node:fs\/promises|node:http)";$/m;

function later(name: string, module: string): string {
  return `const ${name} = (...given) => process.getBuiltinModule("${module}").${name}(...given);`;
}

/**
 * Our own files. One that asks where it is gets the place of its source: manifests and scripts are not in the bundle.
 * And of zod only what is used comes in, half of it: of the object `z` that would be all. Who takes a function or two of
 * crypto, of http or of the file system's promises loads those with its first call: a seventh of the function host's start.
 */
export function sources(outdir: string): Plugin {
  return {
    name: "sources",
    setup(builder) {
      builder.onLoad({ filter: /\.ts$/ }, async ({ path }) => {
        const text = await readFile(path, "utf8");
        const back = JSON.stringify(relative(outdir, dirname(path)));
        const contents = text
          .replace('import { z } from "zod";', 'import * as z from "zod";')
          .replace(CALLED_LATER, (_, name: string, module: string) => later(name, module))
          .replaceAll(
            "import.meta.dirname",
            `process.getBuiltinModule("node:path").join(import.meta.dirname, ${back})`,
          );
        return { contents, loader: "ts" };
      });
    },
  };
}

/**
 * Parts of packages that nothing here reaches, and what stands for each. With `z` they were more than a quarter of
 * what the function host loads at its start.
 */
const UNUSED: readonly (readonly [RegExp, string])[] = [
  // zod's messages in fifty languages: we tell them in the one that it loads by itself.
  [/\/zod\/v4\/locales\/index\.js$/, "export {};"],
  // cloudevents parses with it when an environment variable asks for it.
  [/\/json-bigint\/index\.js$/, "module.exports = () => JSON;"],
  // Its own way to send events, which brings TLS; ours is events/broker/http-subscriber.ts.
  [
    /\/cloudevents\/dist\/transport\/http\/index\.js$/,
    'exports.httpTransport = () => { throw new Error("a bundle has no transports for events"); };',
  ],
  // pino's transports, which are threads: our logs go to one file descriptor.
  [
    /\/thread-stream\/index\.js$/,
    'module.exports = class { constructor() { throw new Error("a bundle has no transports for logs"); } };',
  ],
];

/**
 * The package `cloudevents`, loaded when the first event is read or written: what it checks events with takes a seventh of
 * the function host's start.
 */
const CLOUDEVENTS_LATER = `
  let loaded;
  const load = () => (loaded ??= require("cloudevents"));
  const later = (name) =>
    class {
      constructor(...given) {
        return new (load()[name])(...given);
      }
      static [Symbol.hasInstance](value) {
        return value instanceof load()[name];
      }
    };
  export const CloudEvent = later("CloudEvent");
  export const ValidationError = later("ValidationError");
  export const HTTP = {
    binary: (event) => load().HTTP.binary(event),
    toEvent: (message) => load().HTTP.toEvent(message),
  };
`;

export const cloudeventsLater: Plugin = {
  name: "cloudevents-later",
  setup(builder) {
    builder.onResolve({ filter: /^cloudevents$/ }, ({ path, kind }) =>
      kind === "import-statement" ? { path, namespace: "later" } : undefined,
    );
    builder.onLoad({ filter: /^cloudevents$/, namespace: "later" }, () => ({
      contents: CLOUDEVENTS_LATER,
      loader: "js",
      resolveDir: root,
    }));
  },
};

/** HTTP/2, which the adapter of hono asks each request for; our servers speak HTTP/1.1. */
const HTTP2 = "export class Http2ServerRequest {} export const constants = {};";

export const withoutUnused: Plugin = {
  name: "without-unused",
  setup(builder) {
    for (const [filter, contents] of UNUSED) builder.onLoad({ filter }, () => ({ contents, loader: "js" }));
    builder.onResolve({ filter: /^node:http2$/ }, ({ path, importer }) =>
      importer.includes("/@hono/node-server/") ? { path, namespace: "unused" } : undefined,
    );
    builder.onLoad({ filter: /^node:http2$/, namespace: "unused" }, () => ({ contents: HTTP2, loader: "js" }));
  },
};

/**
 * Node's own modules as objects. An import statement reads all that a module exports, and some of that is made when it is
 * read: with http comes the whole of fetch, with crypto that of the web, a quarter of the function host's start.
 */
export const plainBuiltins: Plugin = {
  name: "plain-builtins",
  setup(builder) {
    builder.onResolve({ filter: /^[a-z_:/]+$/ }, ({ path, kind }) =>
      kind === "import-statement" && isBuiltin(path) ? { path, namespace: "builtin" } : undefined,
    );
    builder.onLoad({ filter: /.*/, namespace: "builtin" }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)});`,
      loader: "js",
    }));
  },
};
