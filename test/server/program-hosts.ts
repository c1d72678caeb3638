/**
 * Programs with an HTTP server of their own, in each of the usual ways, which mount ours at `/ops`:
 * what a user writes, and no more.
 */
import { createServer as createHttpServer, type Server } from 'node:http';
import { once } from 'node:events';
import { serve } from '@hono/node-server';
import express from 'express';
import { fastify } from 'fastify';
import { Hono } from 'hono';
import type { BackstepServer } from '../../src/server.ts';

/** What every program answers at its own root. */
export const OWN_ANSWER = 'the program itself';
const HOST = '127.0.0.1';

type Program = (ops: BackstepServer) => Promise<Server>;

export const PROGRAMS: Readonly<Record<'hono' | 'express' | 'fastify' | 'node:http', Program>> = {
  async hono(ops) {
    const app = new Hono().get('/', (c) => c.text(OWN_ANSWER));
    app.route('/', ops.app);
    const server = serve({ fetch: app.fetch, hostname: HOST, port: 0 });
    ops.attach(server);
    return listening(server as Server);
  },
  async express(ops) {
    const app = express();
    app.use('/ops', ops.handle);
    app.get('/', (_request, response) => void response.send(OWN_ANSWER));
    const server = app.listen(0, HOST);
    ops.attach(server);
    return listening(server);
  },
  async fastify(ops) {
    const app = fastify();
    await app.register(async (scope) => {
      scope.removeAllContentTypeParsers();
      scope.addContentTypeParser('*', (_request, _body, done) => done(null));
      for (const path of ['/ops', '/ops/*']) {
        scope.all(path, (request, reply) => ops.handle(request.raw, reply.hijack().raw));
      }
    });
    app.get('/', () => OWN_ANSWER);
    ops.attach(app.server);
    await app.listen({ host: HOST, port: 0 });
    return app.server;
  },
  async 'node:http'(ops) {
    const server = createHttpServer((request, response) => {
      if (request.url?.startsWith('/ops')) ops.handle(request, response);
      else response.end(OWN_ANSWER);
    });
    ops.attach(server);
    return listening(server.listen(0, HOST));
  },
};

async function listening(server: Server): Promise<Server> {
  if (!server.listening) await once(server, 'listening');
  return server;
}
