import type { ChainEvent, ChainEventName } from '../events/index.ts'
import type { Apply, Draft } from './draft.ts'
import { applyAudits } from './apply-audits.ts'
import { applyBatches } from './apply-batches.ts'
import { applyBonds } from './apply-bonds.ts'
import { applyChannels } from './apply-channels.ts'
import { applyDatanets } from './apply-datanets.ts'
import { applyJobs } from './apply-jobs.ts'
import { applyJuries } from './apply-juries.ts'
import { applyModels } from './apply-models.ts'
import { applyPools } from './apply-pools.ts'
import { applyStandings } from './apply-standings.ts'
import type { Tables } from './records.ts'

/** Complete: an event without its effect does not compile. */
const effects: { [N in ChainEventName]: Apply<N> } = {
  ...applyJobs,
  ...applyDatanets,
  ...applyJuries,
  ...applyBatches,
  ...applyBonds,
  ...applyModels,
  ...applyChannels,
  ...applyPools,
  ...applyAudits,
  ...applyStandings
}

export const apply = async (event: ChainEvent, draft: Draft, tables: Tables): Promise<string | undefined> =>
  (await (effects[event.name] as Apply<ChainEventName>)(event, draft, tables)) ?? undefined
