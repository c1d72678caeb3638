/**
 * The payment provider as a process of its own: a simulated outside service that sagas talk to
 * over HTTP and that can be slow, fail, or die by itself.
 *
 * Must never share a database or a process with the engine, and never listen beyond this machine.
 * Invariant: when the one line `{"ready":true,"port":N}` stands on stdout, requests are served.
 *
 * Environment: `PAYMENT_PROVIDER_PORT` (default 3001; 0 takes a free one) and
 * `PAYMENT_PROVIDER_DB` (default `payment-provider.db`). SIGTERM and SIGINT stop it; so does the
 * loss of a parent that started it with an IPC channel.
 */
import { createAdaptorServer } from '@hono/node-server';
import { createFaults } from './faults.ts';
import { openPaymentLedger } from './payment-provider-ledger.ts';
import { BEHAVING_ROUTES, createPaymentProviderApp } from './payment-provider-app.ts';

const HOST = '127.0.0.1';
const DEFAULT_PORT = 3001;
const DEFAULT_DATABASE = 'payment-provider.db';
const MAX_PORT = 65_535;

/** How long open requests may finish after a stop was asked for. */
const STOP_GRACE_MS = 1_000;

const port = portOf(process.env['PAYMENT_PROVIDER_PORT']);
const database = process.env['PAYMENT_PROVIDER_DB'] ?? DEFAULT_DATABASE;
const ledger = openPaymentLedger(database, Date.now);
const behaviour = createFaults({ activities: BEHAVING_ROUTES, random: Math.random });
const app = createPaymentProviderApp({ ledger, behaviour });
const server = createAdaptorServer({ fetch: app.fetch });

// A log that cannot be written is no reason to refuse payments.
process.stderr.on('error', () => {});
server.on('error', (error) => {
  process.stderr.write(`payment provider: ${String(error)}\n`);
  process.exitCode = 1;
  stop();
});
server.listen(port, HOST, () => {
  const address = server.address();
  const listeningPort = address !== null && typeof address === 'object' ? address.port : port;
  process.stdout.write(`${JSON.stringify({ ready: true, port: listeningPort })}\n`);
});
process.once('SIGTERM', stop);
process.once('SIGINT', stop);
if (process.send !== undefined) process.once('disconnect', stop);

function stop(): void {
  server.close(exit);
  if ('closeIdleConnections' in server) server.closeIdleConnections();
  // A hanging request must not keep a stopped process alive.
  setTimeout(exit, STOP_GRACE_MS).unref();
}

function exit(): void {
  ledger.close();
  process.exit();
}

function portOf(text: string | undefined): number {
  const value = text === undefined || text === '' ? DEFAULT_PORT : Number(text);
  if (Number.isInteger(value) && value >= 0 && value <= MAX_PORT) return value;
  throw new RangeError(`PAYMENT_PROVIDER_PORT must be 0 to ${MAX_PORT}, not ${text}`);
}
