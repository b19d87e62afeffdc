import { setImmediate } from 'node:timers/promises'
import { CandidateIndex } from '../../../protocol/payouts/index.ts'
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
    // Who has left is no candidate any more: what its rows would be paid by answers goes by held-out values.
    const byPlayer = Map.groupBy(await versions.remaining(spec), ({ contributor }) => contributor)
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
