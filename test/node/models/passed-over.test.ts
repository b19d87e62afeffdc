import assert from 'node:assert/strict'
import fc from 'fast-check'
import { createAcquaintance, createWorkers } from '../../../node/models/client/workers.ts'
import type { SignedOffer } from '../../../node/models/offers.ts'
import { defaultTiming } from '../../../node/models/deps.ts'
import { systemClock } from '../../../node/runtime/index.ts'
import { foundOutSeconds, isPassedOver } from '../../../protocol/models/index.ts'
import type { ModelRecord, Route } from '../../../protocol/models/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'

const who = (n: number): Address => `0x${String(n).padStart(40, '0')}`
const now = 1_800_000_000n
const model = { id: '0xaa', base: 'base', datanet: '0xdd' } as unknown as ModelRecord
const offer = (worker: Address): SignedOffer =>
  ({
    message: { worker, model: '0xaa', inputPrice: 1n, outputPrice: 1n, tokensPerSecond: 10, region: '', weights: '' }
  }) as unknown as SignedOffer
const asked = { inputTokens: 1, outputTokens: 1 }

describe('workers that drawn scorers have found out', () => {
  const ago: Record<Address, bigint> = { [who(1)]: 5n, [who(2)]: foundOutSeconds }
  const list = [who(1), who(2), who(3)].map(offer)
  const workers = createWorkers(
    { self: who(9), clock: systemClock, timing: { ...defaultTiming, findMs: 0 }, now: () => now },
    { list: id => (id === '0xaa' ? list : []), find: async () => undefined, quote: async () => undefined },
    createAcquaintance({ clock: systemClock }),
    {
      foundOutAt: async ({ datanet }, worker) => {
        const seconds = datanet === '0xdd' ? ago[worker] : undefined
        return seconds === undefined ? undefined : now - seconds
      }
    }
  )
  const led = async (route?: Route, of = model): Promise<string[]> =>
    (await workers.offers(of, asked, new AbortController().signal, route)).map(({ message }) => message.worker)

  it('are asked by nobody who has not named them, until thirty days are over', async () => {
    assert.deepEqual(await led(), [who(2), who(3)])
    assert.deepEqual(await led({ ignore: [who(3)] }), [who(2)])
    assert.deepEqual(await led({ only: [who(1), who(3)] }), [who(1), who(3)])
  })

  it('are asked as before by models of another pool', async () => {
    const elsewhere = { ...model, datanet: '0xee' } as unknown as ModelRecord
    assert.deepEqual(await led({}, elsewhere), [who(1), who(2), who(3)])
  })

  it('are passed over for just so long, whenever it was', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, 10n ** 10n), fc.bigInt(0n, 10n ** 10n), (at, after) => {
        assert.equal(isPassedOver({}, at, at + after), after < foundOutSeconds)
        assert.equal(isPassedOver({ only: [who(1)] }, at, at + after), false)
      })
    )
  })
})
