import { attributionAnchorAbi } from '../../../protocol/contracts/index.ts'
import { createChallenges } from './challenges.ts'
import { createRounds } from './rounds.ts'
import type { Connection } from '../connection/index.ts'
import { eventOf, lower, mined } from '../connection/index.ts'
import type { Addresses } from '../addresses.ts'
import type { EpochState, Payouts } from './payouts-types.ts'

/** In the contract's order of `AttributionAnchor.State`. */
const states: readonly EpochState[] = ['none', 'pending', 'final', 'voided']

export function createPayouts(connection: Connection, addresses: Addresses): Payouts {
  const { anchor, token } = addresses
  const at = { address: anchor, abi: attributionAnchorAbi } as const
  const number = (functionName: 'bond' | 'minStake' | 'challengeWindow'): Promise<bigint> =>
    connection.read({ ...at, what: 'settlement rules', functionName, args: [] })
  const rules: Payouts['rules'] = async () => {
    const [bond, minStake, challengeWindow] = await Promise.all([
      number('bond'),
      number('minStake'),
      number('challengeWindow')
    ])
    return { bond, minStake, challengeWindow }
  }
  return {
    pool: async pool => connection.read({ ...at, what: `pool ${pool}`, functionName: 'poolOf', args: [pool] }),
    async epoch(pool, epoch) {
      const {
        state,
        proposer,
        roster: _roster,
        proposedIn: _block,
        bond: _bond,
        ...rest
      } = await connection.read({
        ...at,
        what: `epoch ${epoch} of ${pool}`,
        functionName: 'epochOf',
        args: [pool, epoch]
      })
      return { state: states[state] ?? 'none', proposer: lower(proposer), ...rest }
    },
    claimed: (pool, account) =>
      connection.read({ ...at, what: `claims of ${account}`, functionName: 'claimedBy', args: [pool, account] }),
    rules,
    bondFor: (pool, payoutsTotal) =>
      connection.read({ ...at, what: 'settlement rules', functionName: 'bondFor', args: [pool, payoutsTotal] }),
    async deposit(pool, amount) {
      await connection.allow(token, anchor, amount)
      return mined(
        await connection.write({
          ...at,
          what: `deposit into pool ${pool}`,
          functionName: 'deposit',
          args: [pool, amount]
        })
      )
    },
    async propose(epoch) {
      await connection.allow(token, anchor, await this.bondFor(epoch.pool, epoch.payoutsTotal))
      const receipt = await connection.write({
        ...at,
        what: `proposing epoch ${epoch.epoch} of ${epoch.pool}`,
        functionName: 'propose',
        args: [epoch]
      })
      return { ...mined(receipt), challengeEnds: eventOf(receipt, attributionAnchorAbi, 'EpochProposed').challengeEnds }
    },
    finalize: async (pool, epoch) =>
      mined(
        await connection.write({
          ...at,
          what: `finalising epoch ${epoch} of ${pool}`,
          functionName: 'finalize',
          args: [pool, epoch]
        })
      ),
    async claim(pool, account, cumulative, proof) {
      const receipt = await connection.write({
        ...at,
        what: `claim of ${account}`,
        functionName: 'claim',
        args: [pool, account, cumulative, proof]
      })
      return { ...mined(receipt), paid: eventOf(receipt, attributionAnchorAbi, 'PayoutClaimed').amount }
    },
    async settleBond(pool, epoch, { receiptsRoot, receiptsTotal, receiptCount, payoutsRoot, payoutsTotal }) {
      const content = await connection.read({
        ...at,
        what: `bond of epoch ${epoch} of ${pool}`,
        functionName: 'contentOf',
        args: [receiptsRoot, receiptsTotal, receiptCount, payoutsRoot, payoutsTotal]
      })
      const receipt = await connection.write({
        ...at,
        what: `bond of epoch ${epoch} of ${pool}`,
        functionName: 'settleBond',
        args: [pool, epoch, content]
      })
      const { returned, burnt } = eventOf(receipt, attributionAnchorAbi, 'BondSettled')
      return { ...mined(receipt), returned, burnt }
    },
    ...createRounds(connection, addresses),
    ...createChallenges(connection, addresses)
  }
}
