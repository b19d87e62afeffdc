import assert from 'node:assert/strict'
import fc from 'fast-check'
import { addressOfKey, digest, signStatement } from '../../../protocol/crypto/index.ts'
import {
  checkDelivered,
  checkResultDraw,
  checkResultPapers,
  coalitionsOf,
  decodeResult
} from '../../../protocol/jobs/index.ts'
import type { DeliveryContent, JobResult, Lot, TuneSpec } from '../../../protocol/jobs/index.ts'
import { canonicalJson, contentHash, keccak } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { network, spec as specOf } from './documents.ts'

// What a model's siblings are admitted by, and every way in which it can be something else.

const keyOf = (name: string): Uint8Array => Uint8Array.from(Buffer.from(keccak(name).slice(2), 'hex'))
const [builder, first, second] = ['builder', 'first', 'second'].map(name => {
  const key = keyOf(name)
  return { key, address: addressOfKey(key) }
}) as [Party, Party, Party]
interface Party {
  readonly key: Uint8Array
  readonly address: Hex
}
const letters = 'abcdefghijklmnopqrstuvwxyz234567'
const cidOf = (n: number): string =>
  `bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s5${letters[n % 32]}${letters[Math.floor(n / 32)]}`
const draw = keccak('a block')
const log = { steps: 0, seconds: 1, tokens: 1, loss: [] }

function made({
  players = 3,
  count = 8,
  by = builder,
  trainers = [first, second]
}: { players?: number; count?: number; by?: Party; trainers?: readonly Party[] } = {}) {
  const spec: TuneSpec = { ...specOf, coalitions: count }
  const message = { builder: by.address, spec: contentHash(spec), budget: 1n, createdAt: 1n, deadline: 100n }
  const job = digest(network, 'TuneJob', message)
  const coalitions = coalitionsOf(draw, players, count)
  const adapters = coalitions.map((_, i) => (i === 0 ? null : cidOf(i)))
  const siblings = coalitions.slice(1, -1).map((_, i) => i + 1)
  const planned: [Lot, Party][] = [[{ kind: 'adapter' }, trainers[0] ?? first]]
  trainers.forEach((trainer, at) => {
    const own = siblings.filter(index => index % trainers.length === at)
    if (own.length > 0) planned.push([{ kind: 'siblings', coalitions: own }, trainer])
  })
  const contents: DeliveryContent[] = []
  const lots = planned.map(([lot, trainer]) => {
    const key = { job, lot: contentHash(lot), worker: trainer.address }
    const trained = (lot.kind === 'adapter' ? [coalitions.length - 1] : lot.coalitions).map(i => adapters[i] ?? '')
    const content = { adapters: trained, logs: trained.map(() => log) }
    contents.push(content)
    const award = signStatement(network, 'Award', { ...key, attempt: 0, price: 1n, deadline: 100n }, by.key)
    const delivered = { ...key, cid: cidOf(40), log: contentHash(content) }
    return { award: { statement: award, lot }, delivery: signStatement(network, 'Delivery', delivered, trainer.key) }
  })
  const result: JobResult = {
    job,
    statement: signStatement(network, 'TuneJob', message, by.key),
    spec,
    draw,
    players: Array.from({ length: players }, (_, i) => addressOfKey(keyOf(`player ${i}`))),
    coalitions: coalitions.map(String),
    adapters,
    lots
  }
  return { result, contents }
}
const refused = (result: JobResult, code: string): void => {
  assert.throws(() => checkResultPapers(result, network), { code })
}

describe("a job's result", () => {
  it('passes as it was made, for any number of players and siblings', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 10, max: 40 }), (players, count) => {
        const { result, contents } = made({ players, count })
        checkResultPapers(result, network)
        result.lots.forEach((lot, i) => {
          checkDelivered(result, lot, contents[i]!)
        })
        assert.deepEqual(decodeResult(new TextEncoder().encode(canonicalJson(result)), 1 << 20), result)
      }),
      { numRuns: 15 }
    )
  })

  it('is of a job that its builder has signed, with these settings', () => {
    const { result } = made()
    refused({ ...result, job: keccak('a job that never was') }, 'result.statement')
    refused({ ...result, spec: { ...result.spec, base: cidOf(41) } }, 'result.statement')
    refused({ ...result, statement: made({ by: first }).result.statement }, 'result.statement')
    const forged = { ...result.statement, signature: made({ by: first }).result.statement.signature }
    refused({ ...result, statement: forged }, 'signature.mismatch')
  })

  it('has the coalitions of its draw, and the draw is the chain’s whatever the builder asks for', () => {
    const { result } = made({ players: 9, count: 14 })
    const others = coalitionsOf(keccak('another block'), 9, 14).map(String)
    refused({ ...result, coalitions: others }, 'result.coalitions')
    const facts = { draw, players: result.players }
    checkResultDraw(result, facts)
    assert.throws(() => checkResultDraw({ ...result, draw: keccak('ground') }, facts), { code: 'result.draw' })
    assert.throws(() => checkResultDraw({ ...result, players: result.players.slice(1) }, facts), {
      code: 'result.players'
    })
    // Two hundred budgets are two hundred jobs, and one draw.
    assert.deepEqual(
      made({ players: 9, count: 14, by: second, trainers: [first] }).result.coalitions,
      result.coalitions
    )
  })

  it('has one adapter for each coalition, and no two are the same bytes', () => {
    const { result } = made()
    refused({ ...result, adapters: result.adapters.slice(0, -1) }, 'result.adapters')
    refused({ ...result, adapters: result.adapters.with(0, cidOf(42)) }, 'result.adapters')
    refused({ ...result, adapters: result.adapters.with(3, null) }, 'result.adapters')
    refused({ ...result, adapters: result.adapters.with(3, result.adapters[2]!) }, 'result.same')
    refused({ ...result, adapters: result.adapters.map((cid, i) => (i === 0 ? cid : cidOf(1))) }, 'result.same')
  })

  it('was trained by somebody else than its builder, each adapter once, as it was signed for', () => {
    const { result, contents } = made()
    refused(made({ trainers: [builder] }).result, 'result.self')
    refused({ ...result, lots: result.lots.slice(1) }, 'result.lots')
    refused({ ...result, lots: [...result.lots, result.lots[0]!] }, 'result.lots')
    const [lot] = result.lots
    const foreign = made({ count: 9 }).result.lots[0]!
    refused({ ...result, lots: [foreign, ...result.lots.slice(1)] }, 'result.award')
    refused(
      { ...result, lots: [{ ...lot!, delivery: result.lots[1]!.delivery }, ...result.lots.slice(1)] },
      'delivery.lot'
    )
    const other = { ...contents[1]!, adapters: contents[1]!.adapters.with(0, cidOf(43)) }
    assert.throws(() => checkDelivered(result, result.lots[1]!, other), { code: 'delivery.log' })
    const swapped = { ...result, adapters: result.adapters.with(2, cidOf(44)) }
    checkResultPapers(swapped, network)
    assert.throws(() => result.lots.forEach((one, i) => checkDelivered(swapped, one, contents[i]!)), {
      code: 'result.delivered'
    })
  })

  it('of an older version, drawn by its job’s hash, is refused by name; what is none at all is not', () => {
    const { job, spec, players, coalitions, adapters } = made().result
    const old = new TextEncoder().encode(canonicalJson({ job, spec, players, coalitions, adapters }))
    assert.throws(() => decodeResult(old, 1 << 20), { code: 'result.old' })
    assert.throws(
      () => decodeResult(new TextEncoder().encode('{}'), 1 << 20),
      (error: unknown) => {
        assert.ok(error instanceof Error && 'code' in error)
        return error.code !== 'result.old'
      }
    )
  })
})
