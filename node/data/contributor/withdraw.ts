import { addressOfKey, signStatement } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import type { Withdrawal } from '../../../protocol/data/index.ts'
import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { datanetTopic } from '../../../protocol/wire/index.ts'
import { isBroughtBy } from '../book/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Receiver } from '../exchange/index.ts'
import type { Holdings } from '../storage/index.ts'
import type { DataService } from '../types.ts'
import type { Contributing } from './contribute.ts'

/**
 * A contributor's change of mind. A commitment stays on chain for ever, and what was shown may have been copied; what
 * can be taken back before a decision is what this node would still say and give: the reveal, and the shard. What was
 * accepted leaves by a statement of its contributor, which any node takes and tells everybody.
 */
export function createWithdrawing(
  { chain, gossip, key, log, network, self }: Pick<DataDeps, 'chain' | 'gossip' | 'key' | 'log' | 'network' | 'self'>,
  book: Book,
  holdings: Pick<Holdings, 'release'>,
  contributing: Pick<Contributing, 'sending'>,
  receiver: Pick<Receiver, 'take'>
): Pick<DataService, 'withdraw'> {
  const letGo = (id: Hex, reveal: Signed<'Reveal'>): Promise<void> =>
    holdings.release(reveal.message.cid, `contribution/${id}`)

  /** @throws InvalidError `contribution.not-ours` · as the receiver, for a statement of somebody else's */
  async function leave({ id, datanet, contributor }: ContributionRecord, by: Parameters<DataService['withdraw']>[1]) {
    const signer = by !== undefined && 'key' in by ? by.key : key
    // [reject] Its contributor signs; this node has its own key and what it is given.
    if ((by === undefined || 'key' in by) && addressOfKey(signer) !== contributor)
      throw new InvalidError('contribution.not-ours', 'this contribution is not of the key that would sign here', {
        help: 'Its contributor signs the withdrawal; any node takes it then.'
      })
    const statement =
      by !== undefined && 'signed' in by
        ? by.signed
        : signStatement(network, 'Withdrawal', { contribution: id, contributor }, signer)
    // [reject] The statement is about this contribution.
    if (statement.message.contribution !== id)
      throw new InvalidError('contribution.not-ours', 'the statement withdraws another contribution')
    const message = { kind: 'withdrawal', statement } as const
    await receiver.take(message)
    await gossip.publish(datanetTopic(datanet), message).catch((error: unknown) => {
      log.info('a withdrawal was not announced; others ask for it', { contribution: id, error })
    })
  }

  return {
    async withdraw(id, by): Promise<{ state: Withdrawal }> {
      const returned = await book.unsent.get(id)
      if (returned !== undefined) {
        // It waited for its contributor's word, and this is it.
        await book.unsent.delete(id)
        await letGo(id, returned.statements.reveal)
        return { state: 'unsent' }
      }
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
      if (record !== undefined && state?.name === 'accepted') {
        await leave(record, by)
        return { state: 'accepted' }
      }
      // [reject] What came to nothing cannot be taken back.
      if (state !== undefined && (state.name === 'rejected' || state.name === 'expired'))
        throw new InvalidError('contribution.decided', `this contribution is ${state.name} already`, {
          help: 'There is nothing left to take back: it was accepted nowhere, and its shard is not kept.'
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
