/**
 * The payment provider as a real child process, for one test.
 */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import { temporaryFolder } from '../demo-database.ts';

const PROGRAM = fileURLToPath(
  new URL('../../../actors/payment/payment-provider.ts', import.meta.url),
);

export interface ProviderAnswer {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface ProviderProcess {
  readonly url: string;
  readonly database: string;
  /** Resolves with the exit code, or null after a signal. */
  readonly stop: (signal: 'SIGTERM' | 'SIGKILL') => Promise<number | null>;
  /** Closes the channel to the parent, as a parent that died would. Resolves with the exit code. */
  readonly orphan: () => Promise<number | null>;
  readonly call: (
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    key?: string,
  ) => Promise<ProviderAnswer>;
}

/** Starts one on a free port, over new books or those given. */
export async function startProvider(
  database = join(temporaryFolder(), 'provider.db'),
  env: Readonly<Record<string, string>> = {},
): Promise<ProviderProcess> {
  const child = spawn(process.execPath, ['--no-warnings', PROGRAM], {
    env: { ...process.env, ...env, PAYMENT_PROVIDER_PORT: '0', PAYMENT_PROVIDER_DB: database },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  onTestFinished(async () => {
    if (isRunning(child)) await stop('SIGKILL');
  });

  async function stop(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
    return child.exitCode;
  }

  const url = `http://127.0.0.1:${await portOf(child)}`;
  return {
    url,
    database,
    stop,
    orphan: async () => {
      const exited = once(child, 'exit');
      child.disconnect();
      await exited;
      return child.exitCode;
    },
    call: async (method, path, body, key) => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: {
          'content-type': 'application/json',
          ...(key === undefined ? {} : { 'idempotency-key': key }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      const text = await response.text();
      return { status: response.status, body: toBody(text) };
    },
  };
}

async function portOf(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('the provider has no output');
  for await (const line of createInterface({ input: child.stdout })) {
    const ready: unknown = JSON.parse(line);
    if (ready !== null && typeof ready === 'object' && 'port' in ready) return Number(ready.port);
  }
  throw new Error('the provider ended before it was ready');
}

function toBody(text: string): ProviderAnswer['body'] {
  const answer: unknown = JSON.parse(text === '' ? '{}' : text);
  return answer !== null && typeof answer === 'object' ? { ...answer } : {};
}

function isRunning(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null;
}
