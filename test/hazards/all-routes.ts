/** Every route of the app, as it is registered: what is added later is tried too. */
import { createFaults } from '../../actors/faults/faults.ts';
import { openDemo } from '../demo/demo-fixture.ts';

export interface Route {
  readonly method: string;
  readonly path: string;
}

/** Without middleware, and without the one switch that is meant to end the server. */
export async function allRoutes(): Promise<readonly Route[]> {
  const faults = createFaults({ activities: ['reserve'], random: Math.random });
  const fixture = await openDemo({ faults });
  try {
    return fixture.app.routes.filter(({ path }) => !path.includes('*') && !path.includes('crash'));
  } finally {
    await fixture.dispose();
  }
}
