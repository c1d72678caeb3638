/** The pages that are looked at most hinder nobody; every page: every-page.long.test.ts. */
import { beforeAll, test } from 'vitest';
import { useDashboard } from './dashboard.ts';
import { expectFitForAll } from './fit-for-all.ts';
import { orderNamed } from './named-order.ts';

const dashboard = useDashboard();
let id = '';
beforeAll(async () => {
  const { body } = await dashboard.site.order(orderNamed('looked-at'), '20s');
  id = body.saga_id;
}, 30_000);

test.each(['/', '/sagas', '/sagas/ID', '/saga'])(
  '%s hinders nobody, in light and dark, and fits a telephone',
  (path) => expectFitForAll(dashboard, path.replace('ID', id)),
);
