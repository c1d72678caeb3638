/**
 * The launcher: runs the server and the demo's payment provider as two processes.
 *
 * A program that dies is started again, within a budget; a refusal to start is passed on. It must
 * never open a database or know a saga: it holds nothing that a crash could lose.
 * Invariants: programs stop in reverse order of their start, because a draining server still calls
 * the provider; and none outlives the launcher, because each ends when its channel closes.
 */
import { fork, type ChildProcess } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { isPostgresUrl } from '../core/database-target.ts';
import { isSecretName } from '../core/secrets/secret-names.ts';
import { checkSettings, isClosedSetting, settingOf } from './settings.ts';
import { EXIT_FAILED, EXIT_REFUSED } from './exit-codes.ts';
import { KeptProgram, say, type RestartBudget } from './kept-program.ts';
import { keepPrograms } from './kept-programs.ts';
import { isPassingErrno } from '../store/sqlite/passing-errno.ts';

/** What the server may ask of the launcher, over the channel between them. */
const STOP_PROVIDER = 'stop payment provider';
const START_PROVIDER = 'start payment provider';

/** Where each is a file: relative to the working directory, like every path in the settings. */
const DATABASES = ['BACKSTEP_DB', 'PAYMENT_PROVIDER_DB'] as const;

export interface LaunchLimits extends RestartBudget {
  /** From the provider's start to its ready line; then it is killed and counts as dead. */
  readonly readyLimitMs: number;
  /** For the server to drain after a stop signal; then it is killed. */
  readonly drainLimitMs: number;
  /** For the provider to end, once the server has. */
  readonly providerStopLimitMs: number;
  /** How often to look whether npm still lives. */
  readonly parentPollMs: number;
}

const DEFAULT_LIMITS: LaunchLimits = {
  maxRestarts: 5,
  restartWindowMs: 60_000,
  restartDelayMs: 100,
  readyLimitMs: 20_000,
  drainLimitMs: 30_000,
  providerStopLimitMs: 5_000,
  parentPollMs: 1_000,
};

/** What to run; every limit has a default. */
export interface LaunchOptions extends Partial<LaunchLimits> {
  readonly serverPath: string;
  /**
   * A program that prints `{"ready":true,"port":n}` as a line on its standard output. It is not
   * started when `PAYMENT_PROVIDER_URL` is set already.
   */
  readonly providerPath: string;
}

/**
 * Runs both programs until a stop signal, a refusal, or a spent restart budget.
 *
 * Resolves with the exit code: 0 after a clean stop, 78 when a program refused to start, else 1.
 */
export async function launch(options: LaunchOptions): Promise<number> {
  const limits: LaunchLimits = { ...DEFAULT_LIMITS, ...options };
  // What it has to say may find no reader, or a full disk: the programs are kept all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => {});
  if (existsSync('.env')) process.loadEnvFile('.env');
  const env = settled(process.env);
  if (typeof env === 'number') return env;

  return keepPrograms(limits.parentPollMs, async (keep, ending) => {
    let provider: KeptProgram | null = null;
    if (!env['PAYMENT_PROVIDER_URL']) {
      const ready = Promise.withResolvers<number>();
      provider = paymentProvider(options.providerPath, env, limits, ready.resolve);
      keep(provider);
      const port = await Promise.race([ready.promise, ending]);
      if (port === null) return;
      env['PAYMENT_PROVIDER_URL'] = `http://127.0.0.1:${port}`;
      env['PAYMENT_PROVIDER_KEPT'] = 'yes';
    }
    keep(server(options.serverPath, env, limits, provider));
  });
}

/** Detached, as the provider is: Ctrl-C reaches the launcher alone, which stops both in order. */
function server(
  path: string,
  env: NodeJS.ProcessEnv,
  limits: LaunchLimits,
  provider: KeptProgram | null,
): KeptProgram {
  return new KeptProgram({
    name: 'the server',
    budget: limits,
    stopLimitMs: limits.drainLimitMs,
    // Someone asked the server itself to stop, and it drained.
    mayFinish: true,
    start: () => {
      const stdio = ['ignore', 'inherit', 'inherit', 'ipc'] as const;
      const child = fork(path, { env, detached: true, stdio: [...stdio] });
      // The fault lab stops the provider for real, and starts it again.
      child.on('message', (message: unknown) => {
        if (message === STOP_PROVIDER) provider?.pause();
        if (message === START_PROVIDER) provider?.resume();
      });
      return child;
    },
  });
}

/** Keeps the port of its first start, so that the URL the server was given stays true. */
function paymentProvider(
  path: string,
  env: NodeJS.ProcessEnv,
  limits: LaunchLimits,
  onReady: (port: number) => void,
): KeptProgram {
  let port = String(settingOf(env, 'PAYMENT_PROVIDER_PORT'));
  return new KeptProgram({
    name: 'the payment provider',
    budget: limits,
    stopLimitMs: limits.providerStopLimitMs,
    mayFinish: false,
    start: () => {
      const child = fork(path, {
        env: { ...withoutSecrets(env), PAYMENT_PROVIDER_PORT: port },
        detached: true,
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      });
      whenReady(child, limits.readyLimitMs, (readyPort) => {
        port = String(readyPort);
        onReady(readyPort);
      });
      return child;
    },
  });
}

/** The provider is an outside service: what the server keeps secret is none of its business. */
function withoutSecrets(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(env).filter(([name]) => !isClosedSetting(name) && !isSecretName(name)),
  );
}

/** Takes the ready line out of the program's output and passes the rest on. */
function whenReady(child: ChildProcess, limitMs: number, onReady: (port: number) => void): void {
  const timer = setTimeout(() => {
    say(`the payment provider was not ready in ${limitMs} ms and is killed`);
    child.kill('SIGKILL');
  }, limitMs);
  child.once('exit', () => clearTimeout(timer));
  if (child.stdout === null) return;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const port = readyPortOf(line);
    if (port === undefined) {
      process.stderr.write(`${line}\n`);
      return;
    }
    clearTimeout(timer);
    onReady(port);
  });
}

function readyPortOf(line: string): number | undefined {
  const match = /^\{"ready":true,"port":(\d{1,5})\}$/.exec(line.replaceAll(' ', ''));
  return match?.[1] === undefined ? undefined : Number(match[1]);
}

/** The environment with a path for each database, its folder made; else the exit code. */
function settled(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv | number {
  const result = { ...env };
  try {
    checkSettings(env);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return EXIT_REFUSED;
  }
  for (const name of DATABASES) {
    const path = settingOf(env, name);
    result[name] = path;
    if (isPostgresUrl(path)) continue;
    try {
      mkdirSync(dirname(path), { recursive: true });
    } catch (error) {
      say(`cannot make the folder of ${name}=${path}: ${String(error)}`);
      return isPassingErrno(error) ? EXIT_FAILED : EXIT_REFUSED;
    }
  }
  return result;
}
