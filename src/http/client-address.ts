/**
 * Which client a request comes from, for bounds that hold for each of them.
 *
 * Goes by the address of the connection alone: a header could say anything.
 */
import type { Context } from 'hono';
import type { HttpEnv } from './context.ts';

/**
 * The client that a bound is for: its address, of IPv6 the network, because one client has 2^64
 * addresses there. Without a server around the app all are one.
 */
export function clientOf(c: Context<HttpEnv>): string {
  const address = c.env?.incoming?.socket.remoteAddress ?? 'unknown';
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  return address.includes(':') ? networkOf(address) : address;
}

/** The first four groups of an IPv6 address, those left out by `::` filled in. */
function networkOf(address: string): string {
  const [head = '', tail] = (address.split('%')[0] ?? '').split('::');
  const before = head === '' ? [] : head.split(':');
  const after = tail === undefined || tail === '' ? [] : tail.split(':');
  const missing = tail === undefined ? 0 : 8 - before.length - after.length;
  const groups = [...before, ...Array.from({ length: missing }, () => '0'), ...after];
  return `${groups.slice(0, 4).join(':')}::/64`;
}
