import assert from 'node:assert/strict'
import fc from 'fast-check'
import { noNames } from './views.ts'
import { createWhich } from '../../daemon/api/handlers/which.ts'
import { hexOfShort, shortId, shortPrefix } from '../../node/payouts/receipts/keys.ts'
import { idText, isMeant } from '../../protocol/primitives/index.ts'
import type { Hex } from '../../protocol/primitives/index.ts'
import { NotFoundError } from '../../protocol/primitives/index.ts'

const id = (digits: string): Hex => `0x${digits.padEnd(64, '7')}`
const ids = [id('12ab34'), id('12ab99'), id('beef')] as const

describe('whatever is asked for by id', () => {
  const models = [
    { id: ids[0], name: 'birds' },
    { id: ids[2], name: '12ab' },
    { id: ids[1], name: '0x12ab3' },
    { id: ids[1], name: '12ab3…7777' }
  ].map(model => ({ ...model, offers: [] }))
  const from = async function* (beginning: string): AsyncGenerator<Hex> {
    for (const one of ids) if (one.startsWith(beginning)) yield one
  }
  const which = createWhich(
    {
      jobs: { jobs: () => ids.map(one => ({ id: one })) },
      models: { models: () => models, model: (wanted: string) => models.find(one => one.name === wanted) },
      data: {
        contributionIds: from,
        findDatanet: async (wanted: string) => {
          throw new NotFoundError('datanet.unknown', wanted)
        }
      },
      payouts: { receiptIds: from },
      chain: { ledger: { caughtUp: async () => undefined } }
    } as unknown as Parameters<typeof createWhich>[0],
    noNames
  )

  it('may be said by as much of it as no other shares, with or without 0x, in any case', async () => {
    for (const wanted of [ids[0], '0x12ab3', '12AB34', '0x12ab34…7777', '0x12ab3...77', ' 0x12ab3'])
      assert.equal((await which.job(wanted)).id, ids[0], wanted)
    assert.equal(await which.contribution('0xb'), ids[2])
    assert.equal(await which.receipt('beef'), ids[2])
  })

  it('is nobody else’s by a name that reads as an id, or as lists show one', async () => {
    for (const wanted of ['0x12ab3', '12ab3…7777', '0x12ab3…7777'])
      assert.equal((await which.asked(wanted)).id, ids[0], wanted)
  })

  it('is listed where several are meant', async () => {
    const several = { code: 'id.ambiguous', help: new RegExp(`${ids[0]}, ${ids[1]}`) }
    for (const ask of [which.job('0x12ab'), which.contribution('12ab'), which.receipt('0x1')])
      await assert.rejects(ask, several)
  })

  it('is a name first, then an id', async () => {
    assert.equal((await which.model('12ab')).id, ids[2])
    assert.equal((await which.model('0x12ab3')).id, ids[0])
  })

  it('is unknown in words where nothing begins so', async () => {
    await assert.rejects(which.job('0xff'), { code: 'job.unknown', help: /tilth jobs/ })
    await assert.rejects(which.model('fish'), { code: 'model.unknown' })
    await assert.rejects(which.contribution('ffff'), { code: 'contribution.unknown', help: /may not have arrived/ })
    // What can be none is not waited for.
    for (const wanted of ['zzz', `${id('ff')}00`])
      await assert.rejects(which.receipt(wanted), { code: 'receipt.unknown', help: /64 hexadecimal digits/ })
    await assert.rejects(which.model('fish'), { code: 'model.unknown', help: /may not have arrived/ })
    // A whole id stands for itself: whoever is asked for it knows more than the list.
    assert.equal(await which.contribution(id('ff')), id('ff'))
  })

  it('no text but a part of an id is taken for one', () => {
    for (const text of ['', '0x', '12a', 'elements', '0xzz', `0x${'1'.repeat(65)}`])
      assert.equal(idText(text), undefined)
  })

  it('is found among receipts, whose keys are shorter than their ids', () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.integer({ min: 1, max: 64 }), (bytes, digits) => {
        const whole: Hex = `0x${Buffer.from(bytes).toString('hex')}`
        const beginning = whole.slice(0, 2 + digits)
        assert.ok(shortId(whole).startsWith(shortPrefix(beginning)))
        assert.ok(whole.startsWith(hexOfShort(shortId(whole))))
        assert.ok(isMeant(whole, idText(beginning)!))
      })
    )
  })
})
