import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { bindingOf } from '../../src/demo/binding.ts';

const TOKEN = '4f1c9a07d2e85b36c0419fe7a2b8d563';
const folder = mkdtempSync(join(tmpdir(), 'backstep-binding-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('the binding', () => {
  it('is loopback without a token unless told otherwise', () => {
    const { host, port, token, allowedHosts } = bindingOf({});
    expect([host, port, token, allowedHosts]).toEqual(['127.0.0.1', 3000, null, []]);
  });

  it.each(['127.0.0.1', '127.0.0.2', 'localhost', '::1'])('needs no token on %s', (HOST) => {
    expect(bindingOf({ HOST }).token).toBeNull();
  });

  it.each(['0.0.0.0', '::', '192.168.1.5', 'example.org', '127.0.0.1.example.org', '1270.0.0.1'])(
    'refuses %s without a token, and says what to do',
    (HOST) => {
      expect(() => bindingOf({ HOST })).toThrow(/BACKSTEP_TOKEN/);
      expect(bindingOf({ HOST, BACKSTEP_TOKEN: TOKEN }).token).toBe(TOKEN);
    },
  );

  it('refuses a token of less than 128 bits, without showing it', () => {
    const short = 'b'.repeat(31);
    expect(() => bindingOf({ HOST: '0.0.0.0', BACKSTEP_TOKEN: short })).toThrow(/32 characters/);
    expect(() => bindingOf({ BACKSTEP_TOKEN: short })).toThrow(/^(?!.*bbb)/);
    expect(() => bindingOf({ BACKSTEP_TOKEN: short })).toThrow(/openssl rand -hex 32$/);
  });

  it('takes the token from a file', () => {
    const file = join(folder, 'token');
    writeFileSync(file, `${TOKEN}\n`);
    const env = { HOST: '0.0.0.0', BACKSTEP_TOKEN_FILE: file };
    expect(bindingOf(env).token).toBe(TOKEN);
    expect(() => bindingOf({ BACKSTEP_TOKEN_FILE: join(folder, 'none') })).toThrow(
      /cannot be read/,
    );
  });

  it('serves the names it is told', () => {
    const env = { HOST: '::', BACKSTEP_TOKEN: TOKEN, BACKSTEP_ALLOWED_HOSTS: 'Sagas.example, b' };
    expect(bindingOf(env).allowedHosts).toEqual(['Sagas.example', 'b']);
  });

  it.each(['x', '-1', '65536', '3000.5', '1e3'])('refuses the port %s', (PORT) => {
    expect(() => bindingOf({ PORT })).toThrow(/PORT/);
  });

  it('reads the bounds and the read-only switch, or says in one line what is wrong', () => {
    expect(bindingOf({})).toMatchObject({ maxClients: 200, readOnly: false });
    const env = {
      BACKSTEP_READ_ONLY: 'on',
      BACKSTEP_REQUESTS_PER_SECOND: '50',
      BACKSTEP_MAX_CLIENTS: '1000',
    };
    expect(bindingOf(env)).toMatchObject({
      maxClients: 1_000,
      readOnly: true,
      requestsPerSecond: 50,
    });
    const unbounded = bindingOf({ BACKSTEP_REQUESTS_PER_SECOND: 'off' });
    expect(unbounded.requestsPerSecond).toBeNull();
    for (const name of Object.keys(env)) {
      expect(() => bindingOf({ [name]: 'yes' })).toThrow(new RegExp(`^${name} is "yes"; give `));
    }
  });
});
