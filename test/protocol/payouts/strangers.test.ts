import assert from 'node:assert/strict'
import {
  attributionOf,
  buildEpoch,
  dataOf,
  inOrder,
  measureOf,
  payOfWord,
  receiptId,
  shareOut,
  standingOf,
  stretchOf
} from '../../../protocol/payouts/index.ts'
import type {
  ChannelFacts,
  Due,
  EpochBundle,
  HeldOutDocument,
  Measure,
  MeasuredModel,
  Scored
} from '../../../protocol/payouts/index.ts'
import type { KeptBackRule } from '../../../protocol/data/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import { canonicalJson, keccak, zeroHash } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { accountOf, dataPartOf, heldOutOf, measuredOf, network, pool } from './world.ts'

// A group tries to win: it controls clients, workers, builders and contributors as it likes, states utilities as it
// likes, gives models any split, lets channels pay for what has no receipt, and settles, so that it chooses which
// receipts an epoch counts. Against it stand receipts of people who have nothing to do with it.

/** Numbers from a seed: mulberry32, which is quick. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0
  return below => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const organic = ['foundation', 'late'].map(accountOf)
const group = ['inside', 'outside'].map(accountOf)
/** Of those who weigh answers, one is nobody's friend and one the group's. */
const [scorer, seat] = ['scorer', 'seat'].map(accountOf) as [Address, Address]
const modelOf = (name: string, players: readonly Address[], dataPoints: number): Measure =>
  measureOf({
    model: keccak(name),
    players: [...players],
    coalitions: Array.from({ length: 2 ** players.length }, (_, mask) => String(mask)),
    dataPoints
  })
/** One that people ask, with one of the group among its contributors; one that is all the group's; one of both. */
const honest = modelOf('honest', [...organic, group[0]!], 3000)
const own = modelOf('own', group, 10_000)
const mixed = modelOf('mixed', [organic[0]!, ...group], 100)
/** What people make of a later version, which the group adds less to than it had promised. */
const newer = modelOf('newer', [...organic, group[0]!], 3000)
/** Models that the group gives answers of. */
const measures = [honest, own, mixed]
const all = [...measures, newer]
/** The group's are of the newest version there is. */
const versions = new Map([
  [honest.model, 1],
  [newer.model, 2],
  [own.model, 3],
  [mixed.model, 3]
])
const weighingOf = ({ players }: Measure, worth: readonly number[]): number[] =>
  Array.from({ length: 2 ** players.length }, (_, mask) =>
    Math.max(0, Math.min(10_000, 1000 + worth.reduce((sum, value, i) => sum + ((mask >> i) & 1 ? value : 0), 0)))
  )
const sum = (values: Iterable<bigint>): bigint => [...values].reduce((a, b) => a + b, 0n)

describe('what strangers cannot bend', function () {
  this.timeout(120_000)

  it('an epoch pays each piece of money as if it were alone, to the last unit: a hundred thousand strategies', () => {
    const random = randomFrom(1)
    const amount = (): bigint => BigInt(random(1000)) * 10n ** BigInt(random(18)) + BigInt(random(7))
    const signed = (): bigint => BigInt(random(2_000_001) - 1_000_000)
    for (let run = 0; run < 100_000; run++) {
      const models = new Map<Hex, MeasuredModel | null>([[zeroHash, null]])
      for (const measure of measures) {
        const [truth, said] = [measure.players.map(signed), measure.players.map(() => BigInt(random(1_000_001)))]
        const values = {
          questions: 1,
          truth,
          own: said,
          gain: 1n,
          level: 1n,
          ...standingOf(
            truth,
            said,
            measure.players.map(() => BigInt(random(2_000_001)))
          )
        }
        models.set(measure.model, { measure, values })
      }
      const names = [...models.keys()]
      const due = (): Due => {
        const model = names[random(names.length)] ?? zeroHash
        const players = models.get(model)?.measure.players ?? []
        if (random(3) === 0) return { model, money: amount(), weights: undefined }
        const words = [scorer, seat, group[1]!].slice(random(4))
        const weights = { players: players.map(signed), others: signed() }
        if (random(2) === 0) return { model, money: amount(), weights, words }
        const counterfactual = { players: players.map(signed), others: 0n }
        return { model, money: amount(), weights, counterfactual, words }
      }
      const [theirs, ours] = [Array.from({ length: 1 + random(3) }, due), Array.from({ length: random(5) }, due)]
      const nothing = { money: 0n, by: [] }
      const [alone, among, both] = [
        shareOut(theirs, models, nothing),
        shareOut(ours, models, nothing),
        shareOut(random(2) === 0 ? [...theirs, ...ours] : [...ours, ...theirs], models, nothing)
      ]
      for (const [account, { share, heldOut, scoring }] of both.gains) {
        const [first, second] = [alone.gains.get(account), among.gains.get(account)]
        if (
          share !== (first?.share ?? 0n) + (second?.share ?? 0n) ||
          heldOut !== (first?.heldOut ?? 0n) + (second?.heldOut ?? 0n) ||
          scoring !== (first?.scoring ?? 0n) + (second?.scoring ?? 0n)
        )
          assert.fail(`run ${run}: others' receipts pay ${account} something else`)
      }
      // Of others' answers a seat gets the pay of its own words, whatever else there is.
      const words = theirs.filter(({ words = [] }) => words.includes(seat))
      if ((alone.gains.get(seat)?.share ?? 0n) !== sum(words.map(({ money }) => payOfWord(money))))
        assert.fail(`run ${run}: a seat brings more than honest work`)
      const paid = sum(ours.map(({ money }) => money))
      if (sum([...among.gains.values()].map(({ share }) => share)) + among.held !== paid)
        assert.fail(`run ${run}: what came in is not what goes out`)
      if (both.held !== alone.held + among.held) assert.fail(`run ${run}: it moves what is held`)
    }
  })

  /** What the group does in one epoch. */
  interface Move {
    readonly receipts: readonly {
      readonly model: number
      readonly channel: number
      readonly fee: bigint
      readonly worth: number
      /** What would have been answered, as the group states it; nothing beyond all boasts. */
      readonly otherwise: number
      readonly unseen: boolean
      /** Never shown: its fees are paid and have no receipt. */
      readonly hidden: boolean
      /** Its content is given to the group's own scorer alone, whose word then is the only one. */
      readonly own: boolean
    }[]
    /** Of the others' receipts in this epoch, those that the group's settler leaves out, as bits. */
    readonly leftOut: number
    readonly gift: bigint
  }
  type Strategy = readonly Move[]
  const epochs = 3
  const quiet: Strategy = Array.from({ length: epochs }, () => ({ receipts: [], leftOut: 0, gift: 0n }))

  /** Utilities that the group states: its own rows did it all, nobody did, others harmed, everybody alike. */
  const boasts = [
    [0, 0, 9000],
    [9000, 9000, 0],
    [-500, -500, 9000],
    [-500, -500, -500],
    [3000, 3000, 3000],
    [1, 0, 0]
  ]
  const documents = new Map<Hex, HeldOutDocument>([
    // Whose model adds most to right answers is no matter of receipts: the group has none that is better.
    [honest.model, heldOutOf(honest, [weighingOf(honest, [5000, 2000, 300])], [weighingOf(honest, [5000, 3000, 600])])],
    [newer.model, heldOutOf(newer, [weighingOf(newer, [6000, 1500, 50])], [weighingOf(newer, [6000, 2500, 600])])],
    [own.model, heldOutOf(own, [weighingOf(own, [100, 3000])])],
    [mixed.model, heldOutOf(mixed, [weighingOf(mixed, [10, 900, 900])])]
  ])

  function made(client: string, sequence: bigint, fee: bigint, total: bigint, by: Measure, unseen: boolean) {
    const channel = keccak(`${client} ${by.model}`)
    const message = {
      channel,
      sequence,
      previous: zeroHash,
      model: by.model,
      request: zeroHash,
      response: zeroHash,
      inputTokens: 1,
      outputTokens: 3,
      fee,
      total,
      seed: 1n,
      startedAt: 1n,
      finishedAt: 2n,
      confidential: unseen
    }
    const signature: Hex = `0x${'11'.repeat(65)}`
    const receipt: CosignedReceipt = {
      receipt: { type: 'Receipt', message, signature },
      clientSignature: signature,
      client: accountOf(client),
      worker: accountOf('worker')
    }
    return receipt
  }

  /** What everybody has been paid after all epochs, and some more in which whatever still waits is divided. */
  function play(
    strategy: Strategy,
    keeping: KeptBackRule | null = null
  ): { paid: Map<Address, bigint>; cost: bigint; left: bigint } {
    const after = 2 + (keeping?.epochs ?? 0)
    let previous: { cid: string; bundle: EpochBundle } | undefined
    const channels = new Map<Hex, ChannelFacts>()
    const scorings = new Map<Hex, readonly Scored[]>()
    const totals = new Map<string, { sequence: bigint; total: bigint }>()
    let [cost, donated] = [0n, 0n]
    let waiting: CosignedReceipt[] = []
    const answer = (
      client: string,
      by: Measure,
      fee: bigint,
      {
        worth,
        otherwise,
        unseen,
        scorers = [scorer, seat]
      }: { worth: readonly number[]; otherwise?: readonly number[] | undefined; unseen: boolean; scorers?: Address[] }
    ) => {
      const known = totals.get(`${client} ${by.model}`) ?? { sequence: 0n, total: 0n }
      const next = { sequence: known.sequence + 1n, total: known.total + fee }
      totals.set(`${client} ${by.model}`, next)
      const receipt = made(client, next.sequence, fee, next.total, by, unseen)
      if (!unseen) {
        const measured = {
          ...measuredOf(by, weighingOf(by, worth)),
          ...(otherwise === undefined ? {} : { counterfactual: weighingOf(by, otherwise) })
        }
        attributionOf(by, measured)
        scorings.set(
          receiptId(network, receipt),
          scorers.map((one): Scored => ({ scorer: one, signature: '0x', path: [], ...measured }))
        )
      }
      // The channel pays at once, by its model's split, rounded as the contract does.
      const { channel } = receipt.receipt.message
      const facing = channels.get(channel)
      const [before, brought] = [facing?.claims ?? [], (fee * BigInt(by.dataPoints)) / 10_000n]
      const data = (before.at(-1)?.data ?? 0n) + (by === honest || by === newer ? dataPartOf(fee) : brought)
      channels.set(channel, {
        client: receipt.client,
        worker: receipt.worker,
        model: by.model,
        claimed: next.total,
        claims: [...before, { claimed: next.total, data }],
        expiry: 10n ** 9n
      })
      return { receipt, data: data - (before.at(-1)?.data ?? 0n) }
    }
    for (let epoch = 1; epoch <= epochs + after; epoch++) {
      const move = strategy[epoch - 1] ?? { receipts: [], leftOut: 0, gift: 0n }
      const fresh =
        epoch > epochs
          ? []
          : [
              answer('client', honest, 1_000_003n, { worth: [4000, 1500, 200], unseen: false }),
              answer('other', honest, 77_777n, { worth: [0, 6000, -100], unseen: false }),
              // What one of the group has taught, and is hardly believed in.
              answer('friend', honest, 55_555n, { worth: [0, 0, 8000], otherwise: [2000, 4000, 0], unseen: false }),
              answer('private', honest, 500_001n, { worth: [], unseen: true })
            ].map(({ receipt }) => receipt)
      // From the second epoch on people ask the later version, too.
      if (epoch > 1 && epoch <= epochs && keeping !== null)
        fresh.push(answer('client', newer, 600_000n, { worth: [5000, 1000, 0], unseen: false }).receipt)
      if (epoch === 2) donated += 999_999n
      const ours = move.receipts.flatMap(({ model, channel, fee, worth, otherwise, unseen, hidden, own: alone }) => {
        const by = measures[model] ?? honest
        const { receipt, data } = answer(`sybil ${channel}`, by, fee, {
          worth: (boasts[worth] ?? []).slice(-by.players.length),
          otherwise: boasts[otherwise]?.slice(-by.players.length),
          unseen,
          ...(alone ? { scorers: [seat] } : {})
        })
        cost += data
        return hidden ? [] : [receipt]
      })
      cost += move.gift
      donated += move.gift
      // What was left out once is held by others by now: leaving it out again is vetoed.
      const left = fresh.filter((_, i) => (move.leftOut >> i) & 1)
      const counted = [...waiting, ...fresh.filter(one => !left.includes(one)), ...ours].filter(({ receipt }) => {
        const claims = channels.get(receipt.message.channel)?.claims ?? []
        return dataOf(claims, [stretchOf(receipt.message)]) > 0n
      })
      waiting = left
      const receipts = counted.toSorted(inOrder)
      const claimsOf = (channel: Hex) => channels.get(channel)?.claims ?? []
      const bundle = buildEpoch({
        network,
        pool,
        epoch,
        receipts,
        data: receipts.map(({ receipt: { message } }) => dataOf(claimsOf(message.channel), [stretchOf(message)])),
        dataOf: ({ channel, stretches }) => dataOf(claimsOf(channel), stretches),
        channels,
        scorings,
        measures: new Map(all.map(measure => [measure.model, measure])),
        heldOut: documents,
        deposited: donated + sum([...channels.values()].map(({ claims }) => claims.at(-1)?.data ?? 0n)),
        donated,
        at: 1000n,
        previous,
        seed: keccak('seed'),
        panel: [scorer, seat],
        builders: new Map(all.map(({ model }) => [model, accountOf('builder')])),
        versions,
        keeping
      })
      previous = { cid: `bundle ${epoch}`, bundle }
    }
    const last = previous?.bundle ?? assert.fail()
    return {
      paid: new Map(last.payouts.map(({ account, cumulative }) => [account, cumulative])),
      cost,
      left: last.held + last.open + last.keptBack
    }
  }

  const usual = play(quiet)
  /** What the group gets beyond what it would have got anyway, and beyond what it paid in; and what others lose. */
  function outcome(
    strategy: Strategy,
    keeping: KeptBackRule | null = null,
    usual: ReturnType<typeof play> = play(quiet, keeping)
  ): { gain: bigint; harm: bigint } {
    const { paid, cost, left } = play(strategy, keeping)
    assert.equal(sum(paid.values()) + left, sum(usual.paid.values()) + usual.left + cost)
    const more = (account: Address): bigint => (paid.get(account) ?? 0n) - (usual.paid.get(account) ?? 0n)
    return {
      gain: sum([...group, seat].map(more)) - cost,
      harm: -[...organic, scorer].map(more).reduce((least, one) => (one < least ? one : least), 0n)
    }
  }

  const moveFrom = (random: (below: number) => number): Move => ({
    receipts: Array.from({ length: random(4) }, () => ({
      model: random(3),
      channel: random(2),
      fee: BigInt(random(1000)) * 10n ** BigInt(random(8)),
      worth: random(boasts.length),
      otherwise: random(2 * boasts.length),
      unseen: random(5) === 0,
      hidden: random(4) === 0,
      own: random(2) === 0
    })),
    leftOut: random(16),
    gift: random(4) === 0 ? BigInt(random(1_000_000)) : 0n
  })

  it('over epochs a group gets at most what it paid in, and nobody else gets less, however it looks for a way', () => {
    const random = randomFrom(7)
    let tried = 0
    for (let climb = 0; climb < 12; climb++) {
      let best: Strategy = Array.from({ length: epochs }, () => moveFrom(random))
      let found = outcome(best, null, usual)
      for (let step = 0; step < 40; step++) {
        const next = best.with(random(epochs), moveFrom(random))
        const result = outcome(next, null, usual)
        tried++
        assert.ok(result.gain <= 0n, `the group wins ${result.gain} by ${canonicalJson(next)}`)
        assert.equal(result.harm, 0n, `others lose ${result.harm} by ${canonicalJson(next)}`)
        // Uphill: towards a way that wins, or that harms.
        if (result.gain >= found.gain) [best, found] = [next, result]
      }
    }
    assert.equal(tried, 480)
  })

  it('it gets no more where a part is kept back, and others no less, but for the rounding of what waited', () => {
    const keeping = { share: 3_000, epochs: 3, seconds: 10_000_000 }
    const before = play(quiet, keeping)
    // Something was settled again: whom later versions have shown to add less has less than at once.
    assert.ok((before.paid.get(group[0]!) ?? 0n) < (play(quiet, { ...keeping, share: 1 }).paid.get(group[0]!) ?? 0n))
    // Of answers that went by held-out values a row keeps one sum, which is cut into whole units as one.
    const rounding = BigInt(2 * epochs)
    const random = randomFrom(11)
    for (let climb = 0; climb < 6; climb++) {
      let best: Strategy = Array.from({ length: epochs }, () => moveFrom(random))
      let found = outcome(best, keeping, before)
      for (let step = 0; step < 20; step++) {
        const next = best.with(random(epochs), moveFrom(random))
        const result = outcome(next, keeping, before)
        assert.ok(result.gain <= rounding, `the group wins ${result.gain} by ${canonicalJson(next)}`)
        assert.ok(result.harm <= rounding, `others lose ${result.harm} by ${canonicalJson(next)}`)
        if (result.gain >= found.gain) [best, found] = [next, result]
      }
    }
  })

  it('a settler who leaves others’ receipts out changes when they are paid, and not what', () => {
    for (let bits = 1; bits < 16; bits++) {
      const lazy = quiet.map(move => ({ ...move, leftOut: bits }))
      assert.deepEqual(play(lazy).paid, usual.paid)
    }
  })
})
