import assert from 'node:assert/strict'
import fc from 'fast-check'
import { answer } from '../../../../node/payouts/receipts/exchange/serve.ts'
import { pull } from '../../../../node/payouts/receipts/exchange/pull.ts'
import type { Pulled } from '../../../../node/payouts/receipts/exchange/pull.ts'
import { createTree } from '../../../../node/payouts/receipts/exchange/tree.ts'
import { markOfIds, receiptsReply, receiptsRequest } from '../../../../protocol/payouts/index.ts'
import type { ReceiptsReply, ReceiptsRequest } from '../../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../../protocol/models/index.ts'
import { canonicalJson, InvalidError, keccak } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import { streamLimits } from '../../../../protocol/wire/index.ts'

const pool = keccak('pool')

/** One side: a set of ids, each the whole content of its receipt. */
function side(ids: Iterable<Hex>, { bound = 65_536, epoch = 0 }: { bound?: number; epoch?: number } = {}) {
  const set = new Set(ids)
  let sorted: Hex[] | undefined
  let reads = 0
  const tree = createTree(
    async (_, prefix, limit) => {
      reads++
      sorted ??= [...set].sort()
      const from = `0x${prefix}`
      let [low, high] = [0, sorted.length]
      while (low < high) {
        const middle = (low + high) >> 1
        if ((sorted[middle] ?? '') < from) low = middle + 1
        else high = middle
      }
      return sorted.slice(low, low + limit).filter(id => id.startsWith(from))
    },
    { bound }
  )
  const refused = new Set<Hex>()
  return {
    set,
    tree,
    refused,
    get reads() {
      return reads
    },
    epochOf: async () => epoch,
    receipt: async (_: Hex, id: Hex) => (set.has(id) ? ({ client: id } as CosignedReceipt) : undefined),
    known: async (id: Hex) => set.has(id) || refused.has(id),
    idOf: (receipt: CosignedReceipt) => receipt.client,
    async take(receipt: CosignedReceipt) {
      const fresh = !set.has(receipt.client)
      set.add(receipt.client)
      sorted = undefined
      tree.changed(pool, receipt.client)
      return fresh
    },
    refuse: (id: Hex) => refused.add(id)
  }
}
type Side = ReturnType<typeof side>

/** Asks as over the network, and counts what goes over it. */
function between(other: Side): { ask: (request: ReceiptsRequest) => Promise<ReceiptsReply>; bytes: number } {
  const wire = {
    bytes: 0,
    async ask(request: ReceiptsRequest): Promise<ReceiptsReply> {
      const asked = receiptsRequest.parse(JSON.parse(canonicalJson(request)))
      const reply = await answer(asked, other)
      const [there, back] = [canonicalJson(request).length, canonicalJson(reply).length]
      assert.ok(Math.max(there, back) <= streamLimits['/tilth/payouts/receipts/1'].maxBytes)
      if (reply.kind !== 'receipts') receiptsReply.parse(JSON.parse(canonicalJson(reply)))
      wire.bytes += there + back
      return reply
    }
  }
  return wire
}
const run = (own: Side, ask: (request: ReceiptsRequest) => Promise<ReceiptsReply>, epoch = 0): Promise<Pulled> =>
  pull(pool, epoch, { ...own, refused: id => own.refused.add(id) }, ask)

/** Ids that share digits with others, as chosen ones could. */
const ids = fc.uniqueArray(
  fc
    .tuple(fc.constantFrom('', '00', 'abc', 'abcdef01'), fc.nat(5000))
    .map(([start, n]): Hex => `0x${start}${keccak(String(n)).slice(2 + start.length)}`),
  { maxLength: 400 }
)

describe('the exchange of receipts', () => {
  it('brings any two sets together', async () => {
    await fc.assert(
      fc.asyncProperty(ids, ids, ids, async (shared, one, two) => {
        const [a, b] = [side([...shared, ...one]), side([...shared, ...two])]
        const union = new Set([...shared, ...one, ...two])
        assert.equal((await run(a, between(b).ask)).complete, true)
        assert.deepEqual(a.set, union)
        const { fresh } = await run(b, between(a).ask)
        assert.deepEqual(b.set, union)
        assert.equal(fresh, union.size - new Set([...shared, ...two]).size)
        assert.deepEqual(await a.tree.sum(pool, ''), await b.tree.sum(pool, ''))
      }),
      { numRuns: 60 }
    )
  })

  it('with 100,000 shared receipts and 50 differences moves little more than the differences', async () => {
    const shared = Array.from({ length: 100_000 }, (_, i) => keccak(`shared ${i}`))
    const extra = Array.from({ length: 50 }, (_, i) => keccak(`extra ${i}`))
    const [a, b] = [side(shared), side([...shared, ...extra])]
    const wire = between(b)
    const { fresh, complete } = await run(a, wire.ask)
    assert.deepEqual([fresh, complete], [50, true])
    assert.deepEqual(a.set, b.set)
    // All the ids would be 6.9 MB.
    assert.ok(wire.bytes < 400_000, `${wire.bytes} bytes`)
    // Once in step, a comparison is one frame; and what changes is all that is read again.
    const again = between(b)
    const before = b.reads
    assert.equal((await run(a, again.ask)).fresh, 0)
    assert.ok(again.bytes < 2000, `${again.bytes} bytes`)
    assert.ok(b.reads - before <= 1)
    await b.take({ client: keccak('one more') } as CosignedReceipt)
    const [mine, theirs] = [a.reads, b.reads]
    assert.equal((await run(a, between(b).ask)).fresh, 1)
    assert.ok(a.reads - mine + (b.reads - theirs) < 200)
  })

  it('of 40,000 missing receipts takes so many at a time, and all in the end', async () => {
    const all = Array.from({ length: 40_000 }, (_, i) => keccak(`missing ${i}`))
    const [a, b] = [side([]), side(all)]
    const rounds: Pulled[] = []
    do rounds.push(await run(a, between(b).ask))
    while (!(rounds.at(-1)?.complete ?? true) && rounds.length < 10)
    assert.equal(a.set.size, all.length)
    assert.deepEqual(rounds[0], { fresh: 20_032, complete: false })
  })

  it('keeps no more sums than its bound, and answers the same', async () => {
    const all = Array.from({ length: 20_000 }, (_, i) => keccak(`bound ${i}`))
    assert.deepEqual(await side(all, { bound: 16 }).tree.sum(pool, ''), await side(all).tree.sum(pool, ''))
  })

  it('does not compare what stands at another epoch', async () => {
    assert.deepEqual(await run(side([keccak('x')]), between(side([keccak('y')], { epoch: 7 })).ask, 6), {
      fresh: 0,
      complete: false,
      other: 7
    })
  })

  it('does not keep a sum of what changed while it was made', async () => {
    let release: (() => void) | undefined
    const held = new Promise<void>(resolve => {
      release = resolve
    })
    let list: Hex[] = []
    const tree = createTree(async () => {
      const before = list
      await held
      return before
    })
    const sum = tree.sum(pool, '')
    list = [keccak('new')]
    tree.changed(pool, keccak('new'))
    release?.()
    assert.equal((await sum).count, 0)
    assert.deepEqual(await tree.sum(pool, ''), { count: 1, mark: markOfIds(list) })
  })

  describe('with a peer that lies', () => {
    const mark = '00'.repeat(16)
    const honest = side([keccak('mine')])
    const bad = async (reply: (request: ReceiptsRequest) => ReceiptsReply): Promise<number> => {
      let asked = 0
      await assert.rejects(
        run(side(honest.set), async request => {
          asked++
          return reply(request)
        }),
        (error: unknown) => error instanceof InvalidError && error.code.startsWith('exchange.')
      )
      return asked
    }

    it('ends with whatever nobody honest says', async () => {
      const children = Array.from({ length: 16 }, () => ({ count: 1000, mark }))
      await bad(() => ({ kind: 'receipts', receipts: [] }))
      await bad(() => ({ kind: 'found', found: [] }))
      await bad(() => ({ kind: 'found', found: [{ prefix: 'a', ids: [] }] }))
      await bad(() => ({ kind: 'found', found: [{ prefix: '', ids: [keccak('b'), keccak('b')] }] }))
      await bad(() => ({ kind: 'found', found: [{ prefix: '', children: children.map(() => ({ count: 1, mark })) }] }))
      await bad(request =>
        request.kind === 'look'
          ? { kind: 'found', found: [{ prefix: '', ids: [keccak('promised')] }] }
          : { kind: 'receipts', receipts: [{ client: keccak('another') } as CosignedReceipt] }
      )
    })

    it('that divides without end is left after so many looks', async () => {
      let looks = 0
      const children = Array.from({ length: 16 }, () => ({ count: 1_000_000, mark }))
      const { complete, fresh } = await run(side(honest.set), async request => {
        assert.ok(request.kind === 'look')
        looks += request.at.length
        return { kind: 'found', found: request.at.map(prefix => ({ prefix, children })) }
      }).catch((error: unknown) => {
        assert.ok(error instanceof InvalidError && error.code === 'exchange.answer')
        return { complete: false, fresh: 0 }
      })
      assert.deepEqual([complete, fresh], [false, 0])
      assert.ok(looks <= 8_192 + 32)
    })

    it('that promises what it does not have is not believed for long', async () => {
      let n = 0
      const gets = await bad(request => {
        if (request.kind === 'get') return { kind: 'receipts', receipts: [] }
        return {
          kind: 'found',
          found: request.at.map(prefix => ({
            prefix,
            ids: Array.from({ length: 64 }, () => keccak(String(n++))).sort()
          }))
        }
      })
      assert.ok(gets <= 3)
    })

    it('that gives forged receipts is left at the first, and none is kept', async () => {
      const asker = side([])
      const promised = Array.from({ length: 64 }, (_, i) => keccak(`forged ${i}`)).sort()
      await assert.rejects(
        pull(
          pool,
          0,
          {
            ...asker,
            refused: id => asker.refused.add(id),
            take: async () => {
              throw new InvalidError('receipt.signature', 'forged')
            }
          },
          async request =>
            request.kind === 'get'
              ? { kind: 'receipts', receipts: request.ids.map(id => ({ client: id }) as CosignedReceipt) }
              : { kind: 'found', found: [{ prefix: '', ids: promised }] }
        ),
        { code: 'exchange.bad-peer' }
      )
      assert.equal(asker.set.size, 0)
      // What a liar gives under an id says nothing of the id.
      assert.equal(asker.refused.size, 0)
    })
  })
})
