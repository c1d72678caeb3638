/** The pages that look into the engine: what they show, what they refuse, what they never show. */
import { afterEach, describe, expect, it } from 'vitest';
import { createMachine } from 'xstate';
import { z } from 'zod';
import { durable } from '../../../src/core/define/durable.ts';
import { defineSaga } from '../../../src/core/define/saga.ts';
import { versionFacts } from '../../../src/server/environment.ts';
import { TurnStream } from '../../../src/server/live/turn-stream.ts';
import { openFixture, type HttpFixture } from '../http-fixture.ts';

const SCRIPT = '"><script>alert(1)</script>';

let http: HttpFixture;
afterEach(() => http?.dispose());

async function page(path: string): Promise<string> {
  const response = await http.send('GET', path);
  expect(response.status).toBe(200);
  return (await response.text()).replaceAll(/\s+/g, ' ');
}

describe('the debug page', () => {
  it('shows what the host can and cannot promise', async () => {
    http = await openFixture();
    const text = await page('/debug');
    const promises = text.slice(text.indexOf('id="promises"'));
    expect(promises).toContain('<code>embedded-sqlite</code>');
    const { standby, timers } = http.backstep.capabilities.promises;
    expect(promises).toMatch(new RegExp(`Standby.*not here.*${standby.how}`));
    expect(promises).toMatch(new RegExp(`Timers.*whole.*${timers.how}`));
  });

  it('shows a child saga below its parent, with what both wait for', async () => {
    http = await openFixture();
    const gate = Promise.withResolvers<void>();
    const child = defineSaga({
      activities: {} as {
        open: (input: object) => Promise<void>;
        close: (input: object) => void;
      },
      id: 'account',
      input: z.unknown(),
    })
      .step('open', {
        input: () => ({}),
        compensate: { activity: 'close', input: () => ({}) },
      })
      .build();
    const invoke = { id: 'account', src: 'account', onDone: 'opened', onError: 'opened' };
    const states = { opening: { invoke }, opened: { type: 'final' } } as const;
    const parent = durable(createMachine({ id: 'customer', initial: 'opening', states }), {
      children: { account: child },
    });
    const began = Promise.withResolvers<void>();
    const open = (): Promise<void> => {
      began.resolve();
      return gate.promise;
    };
    http.backstep.register(child, { activities: { open, close: () => {} } });
    http.backstep.register(parent, { activities: {} });
    const { id } = await http.backstep.spawn('customer', { input: {} });
    await began.promise;
    const text = await page('/debug');
    const tree = text.slice(text.indexOf('actor-tree'), text.indexOf('id="stream"'));
    expect(tree).toMatch(
      new RegExp(`<b>customer</b>.*${id}.*<ul>.*<b>account</b>.*child of step account`),
    );
    expect(tree).toContain('<code>open</code> attempt 1');
    gate.resolve();
    await http.backstep.saga(id).settled({ within: 10_000 });
  });

  it('filters the turns, stands still when it is paused, and refuses a status that is none', async () => {
    http = await openFixture();
    const id = await http.settledOrder('one');
    expect(await page('/debug')).toContain('hx-ws:connect="/ws/page?page=%2Fdebug"');
    const some = await page('/debug?status=completed&paused=yes');
    expect(some).not.toContain('hx-ws:connect');
    expect(some).toContain('this page stands still');
    const rows = [...some.matchAll(/inspector\?saga=[^"]+&amp;seq=(\d+)/g)].map(
      (match) => match[1],
    );
    expect(rows).toEqual(['3']);
    expect(await page(`/debug?q=${id.slice(0, 12)}&type=order`)).toContain(`/sagas/${id}`);
    expect(await page('/debug?q=nothing-like-it')).toContain('No turn matches.');
    expect((await http.send('GET', '/debug?status=nope')).status).toBe(400);
  });

  it('shows no script that came in by its address', async () => {
    http = await openFixture();
    expect(await page(`/debug?q=${encodeURIComponent(SCRIPT)}`)).not.toContain('<script>alert');
  });
});

describe('the stream of turns', () => {
  it('begins with what the journal has, and goes on without gap or double', async () => {
    http = await openFixture();
    await http.settledOrder('before');
    const stream = new TurnStream(http.backstep);
    await http.settledOrder('after');
    const any = { type: null, status: null, text: null };
    const seqs = (await stream.newest(any, 100)).map(({ seq }) => seq);
    const last = await http.backstep.read.lastSeq();
    expect(seqs).toEqual(Array.from({ length: last }, (_, index) => last - index));
    expect(await stream.newest(any, 2)).toHaveLength(2);
  });
});

describe('what is told of the process', () => {
  it('names the versions that run', () => {
    const versions = new Map(versionFacts().map(({ name, value }) => [name, value]));
    expect(versions.get('xstate')).toBe('5.33.3');
    expect([...versions.values()]).not.toContain('unknown');
  });
});

describe('the inspector', () => {
  it('shows the event and the snapshot of any turn, and no secret of them', async () => {
    http = await openFixture();
    const input = { orderId: 'o-1', quantity: 1, cardNumber: '4111-1111' };
    const { id } = await http.backstep.spawn('order', { input });
    await http.backstep.saga(id).settled({ within: 10_000 });
    const text = await page(`/inspector?saga=${id}&seq=2`);
    expect(text).toContain('reserve done');
    expect(text).toContain('Turn <output>2</output> of 3');
    expect(text).toContain('[redacted]');
    expect(text).not.toContain('4111');
    expect(text).toContain(`href="/inspector?saga=${id}&amp;seq=3"`);
    expect(text).not.toContain('hx-ws:connect');
    expect(await page(`/inspector?saga=${id}`)).toMatch(
      /hx-ws:connect="\/ws\/page\?[^"]*page=%2Finspector"/,
    );
  });

  it('shows the event of a turn after one that somebody edited, not that of another', async () => {
    http = await openFixture();
    const id = await http.settledOrder('o-1');
    const edit = "UPDATE journal SET data = 'x' WHERE saga_seq = 2";
    await http.backstep.store.write([{ sql: edit, parameters: [] }]);
    const text = await page(`/inspector?saga=${id}`);
    expect(text).toMatch(/<b>charge done<\/b>\s*<span class="quiet">turn 3,/);
  });

  it('draws any type, and says what is not there', async () => {
    http = await openFixture();
    const text = await page('/inspector?type=order');
    expect(text).toContain('aria-label="Statechart of order"');
    expect(text).toContain('There is no saga of this type yet.');
    for (const [path, status] of [
      ['/inspector?type=nope', 404],
      ['/inspector?seq=x', 400],
    ] as const) {
      expect((await http.send('GET', path)).status).toBe(status);
    }
    const id = await http.settledOrder('one');
    expect((await http.send('GET', `/inspector?saga=${id}&seq=9`)).status).toBe(400);
  });

  it('finds a saga by its key, and keeps the form and what was typed when there is none', async () => {
    http = await openFixture();
    const start = (key: string) =>
      http.backstep.spawn('order', { input: { orderId: key, quantity: 1 }, key });
    const { id } = await start('t-1');
    await http.backstep.saga((await start('t-10')).id).settled({ within: 10_000 });
    const text = await page('/inspector?saga=t-1');
    expect(text).toContain(`hx-ws:connect="/ws/page?saga=${id}&amp;`);
    const missed = await http.send('GET', `/inspector?saga=${encodeURIComponent(SCRIPT)}`);
    expect(missed.status).toBe(404);
    const form = await missed.text();
    expect(form).toContain('role="alert"');
    expect(form).toContain('No saga has the id or key &quot;&gt;&lt;script&gt;');
    expect(form).toMatch(/name="saga"[^>]*value="&quot;&gt;&lt;script&gt;/);
    expect(form).toContain('aria-label="Statechart of order"');
  });
});
