/** What comes before a WebSocket is opened. */
import type { MiddlewareHandler } from 'hono';
import { HttpProblem } from './error-response.ts';

/**
 * Refuses a request that names an upgrade and does not ask for it: Node takes it for a plain one, so
 * that nobody would ever open its socket.
 */
export const asksForUpgrade: MiddlewareHandler = async (c, next) => {
  const isNamed = c.req.header('upgrade') !== undefined;
  if (isNamed && !/\bupgrade\b/i.test(c.req.header('connection') ?? '')) {
    const message = 'A WebSocket needs "Connection: Upgrade" beside its Upgrade header.';
    throw new HttpProblem('upgrade-required', message, { upgrade: 'websocket' });
  }
  await next();
};
