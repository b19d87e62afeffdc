import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { escrowId, jobEscrowAbi, type EscrowKey } from '../../../protocol/contracts/index.ts'
import type { Connection } from '../connection/index.ts'
import { eventOf, lower, mined } from '../connection/index.ts'
import type { Addresses, Mined } from '../addresses.ts'

export type EscrowState = 'none' | 'funded' | 'taken' | 'delivered' | 'refused' | 'released' | 'refunded' | 'burnt'

export interface EscrowOnChain {
  readonly state: EscrowState
  readonly builder: Address
  readonly worker: Address
  readonly amount: bigint
  readonly deadline: bigint
  /** When the builder's time to decide is over, or what it has refused may be burnt; chain seconds. */
  readonly until: bigint
  /** What the worker answers with. */
  readonly deposit: bigint
  /** Of what was delivered (`deliveryHash`); zero before. */
  readonly delivery: Hex
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
  /** What a worker has to put in with its award: one in so many of its price. Pure. */
  depositOf(price: bigint): bigint
  /** Worker: takes the award and puts in its deposit. */
  take(escrow: Hex): Promise<Mined>
  /** Worker: what it has made and where it is, before anybody fetches it. */
  deliver(escrow: Hex, delivery: { readonly cid: string; readonly log: Hex }): Promise<Mined>
  /** Builder: pays the price to the worker's payout address; the deposit goes back to the worker. */
  release(escrow: Hex): Promise<Mined>
  /** Anyone, once the builder's time to decide about a delivery is over: the worker is paid. */
  settle(escrow: Hex): Promise<Mined>
  /** Builder: it will not pay for what was delivered; nobody gets the price until one of the two gives way. */
  refuse(escrow: Hex): Promise<Mined>
  /** Anyone, with the builder's signature over `Release`; for less than the price the worker alone. */
  releaseFor(statement: { escrow: Hex; worker: Address; amount: bigint }, signature: Hex): Promise<Mined>
  /**
   * Builder while nobody has taken it, or after the deadline while nothing is delivered; the worker at any time, at the
   * cost of its deposit unless it has delivered.
   */
  refund(escrow: Hex): Promise<Mined>
  /** Builder, at once while nothing is delivered, with the worker's signature over `Release` with amount 0. */
  refundWithConsent(escrow: Hex, workerSignature: Hex): Promise<Mined>
}

/** In the contract's order of `JobEscrow.State`. */
const states: readonly EscrowState[] = [
  'none',
  'funded',
  'taken',
  'delivered',
  'refused',
  'released',
  'refunded',
  'burnt'
]
/** The contract's DEPOSIT_PART. */
const depositPart = 10n

export function createEscrows(connection: Connection, { escrow, token }: Addresses): Escrows {
  const at = { address: escrow, abi: jobEscrowAbi } as const
  return {
    async escrow(id) {
      const { builder, deadline, state, worker, amount, until, deposit, delivery } = await connection.read({
        ...at,
        what: `escrow ${id}`,
        functionName: 'escrowOf',
        args: [id]
      })
      return {
        state: states[state] ?? 'none',
        builder: lower(builder),
        worker: lower(worker),
        amount,
        deadline,
        until,
        deposit,
        delivery
      }
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
    depositOf: price => price / depositPart,
    async take(id) {
      const { amount } = await connection.read({
        ...at,
        what: `escrow ${id}`,
        functionName: 'escrowOf',
        args: [id]
      })
      await connection.allow(token, escrow, amount / depositPart)
      return mined(
        await connection.write({ ...at, what: `deposit for escrow ${id}`, functionName: 'take', args: [id] })
      )
    },
    deliver: async (id, { cid, log }) =>
      mined(
        await connection.write({
          ...at,
          what: `delivery for escrow ${id}`,
          functionName: 'deliver',
          args: [id, cid, log]
        })
      ),
    release: async id =>
      mined(await connection.write({ ...at, what: `release of escrow ${id}`, functionName: 'release', args: [id] })),
    settle: async id =>
      mined(await connection.write({ ...at, what: `pay of escrow ${id}`, functionName: 'settle', args: [id] })),
    refuse: async id =>
      mined(await connection.write({ ...at, what: `refusal of escrow ${id}`, functionName: 'refuse', args: [id] })),
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
