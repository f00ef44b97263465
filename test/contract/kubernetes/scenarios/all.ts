/** What comparison.test.ts runs on both servers: requests that clients send, each scenario in the same fresh namespace. */
import { coreObjects } from "./core-objects.ts";
import { customObjects } from "./custom-objects.ts";
import { requests } from "./requests.ts";

export const scenarios = [...customObjects, ...coreObjects, ...requests];
