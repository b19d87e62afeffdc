import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { createDataService } from '../../../../node/data/index.ts'
import type { DataEvents, DataService } from '../../../../node/data/index.ts'
import { createJobsService, privateRowsOf, versionsOf } from '../../../../node/jobs/index.ts'
import type { JobEvents, JobsService, Versions } from '../../../../node/jobs/index.ts'
import { createModelsService } from '../../../../node/models/index.ts'
import type { ModelEvents, ModelsService } from '../../../../node/models/index.ts'
import { fakeEngine as servingEngine, fakeSpeech } from '../../../harness/engine/serving.ts'
import { fakeEngine } from '../../../harness/engine/training.ts'
import { peersOf, startWorld } from '../../../harness/index.ts'
import type { Make, Peer, Peers, World } from '../../../harness/index.ts'
import { wiretap } from '../../../harness/wiretap.ts'
import type { Heard } from '../../../harness/wiretap.ts'
import type { CommonDeps } from '../../../harness/peers.ts'

// Data, jobs and models of the same peers: real libp2p, stores and chain, so that keys go where rows are needed.

export interface Services {
  readonly data: DataService
  readonly jobs: JobsService
  readonly models: ModelsService
  readonly versions: Versions
  start(): Promise<void>
  stop(): Promise<void>
}
type AllEvents = DataEvents & JobEvents & ModelEvents
export interface Options {
  readonly builder?: boolean
  readonly worker?: boolean
  /** Milliseconds that a step of its engine takes. */
  readonly stepMs?: number
}
export type TestPeer = Peer<Services, AllEvents, Options>
type All = Omit<CommonDeps<AllEvents>, 'events'> & { events: never }

/** Everything that any peer's services say and hear. */
export const said: Heard[] = []

const make: Make<Services, AllEvents, Options> = (common, { folder, address }, options) => {
  const deps = wiretap(address, said)(common) as unknown as All
  const { builder = false, worker = false, stepMs = 1 } = options
  const data = createDataService({ ...deps, timing: { tickMs: 100, syncMs: 500 } })
  const versions = versionsOf(data, { chain: common.chain })
  const jobs = createJobsService({
    ...deps,
    versions,
    privateRows: privateRowsOf(data, common.chain.nodes),
    roles: { builder, worker },
    engine: fakeEngine({ stepMs }),
    folder: join(folder, 'jobs'),
    timing: { bidMs: 4_000, aliveMs: 200, silenceMs: 8_000, announceMs: 500, tickMs: 50 }
  })
  const models = createModelsService({
    ...deps,
    versions,
    roles: { worker: false, client: false },
    engine: servingEngine(),
    speech: fakeSpeech
  })
  return {
    data,
    jobs,
    models,
    versions,
    async start() {
      for (const service of [data, jobs, models]) await service.start()
    },
    async stop() {
      for (const service of [models, jobs, data]) await service.stop()
    }
  }
}

export async function startNetwork(): Promise<{ world: World; peers: Peers<Services, AllEvents, Options> }> {
  const world = await startWorld('private')
  return { world, peers: peersOf(world, make) }
}

/** Whether a text stands in a block that a peer holds, as it lies on its disk for others. */
export async function inBlocks({ folder }: Pick<TestPeer, 'folder'>, text: string): Promise<boolean> {
  const blocks = join(folder, 'net', 'blocks')
  for (const name of await readdir(blocks, { recursive: true, withFileTypes: true })) {
    if (!name.isFile()) continue
    if ((await readFile(join(name.parentPath, name.name))).includes(text)) return true
  }
  return false
}
