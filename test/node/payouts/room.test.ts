import assert from 'node:assert/strict'
import type { PayoutsDeps } from '../../../node/payouts/index.ts'
import type { Facts } from '../../../node/payouts/facts.ts'
import type { Models, Weighed } from '../../../node/payouts/models.ts'
import type { OpenRound } from '../../../node/payouts/rounds/index.ts'
import type { Scorings, Weigher } from '../../../node/payouts/scorer/index.ts'
import type { Entry } from '../../../node/payouts/receipts/index.ts'
import { createMaking } from '../../../node/payouts/settler/making.ts'
import { fitting } from '../../../node/payouts/settler/room.ts'
import type { Made } from '../../../node/payouts/settler/room.ts'
import { maxBundleBytes } from '../../../node/payouts/limits.ts'
import { systemClock } from '../../../node/runtime/clock.ts'
import {
  assignedIn,
  epochBundle,
  inOrder,
  maxAccounts,
  maxEpochModels,
  maxGaps,
  maxRanges,
  receiptId,
  receiptsDocument
} from '../../../protocol/payouts/index.ts'
import type { ChannelFacts, EpochBundle, ReceiptsDocument } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { canonicalJson, keccak, NotFoundError, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { decodeFrame } from '../../../protocol/wire/index.ts'
import { captureLog } from '../../harness/index.ts'
import {
  accountOf,
  channelOf,
  channelsOf,
  document as heldOut,
  epochFrom,
  expiry,
  factsFor,
  measure,
  model,
  network,
  now,
  pool,
  receipt,
  receiptsOf,
  seed
} from '../../protocol/payouts/world.ts'

const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'

/** As others read it. */
const bytesOf = (value: unknown): Uint8Array => new TextEncoder().encode(canonicalJson(value))

/** Channels of a stranger, each for a model of its own that nothing is measured of: they paid four units each. */
const strangers = (count: number): [Hex, ChannelFacts][] =>
  Array.from({ length: count }, (_, i) => [
    keccak(`channel ${i}`),
    {
      client: accountOf('stranger'),
      worker: accountOf('stranger'),
      model: keccak(`model ${i}`),
      claimed: 4n,
      claims: [{ claimed: 4n, data: 2n }],
      expiry
    }
  ])

/** The parts that an epoch is made of, as this world has them. */
function makingOf(
  receipts: readonly CosignedReceipt[],
  channels: ReadonlyMap<Hex, ChannelFacts>,
  {
    previous,
    mostLooked,
    later = channels,
    unknown,
    late = { model: zeroHash, isThere: false }
  }: {
    previous?: EpochBundle
    mostLooked?: number
    /** What channels have paid by the time that receipts were chosen. */
    later?: ReadonlyMap<Hex, ChannelFacts>
    /** A model that is not admitted. */
    unknown?: Hex
    /** A model that cannot be measured until its siblings are there. */
    late?: { readonly model: Hex; isThere: boolean }
  } = {}
) {
  const own = factsFor(receipts, undefined, { channels })
  const names = new Set([...channels.values()].map(one => one.model))
  const known = {
    ...own,
    datanets: new Map([...names].map(name => [name, pool])),
    builders: new Map([...names].map(name => [name, accountOf('builder')])),
    versions: new Map([...names].map(name => [name, 1])),
    measures: new Map(
      [...names]
        .filter(name => name !== unknown)
        .map(name => [name, name === late.model ? { ...measure, model: name } : (own.measures.get(name) ?? null)])
    )
  }
  let deposited = 0n
  for (const { claims } of channels.values()) deposited += claims.at(-1)?.data ?? 0n
  const history = { epoch: 1, previous: previous && { cid, bundle: previous } }
  const entries = receipts.map(one => ({ id: receiptId(network, one), pool, own: false, receipt: one }) as Entry)
  const making = createMaking(
    {
      chain: {
        ledger: {
          caughtUp: async () => undefined,
          confirmedTime: async () => now
        },
        payouts: { pool: async () => ({ deposited }) }
      } as unknown as PayoutsDeps['chain'],
      clock: systemClock,
      network,
      log: captureLog().log
    },
    { heldOutMs: 60_000 },
    {
      bundles: { history: async () => history },
      receipts: {
        async *open() {
          yield* entries
        }
      },
      facts: {
        channels: async () => channels,
        paying: async () => channels,
        counts: async (name: Hex) => known.measures.has(name),
        of: async (_pool: Hex, _list: unknown, { paying }: { paying?: typeof channels }) => ({
          ...known,
          channels: paying ?? later
        }),
        donated: async () => 0n
      } as unknown as Facts,
      models: {
        weighed: async (name: Hex) => {
          if (name === late.model && !late.isThere)
            throw new NotFoundError('model.unknown', 'its siblings are withheld')
          return name === model || name === late.model ? ({} as Weighed) : null
        },
        keep: () => undefined,
        folders: async () => ({ base: '', adapters: [] })
      } as unknown as Models,
      weigher: { heldOut: async (name: Hex) => ({ ...heldOut, model: name }) } as unknown as Weigher,
      scorings: { of: async () => [] } as unknown as Scorings
    },
    mostLooked
  )
  return { making, history }
}

/** Chance has spoken; nobody is of its panel. */
function roundOf(document: ReceiptsDocument): OpenRound {
  const drawn = { seed, panel: [], commitments: new Map(), commitEnds: 0n, revealEnds: 0n }
  const ids = document.receipts.map(one => receiptId(network, one))
  return {
    pool,
    epoch: 2,
    round: { drawn },
    document,
    assigned: assignedIn(network, document, drawn),
    ids,
    places: new Map(ids.map((id, at) => [id, at]))
  } as unknown as OpenRound
}

describe('what an epoch has room for', () => {
  it('is what others read, however many models a stranger pays for: those that bring most come first', async () => {
    const honest = receiptsOf([{ sequence: 1n }, { sequence: 2n }])
    const channels = new Map([...strangers(maxEpochModels + 5), ...channelsOf(honest)])
    const previous = epochFrom({ receipts: [], channels, measures: new Map(), at: now })
    assert.equal(previous.settled.length, channels.size)
    const { making, history } = makingOf(honest, channels, { previous })
    const document = await making.receipts(pool, history)
    assert.deepEqual(decodeFrame(bytesOf(document), receiptsDocument, maxBundleBytes), document)
    assert.deepEqual(document.receipts, honest)
    const bundle = await making.payouts(roundOf(document))
    assert.equal(bundle.models.length + bundle.unmeasured.length, maxEpochModels)
    assert.deepEqual(decodeFrame(bytesOf(bundle), epochBundle, maxBundleBytes), bundle)
    assert.deepEqual(bundle.receipts, honest)
    // What has no room waits, and is lost to nobody.
    assert.equal(bundle.settled.length, channels.size)
  })

  it('names no channel that is over: a pool has no end of those', async () => {
    const honest = receiptsOf([{ sequence: 1n }])
    const gone = strangers(3).map(([id, one]): [Hex, ChannelFacts] => [id, { ...one, expiry: 0n }])
    const late = now + 31n * 86_400n
    const { making, history } = makingOf(honest, new Map([...gone, ...channelsOf(honest)]))
    // As the chain tells the time.
    const { channels } = await making.receipts(pool, { ...history, previous: { cid, bundle: emptyAt(late) } })
    assert.deepEqual(
      channels.map(({ channel }) => channel),
      honest.map(({ receipt: { message } }) => message.channel)
    )
  })

  it('looks at the receipts of those who bring most, not of those whose ids come first', async () => {
    const cheap = ['a', 'b', 'c'].flatMap(worker =>
      receiptsOf(Array.from({ length: 4 }, (_, i) => ({ worker, sequence: BigInt(i + 1), fee: 4n })))
    )
    const last = cheap.reduce(
      (most, { receipt: { message } }) => (message.channel > most ? message.channel : most),
      '0x'
    )
    // Of a channel that comes behind all of theirs.
    let client = 'honest'
    while (receipt({ client }).receipt.message.channel < last) client += '!'
    const honest = receiptsOf([{ client }])
    const all = [...cheap, ...honest].toSorted(inOrder)
    const { making, history } = makingOf(all, channelsOf(all), { mostLooked: 5 })
    const { receipts } = await making.receipts(pool, history)
    assert.ok(receipts.length <= 5)
    assert.deepEqual(
      receipts.filter(({ client: by }) => by === honest[0]?.client),
      honest
    )
  })

  it('counts what a channel paid once, however many receipts stand on the same fees', async () => {
    const twice = ['a', 'b', 'c', 'd'].flatMap(worker =>
      Array.from({ length: 4 }, (_, i) => receipt({ worker, sequence: BigInt(i + 1), total: 1000n }))
    )
    const honest = receiptsOf([{ client: 'honest', fee: 1500n }])
    const all = [...twice, ...honest].toSorted(inOrder)
    const { making, history } = makingOf(all, channelsOf(all), { mostLooked: 4 })
    const { receipts } = await making.receipts(pool, history)
    assert.equal(receipts.length, 4)
    assert.deepEqual(
      receipts.filter(({ client }) => client === accountOf('honest')),
      honest
    )
  })

  it('looks at all receipts of who brings most before it looks at those of others', async () => {
    const four = (worker: string, fee: bigint) =>
      receiptsOf(Array.from({ length: 4 }, (_, i) => ({ worker, sequence: BigInt(i + 1), fee })))
    const [first, last] = ['a', 'b'].toSorted((a, b) => (channelOf('client', a) < channelOf('client', b) ? -1 : 1))
    const all = [...four(first!, 1000n), ...four(last!, 2000n)]
    const { making, history } = makingOf(all, channelsOf(all), { mostLooked: 5 })
    const { receipts } = await making.receipts(pool, history)
    assert.deepEqual(
      receipts.map(({ worker }) => worker),
      [first!, last!, last!, last!, last!].map(accountOf)
    )
  })

  it('says of channels what they had paid when its receipts were chosen: none is missing', async () => {
    const [first, second] = receiptsOf([{ sequence: 1n }, { sequence: 2n }])
    const later = channelsOf([first!, second!])
    const { making, history } = makingOf([first!, second!], channelsOf([first!]), { later })
    const document = await making.receipts(pool, history)
    assert.deepEqual(document.receipts, [first])
    assert.deepEqual(
      document.channels.map(({ claimed }) => claimed),
      [first!.receipt.message.total]
    )
  })

  it('looks at no receipts that nobody can count, however much their channel has paid', async () => {
    const strange = keccak('strange')
    const crowd = receiptsOf(
      Array.from({ length: 6 }, (_, i) => ({ worker: 'a', sequence: BigInt(i + 1), fee: 9000n, model: strange }))
    )
    const honest = receiptsOf([{ client: 'honest' }])
    const all = [...crowd, ...honest].toSorted(inOrder)
    const { making, history } = makingOf(all, channelsOf(all), { mostLooked: 4, unknown: strange })
    assert.deepEqual((await making.receipts(pool, history)).receipts, honest)
  })

  it('leaves no room for gaps to receipts that it cannot count, nor counts on those to fill some', async () => {
    const late = { model: keccak('late'), isThere: false }
    const [first, last] = ['a', 'b'].toSorted((a, b) => (channelOf('client', a) < channelOf('client', b) ? -1 : 1))
    const fills = receipt({ worker: first!, sequence: 2n, model: late.model })
    const honest = [1n, 3n].map(sequence => receipt({ worker: last!, sequence }))
    const all = [fills, ...honest]
    const channels = channelsOf([receipt({ worker: first!, sequence: 3n, model: late.model }), ...honest])
    const covered = (count: number): [bigint, bigint][] =>
      Array.from({ length: count }, (_, i) => [BigInt(2000 * i), BigInt(2000 * i + 1000)])
    const lineOf = (channel: Hex, count: number) => ({
      channel,
      model: late.model,
      ranges: [[1n, 1n] as [bigint, bigint], [3n, 3n] as [bigint, bigint]],
      covered: covered(count),
      claimed: 10n ** 6n,
      expiry
    })
    const settled = [lineOf(fills.receipt.message.channel, 2)]
    for (let gaps = 2; gaps < maxGaps;) {
      const count = Math.min(maxRanges, maxGaps - gaps)
      settled.push(lineOf(keccak(`crowded ${gaps}`), count))
      gaps += count
    }
    const previous = { ...emptyAt(now), settled: settled.toSorted((a, b) => (a.channel < b.channel ? -1 : 1)) }
    const { making, history } = makingOf(all, channels, { previous, late })
    assert.deepEqual((await making.receipts(pool, history)).receipts, honest.slice(0, 1))
  })

  it('divides no fees of a model that could be measured only after its receipts were chosen', async () => {
    const late = { model: keccak('late'), isThere: false }
    const honest = receiptsOf([{ sequence: 1n }])
    const waits = receipt({ worker: 'other', model: late.model })
    const channels = channelsOf([...honest, waits])
    const previous = epochFrom({ receipts: [], channels, measures: new Map(), at: now })
    const { making, history } = makingOf([...honest, waits].toSorted(inOrder), channels, { previous, late })
    const document = await making.receipts(pool, history)
    assert.deepEqual(document.receipts, honest)
    late.isThere = true
    const bundle = await making.payouts(roundOf(document))
    assert.deepEqual(
      bundle.models.map(one => one.model),
      [model]
    )
    assert.deepEqual(bundle.unreceipted, [])
    // Where it can be measured in time its receipts count.
    assert.equal((await making.receipts(pool, history)).receipts.length, 2)
  })

  it('leaves out the models that do not fit, wherever they stand, and never those that it must count', () => {
    const names = Array.from({ length: 300 }, (_, i) => keccak(`model ${i}`))
    const bundle = epochFrom({ receipts: [] })
    const line = epochFrom({ receipts: receiptsOf([{ sequence: 1n }]) }).payouts[0]!
    const made = (large: ReadonlySet<Hex>, wanted: readonly Hex[]): Made & { wanted: readonly Hex[] } => {
      const payouts = wanted.some(name => large.has(name)) ? Array.from({ length: maxAccounts + 1 }, () => line) : []
      return { document: { ...emptyDocument, receipts: [] }, bundle: { ...bundle, payouts }, said: true, wanted }
    }
    for (const large of [[], [0], [0, 1, 2], [150], [299], [0, 200]].map(at => new Set(at.map(i => names[i]!)))) {
      let tries = 0
      const of = (wanted: readonly Hex[]) => (tries++, made(large, wanted))
      const { wanted } = fitting(names, of)
      assert.ok(tries <= 25)
      assert.ok(wanted.every(name => !large.has(name)))
      assert.ok(wanted.length >= 150, `${wanted.length} fit`)
    }
    const head = new Set(names.slice(0, 1))
    assert.throws(() => fitting(names, wanted => made(head, wanted), 1), { code: 'epoch.large' })
  })

  it('is refused before anything is posted where not even what it must count fits', () => {
    const honest = receiptsOf([{ sequence: 1n }])
    const bundle = epochFrom({ receipts: honest })
    const payouts = Array.from({ length: maxAccounts + 1 }, () => bundle.payouts.slice(0, 1)).flat()
    const large = { ...bundle, payouts }
    const made = (of: EpochBundle) => (): Made => ({
      document: { ...emptyDocument, receipts: honest },
      bundle: of,
      said: false
    })
    assert.throws(() => fitting([model], made(large)), { code: 'epoch.large' })
    assert.equal(fitting([model], made(bundle)).bundle, bundle)
  })
})

const emptyDocument = {
  pool,
  epoch: 1,
  previous: null,
  at: now,
  data: [],
  channels: [],
  deposited: 0n,
  donated: 0n,
  models: []
}
const emptyAt = (at: bigint): EpochBundle => epochFrom({ receipts: [], at })
