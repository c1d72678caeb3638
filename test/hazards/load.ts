/**
 * Orders posted by many clients at once to a server that may end at any moment, and what those
 * clients were told.
 */
import { WebSocket } from 'ws';
import type { OrderBody, FeedLine, Site } from '../e2e/site.ts';

/** What the clients know when the server is gone. */
export interface Told {
  /** Ids of the sagas whose start was acknowledged, by order. */
  readonly accepted: ReadonlyMap<string, string>;
  /** Orders that nobody answered for. */
  readonly unanswered: readonly OrderBody[];
  /** Every line of the journal that the feed showed. */
  readonly seen: readonly FeedLine[];
}

/**
 * Posts all orders with so many clients and calls `strike` once, after so many answers. Resolves
 * when every client is done.
 */
export async function postUntil(
  site: Site,
  orders: readonly OrderBody[],
  { clients = 16, answers, strike }: { clients?: number; answers: number; strike: () => unknown },
): Promise<Told> {
  const queue = [...orders];
  const accepted = new Map<string, string>();
  const unanswered: OrderBody[] = [];
  const feed = await watchFeed(site);
  let struck: unknown = null;
  const client = async (): Promise<void> => {
    for (let order = queue.shift(); order !== undefined; order = queue.shift()) {
      const answer = await site.order(order).catch(() => null);
      if (answer?.status === 202 || answer?.status === 200) {
        accepted.set(order.order_id, answer.body.saga_id);
      } else unanswered.push(order);
      if (accepted.size >= answers && struck === null) struck = strike() ?? true;
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  await struck;
  return { accepted, unanswered, seen: feed.end() };
}

/** Resolves once connected. */
async function watchFeed(site: Site): Promise<{ readonly end: () => readonly FeedLine[] }> {
  const socket = new WebSocket(`${site.url.replace('http', 'ws')}/ws/transitions`);
  const seen: FeedLine[] = [];
  socket.on('message', (data: Buffer) => {
    const line = JSON.parse(data.toString()) as FeedLine;
    if (line.saga !== undefined) seen.push(line);
  });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  socket.on('error', () => {}); // the server dies: expected here
  return {
    end: () => {
      socket.terminate();
      return seen;
    },
  };
}

/** What clients were told and the server does not know, in words. Empty: nothing was lost. */
export async function lostOf(site: Site, told: Told): Promise<readonly string[]> {
  const sagas = await site.all<{ id: string; order_id: string }>('/saga/all');
  const ids = new Map(sagas.map((saga) => [saga.order_id, saga.id]));
  const lost = [...told.accepted]
    .filter(([order, id]) => ids.get(order) !== id)
    .map(([order]) => `order ${order}`);
  const known = new Set(sagas.map(({ id }) => id));
  for (const [id, lines] of Map.groupBy(told.seen, ({ saga }) => saga)) {
    const journal = known.has(id) ? await site.journal(id) : [];
    const isThere = new Set(journal.map(({ seq, event, to }) => `${seq} ${event} ${to}`));
    for (const { seq, event, to } of lines) {
      if (!isThere.has(`${seq} ${event} ${to}`)) lost.push(`line ${seq} of saga ${id}`);
    }
  }
  return lost;
}
