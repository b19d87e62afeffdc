import assert from 'node:assert/strict'
import { createScorings, createScoringsExchange } from '../../../node/payouts/scorer/index.ts'
import { createLacking } from '../../../node/payouts/settler/lacking.ts'
import type { OpenRound } from '../../../node/payouts/rounds/index.ts'
import { createMetrics, silentLog } from '../../../node/runtime/index.ts'
import { signStatement } from '../../../protocol/crypto/index.ts'
import { attributionHash, attributionOf, pathIn, wordsTree } from '../../../protocol/payouts/index.ts'
import type { ScoringDocument } from '../../../protocol/payouts/index.ts'
import { keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { accountOf, keyOf, measure, measuredOf, model, network, pool, typical } from '../../protocol/payouts/world.ts'

// What is still to be said of a round, where scorers were absent, or an earlier draw came to nothing.

const ids = ['first', 'second', 'third'].map(name => keccak(name))
const scorers = ['ada', 'bob', 'cleo']
const [ada, bob, cleo] = scorers.map(accountOf) as [Address, Address, Address]
const attribution = attributionOf(measure, measuredOf(measure, typical))

/** One draw: by scorer the places of the answers that it weighs. */
function drawOf(seed: string, duties: Record<string, readonly number[]>, committed: readonly string[]) {
  const trees = new Map(
    Object.entries(duties).map(([name, own]) => {
      const said = own.map(at => ids[at] as Hex)
      return [name, wordsTree(accountOf(name), said, new Map(said.map(id => [id, attributionHash(attribution)])))]
    })
  )
  const open = {
    pool,
    epoch: 1,
    ids,
    places: new Map(ids.map((id, at) => [id, at])),
    assigned: {
      money: [],
      scorers: ids.map((_, at) => scorers.filter(name => duties[name]?.includes(at) === true).map(accountOf)),
      duties: new Map(Object.entries(duties).map(([name, own]) => [accountOf(name), own]))
    },
    round: {
      drawn: {
        seed: keccak(seed),
        panel: Object.keys(duties).map(accountOf),
        commitEnds: 10n,
        revealEnds: 20n,
        commitments: new Map(committed.map(name => [accountOf(name), trees.get(name)?.root.hash ?? zeroHash]))
      }
    }
  } as unknown as OpenRound
  const wordOf = (name: string, at: number): ScoringDocument => {
    const message = {
      receipt: ids[at] as Hex,
      scorer: accountOf(name),
      attribution: attributionHash(attribution)
    }
    const path = pathIn(trees.get(name)!, (duties[name] ?? []).indexOf(at))
    return { statement: signStatement(network, 'Scoring', message, keyOf(name)), attribution, path }
  }
  return { open, wordOf }
}

function scoringsOn(now: OpenRound) {
  const kept = new Map<Hex, ScoringDocument[]>()
  const reads: Hex[] = []
  const receipts = {
    get: async (id: Hex) => ({ id, pool, state: { name: 'unscored' }, receipt: { receipt: { message: { model } } } }),
    scorings: async (id: Hex) => {
      reads.push(id)
      return kept.get(id) ?? []
    },
    putScoring: async (id: Hex, document: ScoringDocument, { gone = [] }: { gone?: readonly Address[] }) => {
      const others = (kept.get(id) ?? []).filter(one => !gone.includes(one.statement.message.scorer))
      kept.set(id, [...others, document])
      return true
    }
  }
  const scorings = createScorings(
    { network, metrics: createMetrics() },
    receipts as unknown as Parameters<typeof createScorings>[1],
    { recent: async () => now },
    () => 15n
  )
  const put = (document: ScoringDocument): void => {
    const { receipt } = document.statement.message
    kept.set(receipt, [...(kept.get(receipt) ?? []), document])
  }
  return { scorings, kept, put, reads }
}

describe('words on a round', () => {
  const before = drawOf('a draw that came to nothing', { ada: [0, 1], bob: [0], cleo: [0] }, ['ada', 'bob', 'cleo'])
  const { open, wordOf } = drawOf('the draw', { ada: [0], bob: [0, 1] }, ['ada', 'bob'])

  it('are lacked until each who was drawn and has committed was heard on this draw', async () => {
    const { scorings, put } = scoringsOn(open)
    for (const name of scorers) put(before.wordOf(name, 0))
    assert.equal(await scorings.lacks(open, 0), true)
    assert.equal(await scorings.lacks(open, 2), false, 'nobody was drawn for it')
    assert.equal(await scorings.take(wordOf('bob', 0)), true)
    assert.equal(await scorings.lacks(open, 0), true)
    assert.equal(await scorings.take(wordOf('ada', 0)), true)
    assert.equal(await scorings.lacks(open, 0), false)
    assert.equal(await scorings.take(wordOf('ada', 0)), false)
  })

  it('are not waited for of who was absent, or could read nothing', async () => {
    const absent = drawOf('the draw', { ada: [0], bob: [0, 1], cleo: [1] }, ['ada', 'cleo'])
    const { scorings, put } = scoringsOn(absent.open)
    put(absent.wordOf('ada', 0))
    assert.deepEqual([await scorings.lacks(absent.open, 0), await scorings.lacks(absent.open, 1)], [false, true])
    const { commitments } = absent.open.round.drawn
    ;(commitments as Map<Address, Hex>).set(cleo, zeroHash)
    assert.equal(await scorings.lacks(absent.open, 1), false)
  })

  it('take the place of those that were said on a draw that came to nothing', async () => {
    const { scorings, put, kept } = scoringsOn(open)
    for (const name of scorers) put(before.wordOf(name, 0))
    await scorings.take(wordOf('bob', 0))
    assert.deepEqual(
      kept.get(ids[0]!)?.map(({ statement }) => statement.message.scorer),
      [bob]
    )
  })

  it('are looked for only where some are lacking, and anew where somebody commits late', async () => {
    const { scorings, put, reads } = scoringsOn(open)
    const lacking = createLacking(scorings)
    assert.deepEqual(await lacking.of(open), [ids[0], ids[1]])
    put(wordOf('bob', 1))
    assert.deepEqual(await lacking.of(open), [ids[0]])
    reads.length = 0
    assert.deepEqual(await lacking.of(open), [ids[0]])
    assert.deepEqual(reads, [ids[0]])
    const late = drawOf('the draw', { ada: [0], bob: [0, 1], cleo: [1] }, ['ada', 'bob', 'cleo'])
    assert.deepEqual(await lacking.of(late.open), [ids[0], ids[1]])
    assert.notEqual(ada, cleo)
  })

  it('are asked of peers for an answer on which a dead draw had said as many as there can be', async () => {
    const { scorings, put } = scoringsOn(open)
    for (const name of scorers) put(before.wordOf(name, 0))
    const asked: Hex[] = []
    const streams = {
      handle: () => async () => undefined,
      open: async () => ({
        send: async ({ receipts }: { receipts: Hex[] }) => void asked.push(...receipts),
        end: async () => undefined,
        async *receive() {
          yield { kind: 'scorings', scorings: [wordOf('ada', 0), wordOf('bob', 0)] }
        }
      })
    }
    const heard: ScoringDocument[] = []
    const exchange = createScoringsExchange(
      { streams, peers: { connected: () => [{ peerId: 'one' }] }, log: silentLog } as unknown as Parameters<
        typeof createScoringsExchange
      >[0],
      scorings,
      one => heard.push(one)
    )
    await exchange.collect([ids[0]!], id => scorings.lacks(open, open.places.get(id) ?? -1))
    assert.deepEqual([asked, heard.length, await scorings.lacks(open, 0)], [[ids[0]], 2, false])
  })
})
