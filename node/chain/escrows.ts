import { escrowId, jobEscrowAbi } from '../../protocol/contracts/index.ts'
import type { Connection } from './connection.ts'
import { eventOf, lower, mined } from './connection.ts'
import type { Addresses, Escrows, EscrowState } from './types.ts'

/** In the contract's order of `JobEscrow.State`. */
const states: readonly EscrowState[] = ['none', 'funded', 'released', 'refunded']

export function createEscrows(connection: Connection, { escrow, token }: Addresses): Escrows {
  const at = { address: escrow, abi: jobEscrowAbi } as const
  return {
    async escrow(id) {
      const { builder, deadline, state, worker, amount } = await connection.read({
        ...at,
        what: `escrow ${id}`,
        functionName: 'escrowOf',
        args: [id]
      })
      return { state: states[state] ?? 'none', builder: lower(builder), worker: lower(worker), amount, deadline }
    },
    idOf: escrowId,
    async fund({ job, lot, worker, attempt }, amount, deadline) {
      await connection.allow(token, escrow, amount)
      const receipt = await connection.write({
        ...at,
        what: `escrow for ${worker}`,
        functionName: 'fund',
        args: [job, lot, worker, attempt, amount, deadline]
      })
      return { ...mined(receipt), escrow: eventOf(receipt, jobEscrowAbi, 'EscrowFunded').escrow }
    },
    release: async (id, amount) =>
      mined(
        await connection.write({ ...at, what: `release of escrow ${id}`, functionName: 'release', args: [id, amount] })
      ),
    releaseFor: async (statement, signature) =>
      mined(
        await connection.write({
          ...at,
          what: `release of escrow ${statement.escrow}`,
          functionName: 'releaseFor',
          args: [statement, signature]
        })
      ),
    refund: async id =>
      mined(await connection.write({ ...at, what: `refund of escrow ${id}`, functionName: 'refund', args: [id] })),
    refundWithConsent: async (id, workerSignature) =>
      mined(
        await connection.write({
          ...at,
          what: `refund of escrow ${id}`,
          functionName: 'refundWithConsent',
          args: [id, workerSignature]
        })
      )
  }
}
