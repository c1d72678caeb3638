/**
 * Which client a request comes from, for bounds that hold for each of them.
 *
 * Goes by the address of the connection alone, for a header could say anything; only behind a proxy
 * that the settings name, by what that proxy says of the connection it has.
 */
import { BlockList, isIP } from 'node:net';
import type { Context } from 'hono';
import { BackstepError } from '../../core/errors.ts';
import type { HttpEnv } from '../http-env.ts';

/** Addresses in one header that are looked at, from the nearest on. */
const MAX_HOPS = 20;

/**
 * Gives the client that a bound is for: its address, of IPv6 the network, because one client has
 * 2^64 addresses there. Without a server around the app all are one. Throws `input-invalid` when a
 * proxy is no address or network.
 */
export function clientsBehind(proxies: readonly string[]): (c: Context<HttpEnv>) => string {
  const isTrusted = addressesIn(proxies);
  return (c) => {
    const peer = plain(c.env?.incoming?.socket.remoteAddress ?? 'unknown');
    if (proxies.length === 0 || !isTrusted(peer)) return groupOf(peer);
    // Each proxy adds whom it heard from at the end; what stands before the first that is not
    // trusted was said by the client itself.
    const hops = (c.req.header('x-forwarded-for') ?? '').split(',').slice(-MAX_HOPS).map(plain);
    const client = hops.findLast((hop) => !isTrusted(hop));
    return groupOf(client !== undefined && isIP(client) !== 0 ? client : peer);
  };
}

function trustedOf(proxies: readonly string[]): BlockList {
  const trusted = new BlockList();
  for (const proxy of proxies) {
    const [, address = '', bits] = /^([^/]*)(?:\/(\d{1,3}))?$/.exec(proxy) ?? [];
    const family = isIP(address);
    const most = family === 4 ? 32 : 128;
    if (family === 0 || Number(bits ?? most) > most) {
      const message = `BACKSTEP_TRUSTED_PROXIES names ${proxy}, which is no address and no network`;
      throw new BackstepError('input-invalid', message);
    }
    trusted.addSubnet(address, Number(bits ?? most), family === 4 ? 'ipv4' : 'ipv6');
  }
  return trusted;
}

/** An IPv4 address that is mapped into IPv6 is that IPv4 address. */
function plain(address: string): string {
  const text = address.trim();
  return /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(text)?.[1] ?? text;
}

/** The address that a bound is for, of IPv6 the network. */
export function addressGroup(address: string): string {
  return groupOf(plain(address));
}

/** Tells whether an address is one of these, or in one of these networks. */
export function addressesIn(networks: readonly string[]): (address: string) => boolean {
  const trusted = trustedOf(networks);
  return (address) => {
    const family = isIP(plain(address));
    return family !== 0 && trusted.check(plain(address), family === 4 ? 'ipv4' : 'ipv6');
  };
}

function groupOf(address: string): string {
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
