import assert from 'node:assert/strict'
import fc from 'fast-check'
import { signStatement } from '../../../protocol/crypto/index.ts'
import type { Message } from '../../../protocol/crypto/index.ts'
import {
  checkCosigned,
  checkMeans,
  checkOpening,
  checkOffer,
  checkReceipt,
  checkRequest,
  checkVoucher,
  clientFrame,
  cosignedReceipt,
  feeOf,
  headAfter,
  leadsTo,
  noReceipts,
  rankOffers,
  responseHash,
  route,
  scoreOf,
  supersedes,
  workerFrame
} from '../../../protocol/models/index.ts'
import type { CosignedReceipt, Experience, Opening, Route } from '../../../protocol/models/index.ts'
import { canonicalJson, contentHash } from '../../../protocol/primitives/index.ts'
import type { Address } from '../../../protocol/primitives/index.ts'
import { decodeFrame } from '../../../protocol/wire/index.ts'
import {
  channelId,
  client,
  clientKey,
  content,
  cosign,
  facts,
  network,
  now,
  offerMessage,
  other,
  receiptOf,
  request,
  signReceipt,
  strangerKey,
  terms,
  worker,
  workerKey
} from './world.ts'

const code = (expected: string) => ({ code: expected })

describe('an offer', () => {
  const check = (change: Partial<Message<'Offer'>>, by = workerKey) =>
    checkOffer(signStatement(network, 'Offer', offerMessage(change), by), { network, now })
  it('is taken when it is in order', () => {
    assert.equal(check({}).worker, worker)
  })
  const refused: [string, Partial<Message<'Offer'>>, string][] = [
    ['costs nothing', { outputPrice: 0n }, 'offer.price'],
    ['costs more than there is', { inputPrice: 1n << 200n }, 'offer.price'],
    ['ends before it begins', { expires: now - 20n }, 'offer.expires'],
    ['stands for an hour', { expires: now + 3600n }, 'offer.expires'],
    ['comes from the future', { issuedAt: now + 1000n, expires: now + 1100n }, 'offer.future'],
    ['has expired', { expires: now }, 'offer.expired'],
    ["is another's", { worker: client }, 'signature.mismatch']
  ]
  for (const [what, change, expected] of refused)
    it(`is refused when it ${what}`, () => {
      assert.throws(() => check(change), code(expected))
    })
  it('gives way to a later one, and to no other', () => {
    assert.ok(supersedes(offerMessage({ issuedAt: 5n }), offerMessage({ issuedAt: 4n })))
    assert.ok(!supersedes(offerMessage({ issuedAt: 4n }), offerMessage({ issuedAt: 4n })))
  })
})

describe('a request', () => {
  const context = { network, now, chainNow: now, margin: 60n, self: worker, channel: terms, offer: offerMessage() }
  it('is taken when it is in order', () => {
    assert.match(checkRequest(request(), content, context), /^0x/)
  })
  const refused: [string, () => unknown, string][] = [
    ['is signed by another', () => checkRequest(request({}, strangerKey), content, context), 'signature.mismatch'],
    ['has another content', () => checkRequest(request(), { ...content, maxTokens: 17 }, context), 'request.content'],
    [
      "uses another worker's channel",
      () => checkRequest(request(), content, { ...context, channel: { ...terms, worker: client } }),
      'channel.worker'
    ],
    [
      'uses a channel for another model',
      () => checkRequest(request(), content, { ...context, channel: { ...terms, model: other } }),
      'channel.model'
    ],
    [
      'comes with an offer for another model',
      () => checkRequest(request(), content, { ...context, offer: offerMessage({ model: other }) }),
      'channel.model'
    ],
    [
      'comes from the future',
      () => checkRequest(request({ issuedAt: now + 1000n }), content, context),
      'request.future'
    ],
    ['is old', () => checkRequest(request({ issuedAt: now - 300n }), content, context), 'request.stale'],
    ...[-2, 2].map((days): [string, () => unknown, string] => {
      const dated = { ...content, day: content.day + days }
      return [
        `says a day ${days} days from its own`,
        () => checkRequest(request({ content: contentHash(dated) }), dated, context),
        'request.day'
      ]
    }),
    [
      'uses a closed channel',
      () => checkRequest(request(), content, { ...context, channel: { ...terms, closed: true } }),
      'channel.ending'
    ],
    [
      'uses a closing channel',
      () => checkRequest(request(), content, { ...context, channel: { ...terms, closesAt: now + 5n } }),
      'channel.ending'
    ],
    [
      'uses a channel near its end',
      () => checkRequest(request(), content, { ...context, channel: { ...terms, expiry: now + 60n } }),
      'channel.ending'
    ]
  ]
  for (const [what, run, expected] of refused)
    it(`is refused when it ${what}`, () => {
      assert.throws(run, code(expected))
    })

  it('is answered only within its highest fee and the deposit', () => {
    const means = (maxFee: bigint, deposit: bigint, committed: bigint) =>
      checkMeans(request({ maxFee }).message, content, 5, offerMessage(), deposit, committed)
    const most = feeOf(offerMessage(), 5, 16)
    means(most, most + 7n, 7n)
    assert.throws(() => means(most - 1n, most, 0n), code('request.max-fee'))
    // A deposit that was added to is known to its client first: nobody is charged for it.
    assert.throws(() => means(most, most + 6n, 7n), { code: 'channel.exhausted', consequence: 'ignore' })
  })
})

describe('a voucher', () => {
  const check = (cumulative: bigint, paid: bigint, by = clientKey, channel = channelId) =>
    checkVoucher(signStatement(network, 'Voucher', { channel, cumulative }, by), {
      network,
      channel: channelId,
      client,
      deposit: 1000n,
      paid
    })
  it('pays what it adds; one that comes again pays nothing', () => {
    assert.equal(check(10n, 9n), true)
    assert.equal(check(10n, 10n), false)
    assert.equal(check(9n, 10n), false)
  })
  it('is refused above the deposit, for another channel, or by another hand', () => {
    // Nobody's fault: a block that held a top-up may have been taken back.
    assert.throws(() => check(1001n, 0n), { code: 'voucher.deposit', consequence: 'ignore' })
    assert.throws(() => check(1n, 0n, strangerKey), code('signature.mismatch'))
    assert.throws(() => check(1n, 0n, clientKey, other), code('voucher.channel'))
  })
})

describe('a receipt', () => {
  const given = facts()
  const domain = { network, worker }
  it('is countersigned when it says what was received', () => {
    checkReceipt(signReceipt(receiptOf(given)), given, noReceipts, domain)
  })

  it('is refused with any one field changed', () => {
    const good = receiptOf(given)
    for (const [name, value] of Object.entries(good)) {
      if (name === 'startedAt' || name === 'finishedAt') continue
      const wrong =
        typeof value === 'bigint'
          ? value + 1n
          : typeof value === 'number'
            ? value + 1
            : typeof value === 'boolean'
              ? !value
              : other
      assert.throws(
        () => {
          checkReceipt(signReceipt({ ...good, [name]: wrong }), given, noReceipts, domain)
        },
        { name: 'InvalidError' },
        name
      )
    }
    assert.throws(() => {
      checkReceipt(signReceipt({ ...good, finishedAt: now - 1n }), given, noReceipts, domain)
    }, code('receipt.times'))
    assert.throws(() => {
      checkReceipt(signReceipt(good, strangerKey), given, noReceipts, domain)
    }, code('signature.mismatch'))
  })
  it('is refused above what the client agreed to', () => {
    const dear = facts({ request: request({ maxFee: 100n }) })
    assert.throws(() => {
      checkReceipt(signReceipt(receiptOf(dear)), dear, noReceipts, domain)
    }, code('receipt.max-fee'))
  })
  it('follows the one before', () => {
    const first = receiptOf(given)
    const head = headAfter(network, first)
    checkReceipt(signReceipt(receiptOf(given, head)), given, head, domain)
    assert.throws(() => {
      checkReceipt(signReceipt(first), given, head, domain)
    }, code('receipt.chain'))
    assert.throws(() => {
      checkReceipt(signReceipt({ ...receiptOf(given, head), previous: other }), given, head, domain)
    }, code('receipt.chain'))
  })

  it('with both signatures can be checked by anyone, through the wire', () => {
    const wire = decodeFrame(new TextEncoder().encode(canonicalJson(cosign(given))), cosignedReceipt, 1 << 20)
    assert.deepEqual(checkCosigned(wire, network), cosign(given))
  })
  const good = cosign(given)
  const tampered: [string, CosignedReceipt, string][] = [
    ['another client', { ...good, client: worker }, 'signature.mismatch'],
    ['another worker', { ...good, worker: client }, 'signature.mismatch'],
    ["the worker's signature twice", { ...good, clientSignature: good.receipt.signature }, 'signature.mismatch'],
    [
      'a changed fee',
      { ...good, receipt: { ...good.receipt, message: { ...good.receipt.message, fee: 1n } } },
      'signature.mismatch'
    ]
  ]
  for (const [what, receipt, expected] of tampered)
    it(`with ${what} is found out`, () => {
      assert.throws(() => checkCosigned(receipt, network), code(expected))
    })
})

describe('what was asked and answered', () => {
  const given = facts()
  const good = cosign(given)
  const right: Opening = { request: given.request, content, answer: [1, 2, 3] }
  it('opens the hashes of its receipt', () => {
    checkOpening(good, right, network)
  })
  it('cannot be guessed by the hashes: the same question and answer give others with another nonce', () => {
    const again = { ...content, nonce: other }
    assert.notEqual(contentHash(again), contentHash(content))
    assert.notEqual(responseHash(again, [1, 2, 3]), responseHash(content, [1, 2, 3]))
  })
  const tampered: [string, Partial<Opening>, string][] = [
    ['another answer', { answer: [1, 2, 4] }, 'receipt.response'],
    ['a longer answer', { answer: [1, 2, 3, 4] }, 'receipt.response'],
    ['another content', { content: { ...content, maxTokens: 17 } }, 'receipt.content'],
    ['another nonce', { content: { ...content, nonce: other } }, 'receipt.content'],
    ['another request', { request: request({ seed: 6n }) }, 'receipt.request'],
    ['a request for all to see', { request: request({ confidential: true }) }, 'receipt.request'],
    ['a request by another', { request: request({}, strangerKey) }, 'signature.mismatch']
  ]
  for (const [what, change, expected] of tampered)
    it(`with ${what} is found out`, () => {
      assert.throws(() => {
        checkOpening(good, { ...right, ...change }, network)
      }, code(expected))
    })
})

describe('the choice of a worker', () => {
  const offers = fc
    .array(
      fc.record({
        n: fc.integer({ min: 1, max: 200 }),
        price: fc.integer({ min: 1, max: 1000 }),
        speed: fc.integer({ min: 0, max: 500 })
      }),
      { minLength: 1, maxLength: 12 }
    )
    .map(list =>
      list.map(({ n, price, speed }) => ({
        message: offerMessage({
          worker: `0x${n.toString(16).padStart(40, '0')}`,
          outputPrice: BigInt(price),
          tokensPerSecond: speed
        })
      }))
    )
  const need = { inputTokens: 20, outputTokens: 100 }

  it('is the same whatever the order in which offers came', () => {
    fc.assert(
      fc.property(offers, fc.nat(), (list, turn) => {
        const unique = [...new Map(list.map(offer => [offer.message.worker, offer])).values()]
        const turned = [...unique.slice(turn % unique.length), ...unique.slice(0, turn % unique.length)]
        assert.deepEqual(
          rankOffers(unique, need, () => ({ failures: 0 })),
          rankOffers(turned, need, () => ({ failures: 0 }))
        )
      })
    )
  })
  it('prefers the cheaper of two as fast, the faster of two that cost the same, the one that has not failed', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: 1n, max: 10n ** 20n }), fc.integer({ min: 1, max: 100 }), (price, speed) => {
        const at = (change: Partial<Message<'Offer'>>, failures = 0) =>
          scoreOf(offerMessage({ outputPrice: price, tokensPerSecond: speed, ...change }), need, { failures })
        assert.ok(at({ outputPrice: price * 2n }) > at({}))
        assert.ok(at({ tokensPerSecond: speed * 2 }) < at({}))
        assert.ok(at({}, 1) > at({}))
      })
    )
  })
  it('believes what was measured more than what is stated', () => {
    const slow = { tokensPerSecond: 2, failures: 0 }
    assert.ok(
      scoreOf(offerMessage({ tokensPerSecond: 4_000_000_000 }), need, slow) >
        scoreOf(offerMessage({ tokensPerSecond: 10 }), need, { failures: 0 })
    )
    assert.equal(
      scoreOf(offerMessage({ tokensPerSecond: 4_000_000_000 }), need, { failures: 0 }),
      scoreOf(offerMessage({ tokensPerSecond: 200 }), need, { failures: 0 })
    )
  })
  it('believes the times of receipts no more than what is stated, and until it has measured', () => {
    const score = (experience: Partial<Experience>): bigint =>
      scoreOf(offerMessage({ tokensPerSecond: 10 }), need, { failures: 0, ...experience })
    assert.ok(score({ recalledSpeed: 40 }) < score({}))
    assert.equal(score({ recalledSpeed: 819 }), score({ recalledSpeed: 200 }))
    assert.equal(score({ recalledSpeed: 819, tokensPerSecond: 2 }), score({ tokensPerSecond: 2 }))
  })
})

describe('the route of a question', () => {
  const need = { inputTokens: 20, outputTokens: 100 }
  const offerOf = (n: number, outputPrice: bigint, tokensPerSecond: number) => ({
    message: offerMessage({ worker: `0x${n.toString(16).padStart(40, '0')}`, outputPrice, tokensPerSecond })
  })
  const known = (measured: Partial<Experience>) => () => ({ failures: 0, ...measured })
  const order = (
    offers: ReturnType<typeof offerOf>[],
    sort: Route['sort'],
    of: Parameters<typeof rankOffers>[2] = known({})
  ) => rankOffers(offers, need, of, sort).map(({ message }) => Number(message.worker))

  it('sorts by the fee or the wait alone, the other deciding between equals', () => {
    const [cheap, fast, both] = [offerOf(1, 1n, 10), offerOf(2, 1000n, 100), offerOf(3, 1000n, 120)]
    assert.deepEqual(order([fast, both, cheap], 'price'), [1, 3, 2])
    assert.deepEqual(order([cheap, fast, both], 'speed'), [3, 2, 1])
    assert.deepEqual(order([offerOf(4, 2n, 50), offerOf(5, 1n, 50)], 'speed'), [5, 4])
  })
  it('counts the time to the first token among the wait', () => {
    const late = (worker: string): Experience => ({
      failures: 0,
      tokensPerSecond: 100,
      firstTokenMs: Number(worker) === 1 ? 3_000 : 10
    })
    for (const sort of ['balanced', 'speed'] as const)
      assert.deepEqual(order([offerOf(1, 5n, 100), offerOf(2, 5n, 100)], sort, late), [2, 1])
    fc.assert(
      fc.property(fc.nat(60_000), fc.nat(60_000), (ms, more) => {
        const at = (firstTokenMs: number) => scoreOf(offerOf(1, 7n, 50).message, need, { failures: 0, firstTokenMs })
        assert.ok(at(ms) <= at(ms + more))
      })
    )
  })
  it('leads to those named by their addresses or what these begin with, and not to those ignored', () => {
    const [one, other] = [`0xAb${'1'.repeat(38)}`, `0xab${'2'.repeat(38)}`] as `0x${string}`[] as [Address, Address]
    assert.deepEqual(
      [{}, { only: ['0xab11'] }, { ignore: [other] }, { only: [one, other], ignore: ['0xAB2222'] }].map(given => [
        leadsTo(route.parse(given), one),
        leadsTo(route.parse(given), other)
      ]),
      [
        [true, true],
        [true, false],
        [true, false],
        [true, false]
      ]
    )
    for (const wrong of [{ only: [] }, { only: ['elements'] }, { ignore: ['0x'] }, { sort: 'luck' }, { region: 'eu' }])
      assert.ok(!route.safeParse(wrong).success, JSON.stringify(wrong))
  })
})

describe('frames of an answer', () => {
  it('with anything added, missing or too large are no frames', () => {
    for (const [schema, frame] of [
      [clientFrame, { kind: 'cancel', more: 1 }],
      [clientFrame, { kind: 'voucher' }],
      [clientFrame, { kind: 'tokens', ids: [1], text: '', owed: '1' }],
      [workerFrame, { kind: 'tokens', ids: [], text: '', owed: '1' }],
      [workerFrame, { kind: 'tokens', ids: Array.from({ length: 65 }, () => 1), text: '', owed: '1' }],
      [workerFrame, { kind: 'tokens', ids: [-1], text: '', owed: '1' }],
      [workerFrame, { kind: 'tokens', ids: [1], text: 'x'.repeat(5000), owed: '1' }],
      [workerFrame, { kind: 'tokens', ids: [1], text: '', owed: '-1' }],
      [workerFrame, { kind: 'accepted', inputTokens: 1.5, creditTokens: 1 }]
    ] as const)
      assert.equal(schema.safeParse(frame).success, false, JSON.stringify(frame).slice(0, 80))
    assert.equal(workerFrame.safeParse({ kind: 'tokens', ids: [1], text: '', owed: '1' }).success, true)
  })
})
