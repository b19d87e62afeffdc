import type { Hex } from '../../../protocol/primitives/index.ts'
import { refusedWith } from '../../chain/index.ts'
import type { AuditRecord, AuditRound } from '../../chain/types.ts'
import type { Seats } from '../scorer/seats.ts'
import type { PayoutsDeps } from '../types.ts'
import type { Terms } from './terms.ts'

/** The chain knows the hashes of so many blocks. */
const knownBlocks = 256n

export interface Undrawn {
  /**
   * Has auditors drawn once there is chance to draw by. Where nobody sits who could be drawn, the builder opens the
   * round anew at the same bond as soon as somebody does; past the blocks that the chain knows, and of a model that was
   * retired, it has its money back and opens another round once somebody sits.
   * @returns whether there is nothing more to do
   * @throws ChainError where somebody was quicker, or it is not time
   */
  look(record: AuditRecord, round: AuditRound, isOurs: boolean): Promise<boolean>
}

export function createUndrawn(
  { chain, log, roles, self }: Pick<PayoutsDeps, 'chain' | 'log' | 'roles' | 'self'>,
  { terms, seats }: { readonly terms: Terms; readonly seats: Pick<Seats, 'heard'> }
): Undrawn {
  const open = async (model: Hex) => chain.audits.open(model, await terms(model))

  /** @returns false where nobody sits who could be drawn */
  async function unlessNobody(act: () => Promise<unknown>): Promise<boolean> {
    try {
      await act()
      return true
    } catch (error) {
      if (!refusedWith(error, 'NoSeats')) throw error
      return false
    }
  }

  async function close({ id, model }: AuditRecord): Promise<void> {
    await chain.audits.close(id)
    log.info('nobody sits who could audit a training: what was put in for it is back', { model })
  }

  return {
    async look(record, round, isOurs) {
      const { id, model, pool } = record
      if (roles.scorer) seats.heard(pool)
      const head = chain.ledger.head()?.block ?? 0n
      const isRetired = (await chain.ledger.model(model))?.retired === true
      if (round.closed) {
        if (!isOurs || isRetired) return true
        // Who has a seat and lost its stake elsewhere could not be drawn.
        if (await chain.nodes.hasOthersToDraw(pool, self)) await open(model)
        return false
      }
      // Nobody can draw it any more. Once its builder opens it again it is heard of again.
      if (head > round.drawFrom + knownBlocks) {
        if (!isOurs) return true
        if (isRetired || !(await unlessNobody(() => open(model)))) await close(record)
      } else if (head >= round.drawFrom && !(await unlessNobody(() => chain.audits.draw(id))) && isOurs) {
        if (isRetired && head > round.drawFrom) await close(record)
        else if (!isRetired) await unlessNobody(() => open(model))
      }
      return false
    }
  }
}
