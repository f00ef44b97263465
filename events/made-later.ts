/**
 * A schema that is made at its first use. Who reads types and names from a module of many schemas does not wait for them:
 * those of machines took a quarter of a function host's start, and most events need none.
 */
import type { z } from "zod";

export function madeLater<S extends z.ZodType>(make: () => S): S {
  let made: S | undefined;
  const schema = (): S => (made ??= make());
  const handler: ProxyHandler<S> = {
    get: (_, name) => Reflect.get(schema(), name) as unknown,
    has: (_, name) => Reflect.has(schema(), name),
    ownKeys: () => Reflect.ownKeys(schema()),
    getOwnPropertyDescriptor: (_, name) => Reflect.getOwnPropertyDescriptor(schema(), name),
    getPrototypeOf: () => Reflect.getPrototypeOf(schema()),
  };
  return new Proxy({} as S, handler);
}
