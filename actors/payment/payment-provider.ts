/**
 * The payment provider as a process of its own: a simulated outside service that sagas talk to
 * over HTTP and that can be slow, fail, or die by itself.
 *
 * Must never share a database or a process with the engine, and never listen beyond this machine.
 * Invariant: when the one line `{"ready":true,"port":N}` stands on stdout, requests are served.
 *
 * Environment: `PAYMENT_PROVIDER_PORT` and `PAYMENT_PROVIDER_DB`; `BACKSTEP_READ_ONLY` and
 * `BACKSTEP_FAULTS` say whether it may be told to misbehave. Exit code 78: it refused to start.
 * SIGTERM and SIGINT stop it; so does the loss of a parent that started it with an IPC channel.
 */
import { chmodSync, existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createAdaptorServer } from '@hono/node-server';
import { readSetting } from '../../src/core/settings.ts';
import { createFaults } from '../faults/faults.ts';
import { openPaymentLedger } from './payment-provider-ledger.ts';
import { PROVIDER_SETTINGS } from './payment-provider-settings.ts';
import { BEHAVING_ROUTES, createPaymentProviderApp } from './payment-provider-app.ts';

const HOST = '127.0.0.1';
const EXIT_REFUSED = 78;
/** Its books are its owner's alone, the files beside them included. */
const OTHERS = 0o077;
const OWNER_ONLY = 0o600;

/** How long open requests may finish after a stop was asked for. */
const STOP_GRACE_MS = 1_000;

const { port, database, mayMisbehave } = settings();
process.umask(OTHERS);
mkdirSync(dirname(database), { recursive: true });
for (const file of [database, `${database}-wal`, `${database}-shm`]) {
  if (existsSync(file)) chmodSync(file, OWNER_ONLY);
}
const ledger = openPaymentLedger(database, Date.now);
const behaviour = createFaults({ activities: BEHAVING_ROUTES, random: Math.random });
const app = createPaymentProviderApp({ ledger, behaviour, mayMisbehave });
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

function settings() {
  const { env } = process;
  const read = <Name extends keyof typeof PROVIDER_SETTINGS>(name: Name) =>
    readSetting(PROVIDER_SETTINGS, env, name);
  try {
    return {
      port: read('PAYMENT_PROVIDER_PORT'),
      database: read('PAYMENT_PROVIDER_DB'),
      mayMisbehave: read('BACKSTEP_FAULTS') && !read('BACKSTEP_READ_ONLY'),
    };
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    process.stderr.write(`payment provider: ${reason}\n`);
    process.exit(EXIT_REFUSED);
  }
}
