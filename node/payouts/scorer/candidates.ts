import { setImmediate } from 'node:timers/promises'
import { CandidateIndex } from '../../../protocol/payouts/index.ts'
import { TilthError } from '../../../protocol/primitives/index.ts'
import { createCache } from '../../runtime/index.ts'
import { indexesKept, rowsAtOnce } from '../limits.ts'
import type { Weighed } from '../models.ts'
import type { PayoutsDeps } from '../types.ts'

/** The rows of models' versions by their words: made once for a version, in pieces, since it may have many rows. */
export function createIndexes({
  versions
}: Pick<PayoutsDeps, 'versions'>): (weighed: Weighed) => Promise<CandidateIndex> {
  const kept = createCache<string, Promise<CandidateIndex>>({ max: indexesKept })

  async function make({ result: { spec }, measure }: Weighed): Promise<CandidateIndex> {
    // Scorers must name the same candidates, whatever each has heard by then: only rows that a quorum took down, which
    // nobody has any more, are none.
    const rows = await versions.rows(spec, { open: true }).catch((error: unknown) => {
      // Of a private Datanet's rows nobody goes by what only some can read: measured utilities alone name candidates.
      if (error instanceof TilthError && error.code === 'datanet.private') return []
      if (error instanceof TilthError && error.code === 'version.taken-down') return versions.remaining(spec)
      throw error
    })
    const byPlayer = Map.groupBy(rows, ({ contributor }) => contributor)
    const index = new CandidateIndex()
    let added = 0
    for (const [player, account] of measure.players.entries())
      for (const { row } of byPlayer.get(account) ?? []) {
        index.add(player, row)
        if (++added % rowsAtOnce === 0) await setImmediate()
      }
    return index
  }

  return weighed => {
    const { manifest } = weighed.result.spec
    const known = kept.get(manifest)
    if (known !== undefined) return known
    const making = make(weighed).catch((error: unknown) => {
      kept.delete(manifest)
      throw error
    })
    kept.set(manifest, making)
    return making
  }
}
