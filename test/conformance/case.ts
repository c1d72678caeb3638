/** One promise, tried over every host. */
import type { CapabilityName } from '../../src/host/capabilities.ts';
import type { Scene } from './scene.ts';

export interface Case {
  readonly title: string;
  /** What a host must be able to do for it; one that cannot is to refuse the case, and say why. */
  readonly needs?: CapabilityName;
  /** The promise that it is about, where a user may choose less; see `Host.chosenLess`. */
  readonly about?: CapabilityName;
  /** Several inbounds race, so that only the core can say whether each journal is right. */
  readonly isRacing?: true;
  /** A part of `npm test`; see suite.ts. */
  readonly isShort?: true;
  run(scene: Scene): Promise<void>;
}
