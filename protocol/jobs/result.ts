import { z } from 'zod'
import { digest } from '../crypto/digest.ts'
import { requireSigner } from '../crypto/sign.ts'
import type { Network } from '../crypto/statements.ts'
import { contentHash } from '../primitives/canonical.ts'
import { InvalidError } from '../primitives/errors.ts'
import type { ErrorCode } from '../primitives/errors.ts'
import type { Address, Hex } from '../primitives/hex.ts'
import { decodeFrame } from '../wire/index.ts'
import { checkDelivery, checkDeliveryContent } from './checks.ts'
import { coalitionsOf } from './coalitions.ts'
import { jobResult } from './types.ts'
import type { DeliveryContent, JobResult, Lot } from './types.ts'

// What a model's siblings are admitted by: the builder's signed job, the chain's draw, and for each adapter the award
// and the delivery of whoever trained it. None of it is anybody's bare word.

const reject = (code: ErrorCode, message: string, help?: string): never => {
  throw new InvalidError(code, message, help === undefined ? {} : { help })
}

/** A result as a version made it that drew coalitions by the job's own hash. */
const oldResult = z.strictObject({
  job: jobResult.shape.job,
  spec: jobResult.shape.spec,
  players: jobResult.shape.players,
  coalitions: jobResult.shape.coalitions,
  adapters: jobResult.shape.adapters
})

/**
 * A result by its bytes.
 * @throws InvalidError `result.old` by name, where it is one of an older version; `frame.*`
 */
export function decodeResult(bytes: Uint8Array, maxBytes: number): JobResult {
  try {
    return decodeFrame(bytes, jobResult, maxBytes)
  } catch (error) {
    if (!isOld(bytes, maxBytes)) throw error
    throw new InvalidError(
      'result.old',
      "the result's coalitions were drawn by its job's own hash, which can be ground",
      {
        cause: error,
        help: 'Tune the version again: its siblings are then drawn by the chain, and what they are owed can be paid.'
      }
    )
  }
}
function isOld(bytes: Uint8Array, maxBytes: number): boolean {
  try {
    decodeFrame(bytes, oldResult, maxBytes)
    return true
  } catch {
    return false // it is no older one either
  }
}

/** @throws InvalidError `result.*`, `signature.mismatch`, `delivery.*`: what a result says of itself */
export function checkResultPapers(result: JobResult, network: Network): void {
  const { job, statement, spec, coalitions, adapters, players } = result
  const { builder } = statement.message
  // [reject] The job is what its builder signed: base, Datanet, version, settings.
  requireSigner(network, statement, builder)
  if (digest(network, 'TuneJob', statement.message) !== job || contentHash(spec) !== statement.message.spec)
    reject('result.statement', "the result's job is not what its builder has signed")
  // [reject] Coalitions are those of the draw it names.
  if (coalitionsOf(result.draw, players.length, spec.coalitions).map(String).join() !== coalitions.join())
    reject('result.coalitions', 'the result has other coalitions than its draw gives')
  // [reject] Every coalition has its adapter; only the empty one, the first, has none.
  if (adapters.length !== coalitions.length || adapters.some((adapter, i) => (adapter === null) !== (i === 0)))
    reject('result.adapters', 'a coalition has no adapter, or the empty one has')
  // [reject] No adapter stands for two coalitions: other rows make other bytes.
  if (new Set(adapters).size !== adapters.length) reject('result.same', 'one adapter stands for several coalitions')
  // [reject] Each adapter is of one award of this job, signed by its builder, and of its worker's delivery.
  const trained: number[] = []
  for (const { award, delivery } of result.lots) {
    const { message } = award.statement
    requireSigner(network, award.statement, builder)
    if (message.job !== job || contentHash(award.lot) !== message.lot)
      reject('result.award', 'an award is for another job, or for another lot')
    // [reject] Nobody hires himself.
    if (message.worker === builder) reject('result.self', 'the builder trained its own job')
    checkDelivery(delivery, award, { network, now: 0n })
    trained.push(...indicesOf(award.lot, coalitions.length))
  }
  const once = trained.toSorted((a, b) => a - b)
  if (once.length !== coalitions.length - 1 || once.some((index, i) => index !== i + 1))
    reject('result.lots', 'an adapter was trained by nobody, or by two')
}

/** Where a lot's adapters stand among the coalitions. */
const indicesOf = (lot: Lot, coalitions: number): readonly number[] =>
  lot.kind === 'adapter' ? [coalitions - 1] : lot.coalitions

/**
 * [reject] What a worker delivered is what stands in the result.
 * @throws InvalidError `result.delivered`, `delivery.*`
 */
export function checkDelivered(
  { adapters, coalitions }: JobResult,
  { award, delivery }: JobResult['lots'][number],
  content: DeliveryContent
): void {
  checkDeliveryContent(content, delivery.message, award.lot)
  if (indicesOf(award.lot, coalitions.length).some((index, i) => adapters[index] !== content.adapters[i]))
    reject('result.delivered', 'the result has another adapter than was delivered')
}

/** @throws InvalidError `result.draw`, `result.players`: what chain and Datanet say of it */
export function checkResultDraw(
  result: Pick<JobResult, 'draw' | 'players'>,
  { draw, players }: { readonly draw: Hex; readonly players: readonly Address[] }
): void {
  // [reject] The draw is the chain's for this version: nobody has picked it.
  if (result.draw !== draw) reject('result.draw', 'the result was not drawn by the chain')
  // [reject] The players are the version's contributors: nobody is left out, nobody is added.
  if (result.players.join() !== players.join())
    reject('result.players', 'the result names other players than the version has contributors')
}
