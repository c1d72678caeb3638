import { describe, expect, it } from 'vitest';
import { PermanentError } from '../../../src/core/failure.ts';
import { createRedact } from '../../../src/core/secrets/redact.ts';
import { openFixture } from '../http-fixture.ts';
import { registerStays } from './stay-saga.ts';

const redact = createRedact();

describe('redaction', () => {
  it('hides what stands under a secret name, however it is written', () => {
    const value = {
      password: 'x',
      userPassword: { a: 1 },
      api_token: 'x',
      'client-secret': 'x',
      Authorization: 'x',
      cardNumber: 'x',
      CVV: 'x',
      list: [{ card: 'x' }],
    };
    expect(JSON.stringify(redact(value))).not.toContain('"x"');
  });

  it.each([
    ['Authorization: Bearer abc.def-123', 'abc.def'],
    ['GET https://h/?api_token=s3cret&page=2', 's3cret'],
    ['{"password":"hunter2","user":"kim"}', 'hunter2'],
    ["card_number = '4111111111111111' was declined", '4111'],
    ['cvv=123', '123'],
  ])('hides what a text names as a secret: %s', (text, secret) => {
    const shown = redact({ error: { message: text } });
    expect(JSON.stringify(shown)).not.toContain(secret);
    expect(JSON.stringify(shown)).toContain('[redacted]');
  });

  it.each([
    ['password: correct horse battery staple', 'horse'],
    ['failed: {"card":{"number":4111,"x":[2]},"amount":5}, retry', '4111'],
    ["{ password: 'hunter2', card: { number: 4111 } }", '4111'],
    ['{\\"password\\":\\"hunter2\\",\\"b\\":1}', 'hunter2'],
    ['cut off {"user":"kim","password":"hunter', 'hunter'],
    ['postgres://kim:pa55@db/x and redis://:pw9@h', 'pa55'],
    ['postgres://kim:pa55@db/x and redis://:pw9@h', 'pw9'],
    ['https://ghp_0123@host/x', 'ghp_0123'],
    ['api key: abc def', 'abc'],
    ['x-api-key: abc', 'abc'],
    ['Cookie: a=b; c=ddd', 'ddd'],
    ['Authorization: Digest username="kim", response="f00"', 'f00'],
    ['the password for kim is hunter2x', 'hunter2x'],
    ['4111 1111 1111 1111 was declined', '1111'],
    ['PASSWORD\n=\n  hunter2', 'hunter2'],
    ['dbpassword=hunter2', 'hunter2'],
    ['signing-keys=abcdef', 'abcdef'],
  ])('hides every word of it, in whatever form: %s', (text, secret) => {
    expect(redact(text)).not.toContain(secret);
  });

  it('hides what is named in the plural, joined, or beside a card', () => {
    const value = {
      apiKeys: ['x'],
      accesstoken: 'x',
      access_tokens: { a: 'x' },
      APIKey: 'x',
      cardnumber: 4,
      cards: [{ number: 'x' }],
      means: { type: 'card', number: 'x', expMonth: 'x' },
      json: '{"a":"{\\"pin\\":\\"x\\"}"}',
      'password=x': 1,
    };
    const shown = JSON.stringify(redact(value));
    expect(shown).not.toMatch(/"x|=x|4/);
    expect(redact(redact(value))).toEqual(redact(value));
  });

  it.each([
    ['letters', 'password'.repeat(10_000)],
    ['names', 'password:'.repeat(10_000)],
    ['brackets', `${'['.repeat(50_000)}pin`],
    ['blanks', `pin ${' '.repeat(100_000)}:`],
    ['addresses', '://'.repeat(40_000)],
    ['quotes', `password ${'\\'.repeat(100_000)}":`],
  ])('takes no longer for hostile %s than for others', (_, text) => {
    const startMs = performance.now();
    redact(text);
    expect(performance.now() - startMs).toBeLessThan(1_500);
  });

  it('leaves the very same value where there is nothing to hide', () => {
    const value = { list: [{ a: 1 }], text: 'quiet' };
    expect(redact(value)).toBe(value);
  });

  it.each(['Log in, or send the token as Authorization: Bearer.', 'basic information'])(
    'leaves what only speaks of a scheme: %s',
    (text) => expect(redact(text)).toBe(text),
  );

  it.each(['the card was declined', 'token expired', 'a secret meeting: at noon', 'basic stock'])(
    'leaves a text that only mentions one: %s',
    (text) => expect(redact(text)).toBe(text),
  );

  it('leaves everything else, and the value itself, as it is', () => {
    const value = { discard: 1, tokens: 2, secretary: 3, payment_method: 'credit_card', n: null };
    expect(redact(value)).toEqual(value);
    const secret = { card: 'x' };
    redact(secret);
    expect(secret.card).toBe('x');
  });

  it('keeps a property called __proto__ a property', () => {
    const value: unknown = JSON.parse('{"__proto__":{"a":1}}');
    expect(JSON.stringify(redact(value))).toBe('{"__proto__":{"a":1}}');
  });
});

describe('a dead letter', () => {
  it('is told whole, whatever half a text of JSON its error quotes', async () => {
    const fail = () => {
      throw new PermanentError('token=s3cret', 'cut off {"user":"kim","client_secret":"s3cret');
    };
    const http = await openFixture({ activities: { charge: fail, release: fail } });
    await http.settledOrder('o-1');
    for (const path of ['/api/dead-letters', '/dead-letters']) {
      const answer = await http.app.request(path);
      expect(answer.status).toBe(200);
      const text = await answer.text();
      expect(text).toContain('cut off {');
      expect(text).not.toContain('s3cret');
    }
    await http.dispose();
  });
});

describe('the error of a saga in a list', () => {
  it.each([
    ['card-declined', 'the bank says no', 'card-declined: the bank says no'],
    ['token-expired', 'log in: it is late', 'token-expired: log in: it is late'],
    ['card-declined', 'password: s3cret', 'card-declined: password: [redacted]'],
    ['token=s3cret', 'for a reason', 'token=[redacted]: for a reason'],
  ])('%s with "%s" says why, and no secret', async (code, message, shown) => {
    const fail = (): never => {
      throw new PermanentError(code, message);
    };
    const http = await openFixture({ activities: { charge: fail, release: fail } });
    const id = await http.settledOrder('o-1');
    const list = (await (await http.app.request('/api/sagas')).json()) as {
      items: { id: string; error: string }[];
    };
    expect(list.items).toMatchObject([{ id, error: shown }]);
    const page = await (await http.app.request('/sagas')).text();
    expect(page).not.toContain('s3cret');
    expect(page).toContain(shown);
    await http.dispose();
  });
});

describe("a user's own rule", () => {
  it('hides the member in every view of the saga', async () => {
    const lines: string[] = [];
    const http = await openFixture({
      hides: (name) => name === 'room',
      register: (backstep) => registerStays(backstep),
    });
    const { id } = await http.backstep.spawn('stay', { input: { room: 'suite-77' } });
    await http.backstep.saga(id).send({ type: 'approve' });
    for (const path of [`/api/sagas/${id}`, `/sagas/${id}`, `/api/sagas/${id}/transitions`]) {
      lines.push(await (await http.send('GET', path)).text());
    }
    expect(lines.join('\n')).toContain('[redacted]');
    expect(lines.join('\n')).not.toContain('suite-77');
    await http.dispose();
  });
});
