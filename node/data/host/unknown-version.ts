import { NotFoundError } from '../../../protocol/primitives/index.ts'

/** A version that the chain does not have; 0 stands for the newest where there is none. */
export const unknownVersion = (version: number): NotFoundError =>
  version === 0
    ? new NotFoundError('version.unknown', 'no version of that Datanet is anchored yet', {
        help: 'Its host anchors one of what was accepted: `tilth datanet anchor`.'
      })
    : new NotFoundError('version.unknown', `version ${version} of that Datanet is not anchored`, {
        help: 'Versions are numbered from 1, in the order in which its host anchored them.'
      })
