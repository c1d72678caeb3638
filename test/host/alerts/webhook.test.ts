/** One POST of an alert: how it is signed, what every answer means, and what is never told. */
import { describe, expect, it } from 'vitest';
import type { AlertOptions } from '../../../src/host/alerts/alert-options.ts';
import { checkedAlerts } from '../../../src/host/alerts/alert-rules.ts';
import { DeliveryFault, post, shownAddress } from '../../../src/host/alerts/webhook.ts';
import { receiver, SECRET } from './killed-alerts.ts';

const OLD_SECRET = `whsec_${Buffer.alloc(32, 9).toString('base64')}`;
const message = { id: 'msg_1', body: '{"type":"alert.trial"}' };
const never = new AbortController().signal;

const faultOf = async (posted: Promise<void>): Promise<DeliveryFault> => {
  const fault: unknown = await posted.then(
    () => null,
    (error: unknown) => error,
  );
  expect(fault).toBeInstanceOf(DeliveryFault);
  return fault as DeliveryFault;
};

it('carries the headers of Standard Webhooks, whose library verifies it', async () => {
  const { url, received, forged } = await receiver();
  const nowMs = Date.now();
  await post({ url, secret: SECRET }, message, nowMs, never);
  expect(forged).toEqual([]);
  expect(received[0]?.headers).toMatchObject({
    'webhook-id': 'msg_1',
    'webhook-timestamp': String(Math.floor(nowMs / 1_000)),
    'content-type': 'application/json',
  });
});

it('is signed with each secret while one is replaced', async () => {
  const { url, received, forged } = await receiver();
  await post({ url, secret: [OLD_SECRET, SECRET] }, message, Date.now(), never);
  expect(forged).toEqual([]);
  expect(String(received[0]?.headers['webhook-signature']).split(' ')).toHaveLength(2);
});

it('sends a name and password of the address as authorization, and keeps them out of it', async () => {
  const { url, received } = await receiver();
  const named = url.replace('http://', 'http://ops%40shop:p%C3%A4ss@');
  await post({ url: named, secret: SECRET }, message, Date.now(), never);
  const expected = `Basic ${Buffer.from('ops@shop:päss').toString('base64')}`;
  expect(received[0]?.headers.authorization).toBe(expected);
  expect(shownAddress(named)).toBe(`${new URL(url).origin}/…`);
  expect(shownAddress('https://ops:secret@host')).toBe('https://host');
});

describe('an answer', () => {
  const answered = async (status: number, headers: Record<string, string> = {}) => {
    const { url, received } = await receiver((response) =>
      response.writeHead(status, headers).end('x'.repeat(100_000)),
    );
    const fault = await faultOf(post({ url, secret: SECRET }, message, Date.now(), never));
    return { fault, received };
  };

  it('of 500 or 404 is a failure to be tried again', async () => {
    expect((await answered(500)).fault).toMatchObject({
      message: 'it answers 500',
      isFinal: false,
      retryAfterMs: null,
    });
    expect((await answered(404)).fault.isFinal).toBe(false);
  });

  it('of 410 ends it', async () => {
    expect((await answered(410)).fault.isFinal).toBe(true);
  });

  it('of 429 says when to come again, within an hour', async () => {
    expect((await answered(429, { 'retry-after': '120' })).fault.retryAfterMs).toBe(120_000);
    expect((await answered(429, { 'retry-after': '999999' })).fault.retryAfterMs).toBe(3_600_000);
    expect((await answered(429, { 'retry-after': 'soon' })).fault.retryAfterMs).toBeNull();
  });

  it('that leads elsewhere is not followed', async () => {
    const elsewhere = await receiver();
    const { fault } = await answered(307, { location: elsewhere.url });
    expect(fault.message).toBe('it answers 307, a redirect, which is not followed');
    expect(elsewhere.received).toEqual([]);
  });

  it('that does not come is a failure once the time is over', async () => {
    const { url, came } = await receiver(() => {});
    const late = new AbortController();
    const posted = post({ url, secret: SECRET }, message, Date.now(), late.signal);
    await came(1);
    late.abort(new Error('it took longer than 10 ms'));
    expect((await faultOf(posted)).message).toBe('it took longer than 10 ms');
  });

  it('of nobody tells why, without the address', async () => {
    const { url } = await receiver();
    const closed = url.replace(/:\d+\//, ':1/');
    const fault = await faultOf(post({ url: closed, secret: SECRET }, message, Date.now(), never));
    expect(fault.message).toMatch(/^it cannot be reached/);
    expect(fault.message).not.toContain('s3cr3t');
  });
});

describe('what a program says about alerts', () => {
  const desk = { url: 'https://u:hunter2@hooks.example/T0/B0/key', secret: SECRET };
  const refusalOf = (options: unknown, host: 'embedded' | 'restate' = 'embedded'): string => {
    try {
      checkedAlerts(options as AlertOptions, host);
      return '';
    } catch (error) {
      return String(error);
    }
  };
  const rule = { name: 'r', when: { kind: 'dead-letter' } };
  const asked = (when: object, more: object = {}): object => ({
    rules: [{ name: 'r', when, ...more }],
    targets: { desk },
  });

  it('is taken where it is right', () => {
    const gather = '1m';
    expect(refusalOf({ rules: [rule], targets: { desk, call: () => {} }, gather })).toBe('');
    expect(refusalOf({ rules: [], targets: {} })).toBe('');
    expect(refusalOf(asked({ kind: 'host-unreachable', longerThan: '5s' }), 'restate')).toBe('');
  });

  it.each([
    ['no target', { rules: [rule], targets: {} }, 'targets'],
    ['a name twice', { rules: [rule, rule], targets: { desk } }, 'rules.1.name'],
    ['an unknown target', asked({ kind: 'dead-letter' }, { to: ['disk'] }), 'rules.0.to'],
    ['an unknown condition', asked({ kind: 'dead-leter' }), 'rules.0.when.kind'],
    ['a misspelt member', asked({ kind: 'dead-letter', typo: 1 }), 'rules.0.when.typo'],
    ['no time', asked({ kind: 'saga-age', status: 'waiting' }), 'rules.0.when.olderThan'],
    ['neither status nor state', asked({ kind: 'saga-age', olderThan: '1h' }), 'rules.0.when'],
    [
      'both',
      asked({ kind: 'saga-age', olderThan: '1h', status: 'paused', state: 'a' }),
      'rules.0.when',
    ],
    ['an end', asked({ kind: 'saga-age', status: 'completed', olderThan: '1h' }), 'is over'],
    ['an odd name', { rules: [], targets: { 'a b': desk } }, 'targets'],
    ['too little', asked({ kind: 'queue-age', queue: 'inbox', olderThan: 1 }), 'rules.0.when'],
    [
      'too long',
      asked({ kind: 'step-failures', count: 3, within: '2d' }),
      'failures are counted within at most 24h',
    ],
    ['a host of its own', asked({ kind: 'host-unreachable', longerThan: '5s' }), 'its own host'],
    ['a wrong secret', { rules: [], targets: { desk: { ...desk, secret: 'hunter2' } } }, 'whsec_'],
    ['a wrong address', { rules: [], targets: { desk: { ...desk, url: 'ftp://hunter2' } } }, 'URL'],
    ['no object', 'hunter2-is-no-option', 'give an object'],
  ])('is refused with its place: %s', (_, options, place) => {
    const refusal = refusalOf(options);
    expect(refusal).toContain(place);
    expect(refusal).not.toContain('hunter2@');
    expect(refusal).not.toContain(SECRET);
    if (place === 'whsec_' || place === 'URL') expect(refusal).not.toContain('hunter2');
  });

  it('is refused on Restate where that has no such queue', () => {
    const when = { kind: 'queue-age', queue: 'messages', olderThan: '1m' };
    expect(refusalOf(asked(when), 'restate')).toContain('on Restate there is no queue "messages"');
  });
});
