/** Where log lines go: pino's shape, so that a pino logger is one. Fields first, then a short sentence. */
export interface Log {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const nowhere = (): void => undefined;

export const silentLog: Log = { debug: nowhere, info: nowhere, warn: nowhere, error: nowhere };
