/**
 * Who holds the server's connections: so many for each address, the rest for others, and a few spare
 * ones on which only the health of the server is told.
 *
 * Must never let a client keep a place by not reading: what it was answered must leave. Invariant: a
 * connection counts from its first to its last moment, once.
 */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import { addressGroup } from './client-address.ts';

/** Beyond those that are served, for looks at the server's health. */
const SPARE_CONNECTIONS = 64;
const SPARE_PER_ADDRESS = 8;
/** How long a spare one may last. */
const SPARE_MS = 5_000;
/** Between two looks at what has not left. */
const SWEEPS_PER_TIMEOUT = 5;

export interface ConnectionBounds {
  /** In all, the spare ones not counted. */
  readonly most: number;
  readonly perAddress: number;
  /** From these as many as there are: behind each stand many clients. */
  readonly isExempt: (address: string) => boolean;
  /** How long nothing of an answer may leave before the connection is cut, in milliseconds. */
  readonly writeMs: number;
}

interface Held {
  served: number;
  spare: number;
}

/** Watches a server's connections until it closes. */
export class Connections {
  readonly #bounds: ConnectionBounds;
  readonly #byAddress = new Map<string, Held>();
  readonly #spare = new WeakSet<object>();
  /** Those that answers are written to; not the ones that became WebSockets, which are pinged. */
  readonly #watched = new Set<Socket>();
  #served = 0;

  constructor(server: Server, bounds: ConnectionBounds) {
    this.#bounds = bounds;
    server.maxConnections = bounds.most + SPARE_CONNECTIONS;
    server.on('connection', (socket: Socket) => this.#admit(socket));
    const sweep = setInterval(() => this.#sweep(), bounds.writeMs / SWEEPS_PER_TIMEOUT).unref();
    server.on('close', () => clearInterval(sweep));
  }

  /** How many are served. */
  get served(): number {
    return this.#served;
  }

  /** True for a connection on which only the server's health is told. */
  isSpare(socket: unknown): boolean {
    return typeof socket === 'object' && socket !== null && this.#spare.has(socket);
  }

  /** The connection has become a WebSocket. */
  release(socket: Socket): void {
    this.#watched.delete(socket);
  }

  #admit(socket: Socket): void {
    const address = addressGroup(socket.remoteAddress ?? 'unknown');
    const held = this.#byAddress.get(address) ?? { served: 0, spare: 0 };
    this.#byAddress.set(address, held);
    const { most, perAddress, isExempt } = this.#bounds;
    const hasPlace =
      this.#served < most && (held.served < perAddress || isExempt(socket.remoteAddress ?? ''));
    if (!hasPlace && held.spare >= SPARE_PER_ADDRESS) {
      socket.destroy();
      return;
    }
    const kind = hasPlace ? 'served' : 'spare';
    held[kind] += 1;
    if (hasPlace) this.#served += 1;
    else this.#lend(socket);
    this.#watched.add(socket);
    socket.once('close', () => {
      this.#watched.delete(socket);
      held[kind] -= 1;
      if (hasPlace) this.#served -= 1;
      if (held.served + held.spare === 0) this.#byAddress.delete(address);
    });
  }

  #lend(socket: Socket): void {
    this.#spare.add(socket);
    const end = setTimeout(() => socket.destroy(), SPARE_MS).unref();
    socket.once('close', () => clearTimeout(end));
  }

  /**
   * A time-out of the connection runs from the last byte that came or left. It is set only while an
   * answer waits: an idle connection, or one whose request takes long, has others.
   */
  #sweep(): void {
    const { writeMs } = this.#bounds;
    for (const socket of this.#watched) {
      const isWaiting = socket.writableLength > 0;
      const isOurs = socket.timeout === writeMs;
      if (isWaiting && !isOurs && !socket.timeout) socket.setTimeout(writeMs);
      else if (!isWaiting && isOurs) socket.setTimeout(0);
    }
  }
}
