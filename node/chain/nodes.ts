import { nodeRegistryAbi } from '../../protocol/contracts/index.ts'
import type { Connection } from './connection.ts'
import { lower, mined } from './connection.ts'
import type { Addresses, Nodes } from './types.ts'

export function createNodes(connection: Connection, { registry, token }: Addresses): Nodes {
  const at = { address: registry, abi: nodeRegistryAbi } as const
  return {
    payoutOf: async node =>
      lower(
        await connection.read({ ...at, what: `payout address of ${node}`, functionName: 'payoutOf', args: [node] })
      ),
    stakeOf: node => connection.read({ ...at, what: `stake of ${node}`, functionName: 'stakeOf', args: [node] }),
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
