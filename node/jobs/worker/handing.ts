import { close } from '../../../protocol/jobs/index.ts'
import type { Assignment, JobMessage } from '../../../protocol/jobs/index.ts'
import { deliveryHash } from '../../../protocol/contracts/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createLedgerTime, refusedWith } from '../../chain/index.ts'
import type { JobsDeps } from '../deps.ts'
import type { Reporter } from './report.ts'

/** What was handed over is looked at again after so many rounds of announcements: its builder says when it has paid. */
const lookEvery = 12

/** What an award costs and brings its worker on chain: the deposit, the delivery, the pay. */
export interface Handing {
  /** Puts the deposit in, unless it is there already. @throws as the chain */
  take(escrow: Hex): Promise<void>
  /**
   * Says on chain what was made and where it is, and only then to the builder. May be said again.
   * @throws InvalidError `delivery.late` where the escrow takes none any more · as the chain
   */
  handIn(id: Hex): Promise<void>
  /** Whether a delivery stands on chain, as far as this process knows. */
  isIn(id: Hex): boolean
  /** Closes an assignment whose escrow has ended, and has a builder pay that said nothing in time. */
  look(id: Hex): Promise<void>
  /** Once a round: what was not handed in is, and what was is looked at now and then. */
  round(): void
}

export interface HandingParts {
  readonly assignments: ReadonlyMap<Hex, Assignment>
  readonly keep: (id: Hex, at: Assignment) => Promise<void>
  readonly end: (id: Hex, at: Pick<Assignment, 'award'>) => Promise<void>
  readonly reporter: (id: Hex) => Pick<Reporter, 'delivered'> | undefined
  readonly say: (message: JobMessage) => Promise<void>
}

export function createHanding(
  { chain, clock, log }: Pick<JobsDeps, 'chain' | 'clock' | 'log'>,
  { assignments, keep, end, reporter, say }: HandingParts
): Handing {
  const handedIn = new Set<Hex>()
  const busy = new Set<Hex>()
  let rounds = 0

  const now = createLedgerTime({ chain, clock })

  async function handIn(id: Hex): Promise<void> {
    const at = assignments.get(id)
    if (at?.state !== 'delivered') return
    const { delivery } = at
    const { state, delivery: known } = await chain.escrows.escrow(at.escrow)
    if (known !== deliveryHash(delivery.message)) {
      if (state !== 'taken')
        throw new InvalidError('delivery.late', `the escrow of the award is ${state}, and takes no delivery`)
      await chain.escrows.deliver(at.escrow, delivery.message)
    }
    handedIn.add(id)
    reporter(id)?.delivered(delivery)
    await say({ kind: 'delivery', delivery })
  }

  /** Whether its worker was paid; undefined while the escrow is open. */
  async function paidOf(escrow: Hex): Promise<boolean | undefined> {
    const { state, until } = await chain.escrows.escrow(escrow)
    if (state === 'released') return true
    if (state === 'refunded' || state === 'burnt') return false
    if (state !== 'delivered' || until > now()) return undefined
    try {
      await chain.escrows.settle(escrow)
      return true
    } catch (error) {
      // Its builder has decided meanwhile, or the chain's clock is behind: it is looked at again.
      if (refusedWith(error, 'StillDeciding', 'WrongState')) return undefined
      throw error
    }
  }

  async function look(id: Hex): Promise<void> {
    const at = assignments.get(id)
    if (at?.state !== 'delivered') return
    const paid = await paidOf(at.escrow)
    if (paid === undefined || assignments.get(id)?.state !== 'delivered') return
    await keep(id, close(at, paid))
    handedIn.delete(id)
    await end(id, at)
  }

  return {
    async take(escrow) {
      const { state } = await chain.escrows.escrow(escrow)
      if (state === 'funded') await chain.escrows.take(escrow)
    },
    handIn,
    isIn: id => handedIn.has(id),
    look,
    round() {
      rounds++
      for (const [id, { state, award }] of assignments) {
        if (state !== 'delivered' || busy.has(id)) continue
        // After its deadline an escrow takes no delivery: then only its end can be waited for.
        const isNew = !handedIn.has(id) && award.statement.message.deadline > now()
        if (!isNew && rounds % lookEvery !== 0) continue
        busy.add(id)
        const step = isNew ? handIn(id) : look(id)
        step
          .catch(async (error: unknown) => {
            log.info('a delivery waits for its escrow', { award: id, error })
            await look(id)
          })
          .catch((error: unknown) => {
            log.info('the escrow of a delivery could not be looked at', { award: id, error })
          })
          .finally(() => busy.delete(id))
      }
    }
  }
}
