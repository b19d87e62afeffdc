import { zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { nodeRegistryAbi } from '../../../protocol/contracts/index.ts'
import type { Connection } from '../connection/index.ts'
import { lower, mined } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

export interface Nodes {
  /** Whether anybody but this node could be drawn of a pool's scorers now: who sits, and has the least stake still. */
  hasOthersToDraw(pool: Hex, self: Address): Promise<boolean>
  /** Where a node's earnings go: the address it set, else its own. */
  payoutOf(node: Address): Promise<Address>
  stakeOf(node: Address): Promise<bigint>
  /** What of the stake stands behind epochs that are not decided yet; it cannot be asked back meanwhile. */
  lockedOf(node: Address): Promise<bigint>
  /** What is on its way out of the stake, and from when it can be withdrawn (0 when nothing is). */
  unbondingOf(node: Address): Promise<{ amount: bigint; availableAt: bigint }>
  setPayout(payout: Address): Promise<Mined>
  /** Adds to this account's stake (approves the token first when needed). */
  stake(amount: bigint): Promise<Mined>
  requestUnbond(amount: bigint): Promise<Mined>
  withdraw(): Promise<Mined>
}

export function createNodes(connection: Connection, { registry, token }: Addresses): Nodes {
  const at = { address: registry, abi: nodeRegistryAbi } as const
  return {
    async hasOthersToDraw(pool, self) {
      const what = `who could be drawn in ${pool}`
      const args = [pool, zeroHash, 2n ** 64n, 1n, self] as const
      return (await connection.read({ ...at, what, functionName: 'drawn', args })).length > 0
    },
    payoutOf: async node =>
      lower(
        await connection.read({ ...at, what: `payout address of ${node}`, functionName: 'payoutOf', args: [node] })
      ),
    stakeOf: node => connection.read({ ...at, what: `stake of ${node}`, functionName: 'stakeOf', args: [node] }),
    lockedOf: node => connection.read({ ...at, what: `stake of ${node}`, functionName: 'lockedOf', args: [node] }),
    async unbondingOf(node) {
      const [amount, availableAt] = await connection.read({
        ...at,
        what: `unbonding of ${node}`,
        functionName: 'unbondingOf',
        args: [node]
      })
      return { amount, availableAt }
    },
    setPayout: async payout =>
      mined(
        await connection.write({ ...at, what: 'setting the payout address', functionName: 'setPayout', args: [payout] })
      ),
    async stake(amount) {
      await connection.allow(token, registry, amount)
      return mined(await connection.write({ ...at, what: 'staking', functionName: 'stake', args: [amount] }))
    },
    requestUnbond: async amount =>
      mined(await connection.write({ ...at, what: 'unbonding', functionName: 'requestUnbond', args: [amount] })),
    withdraw: async () =>
      mined(await connection.write({ ...at, what: 'withdrawing stake', functionName: 'withdraw', args: [] }))
  }
}
