import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { launched } from '../fixtures/launched.ts';

const FAST = { restartDelayMs: 1 };

function limits(values: object): Record<string, string> {
  return { FAKE_LIMITS: JSON.stringify({ ...FAST, ...values }) };
}

function events(run: { readonly lines: readonly { readonly event: string }[] }): string[] {
  return run.lines.map((line) => line.event);
}

describe('starting', () => {
  it('starts the provider first and tells the server its URL', async () => {
    const run = launched('launch.ts');
    const server = await run.line('server started');
    expect(events(run)[0]).toBe('provider started');
    expect(server.env['PAYMENT_PROVIDER_URL']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const answer = await fetch(String(server.env['PAYMENT_PROVIDER_URL']));
    expect(await answer.text()).toBe('ok');
  });

  it('starts no provider when its URL is given', async () => {
    const run = launched('launch.ts', { PAYMENT_PROVIDER_URL: 'http://127.0.0.1:9' });
    const server = await run.line('server started');
    expect(server.env['PAYMENT_PROVIDER_URL']).toBe('http://127.0.0.1:9');
    run.signal('SIGTERM');
    expect(await run.ended).toBe(0);
    expect(events(run)).toEqual(['server started', 'server drained']);
  });

  it('makes the folder of the databases and passes their paths on', async () => {
    const run = launched('launch.ts', { PAYMENT_PROVIDER_DB: 'elsewhere/deep/provider.db' });
    const { env } = await run.line('server started');
    expect(env['BACKSTEP_DB']).toBe('data/backstep.db');
    expect(env['PAYMENT_PROVIDER_DB']).toBe('elsewhere/deep/provider.db');
    expect(existsSync(join(run.folder, 'data'))).toBe(true);
    expect(existsSync(join(run.folder, 'elsewhere/deep'))).toBe(true);
  });

  it('keeps from the provider what the server keeps secret', async () => {
    const token = '4f1c9a07d2e85b36c0419fe7a2b8d563';
    const run = launched('launch.ts', {
      BACKSTEP_TOKEN: token,
      SMTP_URL: `smtp://kim:${token}@127.0.0.1`,
      NPM_AUTH_TOKEN: token,
      BACKSTEP_READ_ONLY: 'on',
    });
    const provider = await run.line('provider started');
    expect(JSON.stringify(provider.env)).not.toContain(token);
    expect(provider.env['BACKSTEP_READ_ONLY']).toBe('on');
    expect((await run.line('server started')).env['BACKSTEP_TOKEN']).toBe(token);
  });

  it('reads .env, over which the real environment wins', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'backstep-launcher-'));
    writeFileSync(join(folder, '.env'), 'LOG_LEVEL=debug\nPORT=1\nPAYMENT_PROVIDER_URL=\n');
    const run = launched('launch.ts', { PORT: '2' }, folder);
    const { env } = await run.line('server started');
    expect(env['LOG_LEVEL']).toBe('debug');
    expect(env['PORT']).toBe('2');
    expect(events(run)[0]).toBe('provider started');
  });

  it('gives up on a provider that never says that it is ready', async () => {
    const run = launched('launch.ts', {
      FAKE_PROVIDER: 'mute',
      ...limits({ readyLimitMs: 1_500, maxRestarts: 1 }),
    });
    expect(await run.ended).toBe(1);
    expect(events(run).filter((event) => event === 'provider started')).toHaveLength(2);
    expect(events(run)).not.toContain('server started');
  });
});

describe('restarting', () => {
  it('starts a killed server again and leaves the provider alone', async () => {
    const run = launched('launch.ts', limits({}));
    const first = await run.line('server started');
    process.kill(first.pid, 'SIGKILL');
    const second = await run.line('server started', 2);
    expect(second.pid).not.toBe(first.pid);
    expect(second.env).toEqual(first.env);
    expect(events(run).filter((event) => event === 'provider started')).toHaveLength(1);
    expect(events(run)).toContain(
      'backstep: the server ended with SIGKILL; restart 1 of 5 within 60 s, in 1 ms',
    );
  });

  it('starts a killed provider again on the same port, under a running server', async () => {
    const run = launched('launch.ts', limits({}));
    const { env } = await run.line('server started');
    process.kill((await run.line('provider started')).pid, 'SIGKILL');
    await run.line('provider listens', 2);
    const answer = await fetch(String(env['PAYMENT_PROVIDER_URL']));
    expect(await answer.text()).toBe('ok');
    expect(events(run).filter((event) => event === 'server started')).toHaveLength(1);
  });

  it('starts a provider again that ended by itself, whatever its exit code', async () => {
    const run = launched('launch.ts', { FAKE_PROVIDER: 'finish', ...limits({ maxRestarts: 2 }) });
    expect(await run.ended).toBe(1);
    expect(events(run).filter((event) => event === 'provider started')).toHaveLength(3);
  });

  it('starts a server that lost its database again, as a standby, whatever the budget', async () => {
    const run = launched('launch.ts', { FAKE_SERVER: 'lose', ...limits({ maxRestarts: 1 }) });
    await run.line('server started', 4);
    expect(events(run)).toContain(
      'backstep: the server lost the database to another process and starts again',
    );
    run.signal('SIGTERM');
    expect(await run.ended).toBe(0);
    expect(events(run).join()).not.toContain('restart 1 of');
  });

  it('says so in one line and exits with 1 when the budget is spent', async () => {
    const run = launched('launch.ts', { FAKE_SERVER: 'crash', ...limits({}) });
    expect(await run.ended).toBe(1);
    expect(events(run).filter((event) => event === 'server started')).toHaveLength(6);
    expect(events(run).slice(-2)).toEqual([
      'backstep: the server ended with code 3; giving up after 5 restarts within 60 s',
      'provider stopped',
    ]);
  });

  it('forgets restarts that are older than the window', async () => {
    const run = launched('launch.ts', limits({ maxRestarts: 1, restartWindowMs: 0 }));
    for (const nth of [1, 2, 3]) {
      process.kill((await run.line('server started', nth)).pid, 'SIGKILL');
    }
    await run.line('server started', 4);
    run.signal('SIGTERM');
    expect(await run.ended).toBe(0);
  });
});

describe('a provider that the server has stopped', () => {
  it('stays away until it is wanted again, on the same port, at no cost of its budget', async () => {
    const run = launched('launch.ts', {
      FAKE_SERVER: 'provider-off',
      ...limits({ maxRestarts: 0 }),
    });
    const server = await run.line('server started');
    const url = String(server.env['PAYMENT_PROVIDER_URL']);
    while (
      await fetch(url).then(
        (answer) => answer.text(),
        () => null,
      )
    ) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    process.kill(server.pid, 'SIGUSR2');
    await run.line('provider listens', 2);
    expect(await (await fetch(url)).text()).toBe('ok');
    run.signal('SIGTERM');
    expect(await run.ended).toBe(0);
  });

  it('does not keep the launcher from stopping', async () => {
    const run = launched('launch.ts', { FAKE_SERVER: 'provider-off' });
    await run.line('server started');
    run.signal('SIGTERM');
    expect(await run.ended).toBe(0);
  });
});

describe('a refusal to start', () => {
  it('of the server is passed on, without a restart', async () => {
    const run = launched('launch.ts', { FAKE_SERVER: 'refuse', ...limits({}) });
    expect(await run.ended).toBe(78);
    expect(events(run).filter((event) => event === 'server started')).toHaveLength(1);
    expect(events(run)).toContain('provider stopped');
  });

  it('of the provider is passed on, and no server starts', async () => {
    const run = launched('launch.ts', { FAKE_PROVIDER: 'refuse', ...limits({}) });
    expect(await run.ended).toBe(78);
    expect(events(run)).toEqual(['provider started']);
  });

  it('is what a database folder that cannot be made amounts to', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'backstep-launcher-'));
    writeFileSync(join(folder, 'data'), 'a file, not a folder');
    const run = launched('launch.ts', {}, folder);
    expect(await run.ended).toBe(78);
    expect(events(run)).toHaveLength(1);
    expect(events(run)[0]).toContain('cannot make the folder of BACKSTEP_DB=data/backstep.db');
  });
});

describe('stopping', () => {
  it.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)(
    'on %s lets the server drain before the provider ends, and exits with 0',
    async (signal) => {
      const run = launched('launch.ts');
      await run.line('server started');
      run.signal(signal);
      run.signal(signal);
      expect(await run.ended).toBe(0);
      expect(events(run).slice(-2)).toEqual(['server drained', 'provider stopped']);
    },
  );

  it('also ends everything when the server itself was asked to stop', async () => {
    const run = launched('launch.ts');
    process.kill((await run.line('server started')).pid, 'SIGTERM');
    expect(await run.ended).toBe(0);
    expect(events(run).slice(-2)).toEqual(['server drained', 'provider stopped']);
  });

  it('kills a server that does not drain in time, and exits with 1', async () => {
    const run = launched('launch.ts', { FAKE_SERVER: 'stubborn', ...limits({ drainLimitMs: 50 }) });
    await run.line('server started');
    run.signal('SIGTERM');
    expect(await run.ended).toBe(1);
    expect(events(run).slice(-2)).toEqual([
      'backstep: the server did not stop in 50 ms and is killed',
      'provider stopped',
    ]);
  });

  it('cuts a restart delay short', async () => {
    const run = launched('launch.ts', limits({ restartDelayMs: 5_000 }));
    process.kill((await run.line('server started')).pid, 'SIGKILL');
    await run.line(/restart 1 of 5/);
    run.signal('SIGTERM');
    expect(await run.ended).toBe(0);
    expect(events(run).filter((event) => event === 'server started')).toHaveLength(1);
  });
});

// Both wait for the pipes, which only close once the last program that holds them has ended.
describe('orphans', () => {
  it('are not left when the launcher is killed', async () => {
    const run = launched('launch.ts');
    await run.line('server started');
    run.signal('SIGKILL');
    expect(await run.ended).toBe('SIGKILL');
    expect(events(run)).not.toContain('server drained');
  });

  it('are not left when npm above the launcher is killed', async () => {
    const run = launched('fake-npm.ts', limits({ parentPollMs: 20 }));
    await run.line('server started');
    run.signal('SIGKILL');
    expect(await run.ended).toBe('SIGKILL');
    expect(events(run)).not.toContain('server drained');
  });
});
