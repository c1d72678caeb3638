/** How values travel through Restate: as JSON, and `undefined` as an empty body. */
import type { Serde } from '@restatedev/restate-sdk';

/** Unlike the SDK's own it reads an empty body as `undefined`, whoever sent it. */
export const jsonWords: Serde<unknown> = {
  contentType: 'application/json',
  serialize: (value) => Buffer.from(value === undefined ? '' : JSON.stringify(value)),
  deserialize: (bytes) => {
    if (bytes.length === 0) return undefined;
    const parsed: unknown = JSON.parse(Buffer.from(bytes).toString());
    return parsed;
  },
};
