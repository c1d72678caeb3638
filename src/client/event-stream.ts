/**
 * Server-sent events of an answer, as the HTML standard reads them, as far as the feed uses them:
 * the data of each, one after the other.
 */

/** Longest event that is read, in characters; a line of the feed has some hundred. */
const MAX_EVENT_LENGTH = 1_000_000;

/**
 * The data of every event, until the answer ends. `onLife` is called whenever something came, the
 * comments that keep a connection included. Throws what reading the answer throws.
 */
export async function* eventsOf(
  body: ReadableStream<Uint8Array>,
  onLife: () => void,
): AsyncGenerator<string, void> {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onLife();
      const events = `${text}${value}`.split(/\r?\n\r?\n/);
      text = events.pop() ?? '';
      if (text.length > MAX_EVENT_LENGTH) throw new Error('an event of the feed is too long');
      for (const event of events) {
        const data = dataOf(event);
        if (data !== '') yield data;
      }
    }
  } finally {
    await reader.cancel().catch(() => {}); // it ended by itself
  }
}

function dataOf(event: string): string {
  const lines = event.split(/\r?\n/).filter((line) => line.startsWith('data:'));
  return lines.map((line) => line.slice('data:'.length).replace(/^ /, '')).join('\n');
}
