/**
 * How a console's websocket is closed: by the node, passed on by the gateway, told to a person by the client. Standard
 * codes where there is one; `text` travels as the close's reason.
 */
export const consoleClosings = {
  ended: { code: 1000, text: "the machine ended" },
  leaving: { code: 1001, text: "the node runtime stops; the machine goes on" },
  slow: { code: 1008, text: "the client read too slowly" },
  /** Between the gateway and the node. */
  lost: { code: 1014, text: "the connection to the node broke" },
  taken: { code: 4000, text: "another client took the console" },
} as const satisfies Record<string, { readonly code: number; readonly text: string }>;

export type ConsoleClosing = keyof typeof consoleClosings;
