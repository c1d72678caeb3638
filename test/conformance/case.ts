/** One promise, tried over every host. */
import type { Scene } from './scene.ts';

export interface Case {
  readonly title: string;
  /** Several inbounds race, so that only the core can say whether each journal is right. */
  readonly isRacing?: true;
  /** Tried over every host by `npm test` as well; see suite.ts. */
  readonly isShort?: true;
  run(scene: Scene): Promise<void>;
}
