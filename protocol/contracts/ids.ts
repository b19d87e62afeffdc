import { encodeAbiParameters, keccak256 } from 'viem'
import { keccak, zeroHash } from '../primitives/index.ts'
import type { Address, Hex, Split } from '../primitives/index.ts'

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

/** What says which rules were put forward, and after which. */
export interface AmendmentKey {
  readonly datanet: Hex
  readonly number: number
  readonly roster: number
  /** Hash of the text of those before. */
  readonly follows: Hex
  readonly text: string
}

/** Of DatanetRegistry.proposeRules: it stands for the bytes of the text, of which a text that is read may tell less. */
export const amendmentId = ({ datanet, number, roster, follows, text }: AmendmentKey): Hex =>
  keccak256(
    encodeAbiParameters(
      [{ type: 'bytes32' }, { type: 'uint32' }, { type: 'uint32' }, { type: 'bytes32' }, { type: 'bytes32' }],
      [datanet, number, roster, follows, keccak(text)]
    )
  )

/** What JobEscrow keeps of a delivery: where it is, and the hash of its content. */
export const deliveryHash = ({ cid, log }: { readonly cid: string; readonly log: Hex }): Hex =>
  keccak256(encodeAbiParameters([{ type: 'string' }, { type: 'bytes32' }], [cid, log]))

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
  /** The registered model that it was grown from and passes a part of its fees to; none is left away. */
  readonly upstream?: Hex | undefined
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
  { name: 'dataBps', type: 'uint16' },
  { name: 'upstreamBps', type: 'uint16' },
  { name: 'upstream', type: 'bytes32' }
] as const

/** A registration as the contract's struct has it. */
export function registrationStruct({ split, licence = '', upstream = zeroHash, ...rest }: Registration) {
  const { worker: workerBps, builder: builderBps, data: dataBps, upstream: upstreamBps = 0 } = split
  return { ...rest, licence, workerBps, builderBps, dataBps, upstreamBps, upstream }
}

/** What of the contract's struct says how fees are divided, as this project writes it. */
export interface StructShares {
  readonly workerBps: number
  readonly builderBps: number
  readonly dataBps: number
  readonly upstreamBps: number
  readonly upstream: Hex
}

/** The other way round: what is none on chain is left away. */
export function withoutStruct<T extends StructShares>({
  workerBps,
  builderBps,
  dataBps,
  upstreamBps,
  upstream,
  ...rest
}: T): Omit<T, keyof StructShares> & Pick<Registration, 'split' | 'upstream'> {
  const split = { worker: workerBps, builder: builderBps, data: dataBps }
  if (upstream === zeroHash) return { ...rest, split }
  return { ...rest, split: { ...split, upstream: upstreamBps }, upstream }
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

/** TrainingAudits.idOf: one audit for a job of a builder, whatever registrations name it. */
export const auditId = (builder: Address, job: Hex): Hex =>
  keccak256(encodeAbiParameters([{ type: 'address' }, { type: 'bytes32' }], [builder, job]))
