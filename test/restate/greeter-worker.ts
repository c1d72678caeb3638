/** A service that has nothing to do with sagas, for trying what the tests bring of Restate. */
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { createEndpointHandler, object, type ObjectContext } from '@restatedev/restate-sdk';
import { tellPort } from './worker-process.ts';

const greeter = object({
  name: 'greeter',
  handlers: {
    /** Counts, and says which process did it. */
    greet: async (ctx: ObjectContext, name: string) => {
      const count = ((await ctx.get<number>('count')) ?? 0) + 1;
      ctx.set('count', count);
      const pid = await ctx.run('pid', () => process.pid);
      return { text: `Hello ${name}`, count, pid };
    },
  },
});

const server = createServer(createEndpointHandler({ services: [greeter], logger: () => {} }));
server.listen(0, '127.0.0.1', () => tellPort((server.address() as AddressInfo).port));
