import { zeroHash } from '../protocol/primitives/index.ts'
import type { Address, Hex } from '../protocol/primitives/index.ts'
import type { DataService, DatanetRole } from './data/index.ts'
import { isOver } from './jobs/index.ts'
import type { JobEvents, JobsService } from './jobs/index.ts'
import type { ModelEvents, ModelsService } from './models/index.ts'
import type { Events, Log } from './runtime/index.ts'

/**
 * Roles that the later phases give a node in a Datanet, told to the data phase by the bus: a builder follows it while a
 * job on it is open, a worker while it serves a model grown from it.
 * @returns stop listening
 */
export function followByRole(
  events: Events<JobEvents & ModelEvents>,
  {
    data,
    jobs,
    models,
    self,
    log
  }: {
    data: Pick<DataService, 'follow' | 'unfollow'>
    jobs: Pick<JobsService, 'job' | 'jobs'>
    models: Pick<ModelsService, 'model' | 'models'>
    self: Address
    log: Log
  }
): () => void {
  const set = (datanet: Hex | undefined | null, role: DatanetRole, held: boolean): void => {
    // A base model has none.
    if (datanet === undefined || datanet === null || datanet === zeroHash) return
    const done = held ? data.follow(datanet, role) : data.unfollow(datanet, role)
    done.catch((error: unknown) => {
      log.warn('a Datanet that this node has to do with is not followed', { datanet, role, error })
    })
  }
  const builds = (datanet: Hex): boolean =>
    jobs.jobs().some(job => job.builder === self && job.datanet === datanet && !isOver(job))
  const serves = (datanet: Hex): boolean =>
    models.models().some(({ datanet: of, offers }) => of === datanet && offers.some(({ worker }) => worker === self))
  const ended = (job: Hex): void => {
    const view = jobs.job(job)
    if (view?.builder === self && !builds(view.datanet)) set(view.datanet, 'builder', false)
  }
  const offs = [
    events.on('jobs.posted', ({ job, builder }) => {
      if (builder === self) set(jobs.job(job)?.datanet, 'builder', true)
    }),
    events.on('jobs.completed', ({ job }) => {
      ended(job)
    }),
    events.on('jobs.expired', ({ job }) => {
      ended(job)
    }),
    events.on('models.offered', ({ model, worker }) => {
      if (worker === self) set(models.model(model)?.datanet, 'worker', true)
    }),
    events.on('models.withdrawn', ({ model, worker }) => {
      const datanet = worker === self ? models.model(model)?.datanet : undefined
      if (datanet !== undefined && datanet !== null && !serves(datanet)) set(datanet, 'worker', false)
    })
  ]
  return () => {
    for (const off of offs) off()
  }
}
