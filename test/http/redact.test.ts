import { describe, expect, it } from 'vitest';
import { createRedact } from '../../src/core/redact.ts';
import { openFixture } from './http-fixture.ts';
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

describe("a user's own rule", () => {
  it('hides the member in every view of the saga', async () => {
    const lines: string[] = [];
    const http = await openFixture({
      hides: (name) => name === 'room',
      register: (backstep) => registerStays(backstep),
    });
    const { id } = await http.backstep.spawn('stay', { input: { room: 'suite-77' } });
    await http.backstep.send(id, { type: 'approve' });
    for (const path of [`/api/sagas/${id}`, `/sagas/${id}`, `/api/sagas/${id}/transitions`]) {
      lines.push(await (await http.send('GET', path)).text());
    }
    expect(lines.join('\n')).toContain('[redacted]');
    expect(lines.join('\n')).not.toContain('suite-77');
    await http.dispose();
  });
});
