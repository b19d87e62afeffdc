import { encodeAbiParameters, keccak256 } from 'viem'
import type { Address, Hex } from '../primitives/index.ts'

/** What an escrow is for. `attempt` tells a re-award of the same lot to the same worker from the first; from 0. */
export interface EscrowKey {
  readonly builder: Address
  readonly job: Hex
  readonly lot: Hex
  readonly worker: Address
  readonly attempt: number
}

/** JobEscrow.idOf: the builder is part of it, so nobody can occupy the escrow of somebody else's award. */
export function escrowId({ builder, job, lot, worker, attempt }: EscrowKey): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'bytes32' }, { type: 'bytes32' }, { type: 'address' }, { type: 'uint32' }],
      [builder, job, lot, worker, attempt]
    )
  )
}

/** What JobEscrow keeps of a delivery: where it is, and the hash of its content. */
export const deliveryHash = ({ cid, log }: { readonly cid: string; readonly log: Hex }): Hex =>
  keccak256(encodeAbiParameters([{ type: 'string' }, { type: 'bytes32' }], [cid, log]))

/** Basis points, sum 10000. `data` goes to the pool of the model's Datanet; 0 where there is none. */
export interface Split {
  readonly worker: number
  readonly builder: number
  readonly data: number
}

/**
 * A model as it is registered. `adapter`, `result` are '' and `datanet`, `job` zero hashes (version 0) for a base model
 * served as it is.
 */
export interface Registration {
  readonly name: string
  readonly base: string
  readonly adapter: string
  readonly result: string
  /** An SPDX identifier; none is ''. */
  readonly licence?: string | undefined
  readonly datanet: Hex
  readonly version: number
  readonly job: Hex
  readonly worker: Address
  readonly split: Split
}

const registrationFields = [
  { name: 'name', type: 'string' },
  { name: 'base', type: 'string' },
  { name: 'adapter', type: 'string' },
  { name: 'result', type: 'string' },
  { name: 'licence', type: 'string' },
  { name: 'datanet', type: 'bytes32' },
  { name: 'version', type: 'uint32' },
  { name: 'job', type: 'bytes32' },
  { name: 'worker', type: 'address' },
  { name: 'workerBps', type: 'uint16' },
  { name: 'builderBps', type: 'uint16' },
  { name: 'dataBps', type: 'uint16' }
] as const

/** A registration as the contract's struct has it. */
export function registrationStruct({ split, licence = '', ...rest }: Registration) {
  return { ...rest, licence, workerBps: split.worker, builderBps: split.builder, dataBps: split.data }
}

/** ModelRegistry.idOf: the same registration by the same builder has one id. */
export function modelId(builder: Address, registration: Registration): Hex {
  return keccak256(
    encodeAbiParameters(
      [{ type: 'address' }, { type: 'tuple', components: registrationFields }],
      [builder, registrationStruct(registration)]
    )
  )
}
