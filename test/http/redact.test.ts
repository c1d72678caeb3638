import { describe, expect, it } from 'vitest';
import { redact } from '../../src/http/redact.ts';

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
