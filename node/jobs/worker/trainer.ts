import type { TrainSettings } from '../../../protocol/jobs/index.ts'
import { readConfig } from '../../engine/architecture/config.ts'
import { parameterCount } from '../../engine/architecture/parameters.ts'
import type { Engine } from '../../engine/types.ts'
import type { JobsDeps } from '../deps.ts'

/** What trains a lot: a command of the owner's where one is named, else the engine, which alone trains in full. */
export const trainerFor = (
  { engine, trainer }: Pick<JobsDeps, 'engine' | 'trainer'>,
  { method }: Pick<TrainSettings, 'method'>
): Pick<Engine, 'tune' | 'tuneSiblings'> => (method === 'full' ? engine : (trainer ?? engine))

/** A base's size; what a command of the owner's trains need not fit into this node's own engine. */
export async function parametersOf(
  deps: Pick<JobsDeps, 'engine' | 'trainer'>,
  folder: string,
  settings: Pick<TrainSettings, 'method'>
): Promise<number> {
  if (trainerFor(deps, settings) === deps.engine) return (await deps.engine.open(folder)).parameters
  return parameterCount(readConfig(folder))
}
