/** Whom a worker and a face serve: Restate over HTTP/2, and with keys only the one that signs. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { connect } from 'node:http2';
import { once } from 'node:events';
import { expect, it, onTestFinished, vi } from 'vitest';
import { type Logger, silentLogger } from '../../src/host/turn-log.ts';
import { INPUT, pivotSaga } from '../conformance/sagas.ts';
import { describeOnRestate } from './rig.ts';
import { type Register, Stage, urlOf } from './stage.ts';

const answer = ({ of }: { readonly of: string }) => ({ receipt: of });
const activities = { hold: answer, unhold: answer, decide: answer, deliver: answer };

const DIGITS = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** A key as Restate writes it. */
function publicKeyText(key: KeyObject): string {
  const bytes = key.export({ type: 'spki', format: 'der' }).subarray(-32);
  let left = BigInt(`0x${bytes.toString('hex')}`);
  let text = '';
  for (; left > 0n; left /= 58n) text = `${DIGITS[Number(left % 58n)]}${text}`;
  return `publickeyv1_${text}`;
}

/** The status with which a call over HTTP/2 that nobody signed is answered. */
async function statusOfUnsigned(url: string, path: string): Promise<unknown> {
  const session = connect(url);
  onTestFinished(() => session.destroy());
  const stream = session.request({ ':method': 'POST', ':path': path });
  const [headers] = (await once(stream, 'response')) as [{ readonly ':status'?: number }];
  stream.close();
  return headers[':status'];
}

describeOnRestate('a worker and a face', () => {
  it('serve with identity keys only whoever signs by one of them', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const identityKeys = [publicKeyText(publicKey)];
    const identityKey = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
    const register: Register = ({ register: add }) => add(pivotSaga, { activities });
    const stage = await Stage.open(register, { identityKey, identityKeys });
    const backstep = await stage.face(undefined, { identityKeys });
    const saga = await backstep.spawn(pivotSaga, { input: INPUT });
    expect(await saga.settled({ within: '20s' })).toMatchObject({ status: 'completed' });

    const { publicKey: foreign } = generateKeyPairSync('ed25519');
    const strict = await stage.worker(register, { identityKeys: [publicKeyText(foreign)] });
    const told = await fetch(`${stage.server.admin}/deployments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri: urlOf(strict) }),
    });
    expect([told.status >= 400, await told.text()]).toEqual([true, expect.stringContaining('401')]);
    for (const [url, path] of [
      [urlOf(strict), '/invoke/backstep-saga/report'],
      [stage.faceUrl, '/invoke/backstep-journal/append'],
    ] as const) {
      expect(await statusOfUnsigned(url, path)).toBe(401);
    }
  });

  it('refuse HTTP/1.1, and say why to whoever speaks it and in the log', async () => {
    const error = vi.fn<Logger['error']>();
    const stage = await Stage.open(() => {});
    const logger = { ...silentLogger, isLevelEnabled: () => true, error };
    const worker = await stage.worker(() => {}, { logger });
    const answered = await fetch(urlOf(worker));
    expect([answered.status, await answered.text()]).toEqual([
      505,
      expect.stringContaining('Let the balancer speak HTTP/2'),
    ]);
    expect(error.mock.calls[0]?.[1]).toContain('each attempt would look interrupted');
    const told = await fetch(`${stage.server.admin}/deployments`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri: urlOf(worker), use_http_11: true }),
    });
    expect([told.status >= 400, await told.text()]).toEqual([true, expect.stringContaining('505')]);
  });
});
