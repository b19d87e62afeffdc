import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { escrowId, jobEscrowAbi, type EscrowKey } from '../../../protocol/contracts/index.ts'
import type { Connection } from '../connection/index.ts'
import { eventOf, lower, mined } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

export type EscrowState = 'none' | 'funded' | 'released' | 'refunded'

export interface EscrowOnChain {
  readonly state: EscrowState
  readonly builder: Address
  readonly worker: Address
  readonly amount: bigint
  readonly deadline: bigint
}

export interface Escrows {
  escrow(id: Hex): Promise<EscrowOnChain>
  /**
   * keccak256(abi.encode(builder, job, lot, worker, attempt)): the builder is in it so that nobody can occupy
   * another's. Pure.
   */
  idOf(key: EscrowKey): Hex
  /** This account is the builder. */
  fund(key: Omit<EscrowKey, 'builder'>, amount: bigint, deadline: bigint): Promise<Mined & { escrow: Hex }>
  /** Builder: pays `amount` to the worker's payout address, the rest goes back to the builder. */
  release(escrow: Hex, amount: bigint): Promise<Mined>
  /** Anyone, with the builder's signature over `Release`. */
  releaseFor(statement: { escrow: Hex; worker: Address; amount: bigint }, signature: Hex): Promise<Mined>
  /** Builder after the deadline, or the worker at any time. */
  refund(escrow: Hex): Promise<Mined>
  /** Builder, at once, with the worker's signature over `Release` with amount 0. */
  refundWithConsent(escrow: Hex, workerSignature: Hex): Promise<Mined>
}

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
