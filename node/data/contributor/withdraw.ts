import type { Signed } from '../../../protocol/crypto/index.ts'
import type { Withdrawal } from '../../../protocol/data/index.ts'
import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { isBroughtBy } from '../book/index.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Holdings } from '../storage/index.ts'
import type { DataService } from '../types.ts'
import type { Contributing } from './contribute.ts'

/**
 * A contributor's change of mind. A commitment stays on chain for ever, and what was shown may have been copied; what
 * can be taken back is what this node would still say and give: the reveal, and the shard.
 */
export function createWithdrawing(
  { chain, log, self }: Pick<DataDeps, 'chain' | 'log' | 'self'>,
  book: Book,
  holdings: Pick<Holdings, 'release'>,
  contributing: Pick<Contributing, 'sending'>
): Pick<DataService, 'withdraw'> {
  const letGo = (id: Hex, reveal: Signed<'Reveal'>): Promise<void> =>
    holdings.release(reveal.message.cid, `contribution/${id}`)

  return {
    async withdraw(id): Promise<{ state: Withdrawal }> {
      const waiting = await book.outbox.get(id)
      const record = await book.contribution(id)
      if (record === undefined && waiting === undefined)
        throw new NotFoundError('contribution.unknown', `no contribution ${id} is known here`, {
          help: 'Withdraw at the node that it was brought to; `tilth contributions` lists what is known.'
        })
      if (contributing.sending(id))
        throw new InvalidError('contribution.sending', 'this contribution is being sent right now', {
          consequence: 'retry',
          help: 'Try again in a few seconds.'
        })
      const state = record?.state
      // [reject] What was decided stands: an accepted one is its contributor's own and in the next version.
      if (state !== undefined && (state.name === 'accepted' || state.name === 'rejected' || state.name === 'expired'))
        throw new InvalidError('contribution.decided', `this contribution is ${state.name} already`, {
          help:
            state.name === 'accepted'
              ? 'Accepted rows stay in every version that is anchored from now on; nobody can take them out.'
              : 'There is nothing left to take back: it was accepted nowhere, and its shard is not kept.'
        })
      // [reject] Only the node that brought it in has its reveal and its shard to take back.
      const statements = waiting ?? (state !== undefined && 'statements' in state ? state.statements : undefined)
      const ours = waiting !== undefined || (record !== undefined && isBroughtBy(self, record))
      if (statements === undefined || !ours)
        throw new InvalidError('contribution.not-ours', 'this contribution was not brought in by this node', {
          help: "Withdraw it at its contributor's node."
        })
      // Marked first: a process that is killed here asks for the shard no more, and shows nothing.
      await book.withdrawn.put(id, true)
      await book.outbox.delete(id)
      await letGo(id, statements.reveal)
      log.info('a contribution was withdrawn', { contribution: id, state: state?.name ?? 'waiting' })
      if (state !== undefined && state.name !== 'committed') return { state: 'shown' }
      const onChain = record !== undefined || (await chain.datanets.commitment(id)) !== undefined
      return { state: onChain ? 'committed' : 'unsent' }
    }
  }
}
