import { leastBatchQuestions, mostSetQuestions } from '../../../protocol/data/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { BatchRecord } from '../../chain/types.ts'
import { createCache } from '../../runtime/index.ts'
import type { DataDeps } from '../deps.ts'
import type { IsKnownWriter } from './standing.ts'

/** Batches of one version that a validator agrees to by itself: those that make a full set, and few of one writer. */
const mostOfVersion = mostSetQuestions / leastBatchQuestions
const mostOfWriter = 2
/** Words that it gives in a Datanet in a day, each of which costs it gas. */
const mostOfDay = 16
/** Of both, what newcomers have together: a second account is free. */
const newcomersPart = 2
const dayMs = 86_400_000
/** Datanets whose words of the day are remembered. */
const mostDatanets = 1_024

type Asked = Pick<BatchRecord, 'id' | 'datanet' | 'writer'>

/** How often a validator's node agrees to sealed questions by itself: whoever puts many pays for them, and not it. */
export interface Restraint {
  /** Why it leaves one to its owner; undefined where it does not. */
  against(batch: Asked): Promise<string | undefined>
  /** It agrees to one. */
  spoke(batch: Asked): void
}

export function createRestraint(
  { chain: { ledger }, clock }: Pick<DataDeps, 'chain' | 'clock'>,
  isKnown: IsKnownWriter
): Restraint {
  const words = createCache<Hex, readonly (Asked & { readonly at: number })[]>({ max: mostDatanets })
  const ofDay = (datanet: Hex) => (words.get(datanet) ?? []).filter(({ at }) => at > clock.now() - dayMs)

  /** How many of some were written by newcomers. */
  async function newcomersIn(datanet: Hex, batches: readonly Pick<Asked, 'writer'>[]): Promise<number> {
    const known = new Map<Address, boolean>()
    for (const { writer } of batches) if (!known.has(writer)) known.set(writer, await isKnown(datanet, writer))
    return batches.filter(({ writer }) => known.get(writer) === false).length
  }

  return {
    async against({ datanet, writer }) {
      const today = ofDay(datanet)
      if (today.length >= mostOfDay) return `it has agreed to ${mostOfDay} batches in a day`
      const next = ((await ledger.datanet(datanet))?.version ?? 0) + 1
      const accepted = await ledger.batchesFor(datanet, next)
      if (accepted.length >= mostOfVersion) return `${mostOfVersion} batches judge the next version already`
      let agreed = accepted.filter(one => one.writer === writer).length
      // Those that others have not spoken on yet.
      for (const { id } of today.filter(one => one.writer === writer))
        if ((await ledger.batch(id))?.accepted === null) agreed++
      if (agreed >= mostOfWriter) return `it has agreed to ${mostOfWriter} batches of this writer for the next version`
      if (await isKnown(datanet, writer)) return undefined
      const most = mostOfDay / newcomersPart
      if ((await newcomersIn(datanet, today)) >= most) return `it has agreed to ${most} batches of newcomers in a day`
      const mostNext = mostOfVersion / newcomersPart
      return (await newcomersIn(datanet, accepted)) >= mostNext
        ? `${mostNext} batches of newcomers judge the next version already`
        : undefined
    },
    spoke({ id, datanet, writer }) {
      words.set(datanet, [...ofDay(datanet), { id, datanet, writer, at: clock.now() }])
    }
  }
}
