import { receiptId } from '../../../protocol/payouts/index.ts'
import type { EpochBundle } from '../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../protocol/models/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import { describeError } from '../../../protocol/primitives/index.ts'
import { channelOf, dataPartOf, expiry, model, network, receipt } from '../../protocol/payouts/world.ts'
import { createChance } from '../chance.ts'
import { faultsOf, hear, honestEpoch, made } from './peers.ts'
import type { Peer, PoolOnChain } from './peers.ts'

// One seed's story of money: clients ask workers over channels, receipts reach whoever they reach, channels are
// redeemed in between, somebody gives the pool something, and six settle in turn and look at each other's epochs, two
// of whom lie in both. In the end everybody has heard everything, and each unit has to be somewhere.

export interface MoneyTold {
  readonly seed: number
  readonly told: readonly string[]
  readonly faults: readonly string[]
  readonly receipts: number
  readonly epochs: number
  readonly vetoed: number
}

const steps = 60
const [clients, workers] = [4, 3]
const names = ['one', 'two', 'three', 'four', 'fifth liar', 'sixth liar']

export function tellMoney(seed: number, length = steps): MoneyTold {
  const told: string[] = []
  const faults = new Set<string>()
  const sum = { receipts: 0, epochs: 0, vetoed: 0 }
  try {
    play(
      seed,
      length,
      text => void told.push(text),
      text => faults.add(text),
      sum
    )
  } catch (error) {
    faults.add(`the story broke off: ${describeError(error)}`)
  }
  return { seed, told, faults: [...faults], ...sum }
}

/** The story as short as what was found in it still is. */
export function shortest(found: MoneyTold): MoneyTold {
  for (let length = 1; length < steps; length++) {
    const story = tellMoney(found.seed, length)
    if (story.faults.length > 0) return story
  }
  return found
}

function play(
  seed: number,
  length: number,
  tell: (text: string) => void,
  fault: (text: string) => void,
  sum: { receipts: number; epochs: number; vetoed: number }
): void {
  const chance = createChance(seed)
  const chain: PoolOnChain = {
    channels: new Map(),
    longClaimed: new Map(),
    deposited: 0n,
    donated: 0n,
    last: undefined
  }
  const peers = names.map((name): Peer => ({ name, isHonest: !name.endsWith('liar'), heard: new Map(), long: [] }))
  /** By channel: what was answered, and what of it is counted by final epochs. */
  const answered = new Map<Hex, CosignedReceipt[]>()
  const counted = new Map<Hex, number>()
  const claimed = new Map<Address, bigint>()
  const all = (): CosignedReceipt[] => [...answered.values()].flat()

  function ask(): void {
    const [client, worker] = [`client ${chance.below(clients)}`, `worker ${chance.below(workers)}`]
    const channel = channelOf(client, worker)
    const before = answered.get(channel) ?? []
    const fee = BigInt(1 + chance.below(1_000_000)) * 10n ** BigInt(chance.below(12))
    const total = (before.at(-1)?.receipt.message.total ?? 0n) + fee
    const sequence = BigInt(before.length + 1)
    const one = receipt({ client, worker, sequence, fee, total, confidential: chance.happens(0.2) })
    answered.set(channel, [...before, one])
    sum.receipts++
    // Its parties have it, and show it to somebody; what nobody shows for two epochs is divided without it.
    const shown = chance.pick(peers.filter(({ isHonest }) => isHonest))
    const heard = peers.filter(peer => chance.happens(0.5) || peer === shown)
    for (const peer of heard) hear(peer, one)
    tell(`${client} pays ${worker} ${fee}; heard by ${heard.map(({ name }) => name).join(', ') || 'nobody'}`)
  }
  function redeem(channel: Hex, upTo: CosignedReceipt): void {
    const { total } = upTo.receipt.message
    const before = chain.channels.get(channel)
    if (total <= (before?.claimed ?? 0n)) return
    const data = dataPartOf(total)
    chain.deposited += data - (before?.claims.at(-1)?.data ?? 0n)
    const { client, worker } = upTo
    const claims = [...(before?.claims ?? []), { claimed: total, data }]
    chain.channels.set(channel, { client, worker, model, claimed: total, claims, expiry })
  }

  /** Everybody tells everybody else what it has: liars nothing, and they hear all. */
  function compare(): void {
    for (const peer of peers) peer.long = [...peer.heard.values()]
    for (const from of peers) if (from.isHonest) for (const one of from.long) for (const to of peers) hear(to, one)
  }

  /** What a liar makes of it; undefined where there is nothing to take. */
  function bent(bundle: EpochBundle): EpochBundle | undefined {
    const { receipts, payouts, epoch } = bundle
    const [first] = receipts
    switch (chance.below(4)) {
      case 0: {
        // One of several that others have had for long: a model of which an epoch divides nothing waits, and what
        // reached them a moment ago may be left out until the next epoch.
        const isKnown = (one: CosignedReceipt): boolean =>
          peers.every(({ isHonest, long }) => !isHonest || long.includes(one))
        const known = receipts.find(isKnown)
        return known === undefined || receipts.length < 2
          ? undefined
          : made(
              chain,
              receipts.filter(one => one !== known),
              epoch
            )
      }
      case 1: {
        const old = chain.last?.bundle.receipts[0]
        return old === undefined ? undefined : { ...bundle, receipts: [old, ...receipts] }
      }
      case 2: {
        const rich = payouts.findIndex(({ share }) => share > 0n)
        const other = payouts.findIndex((_, i) => i !== rich)
        if (rich < 0 || other < 0) return undefined
        const move = (line: (typeof payouts)[number], by: bigint) => ({
          ...line,
          share: line.share + by,
          cumulative: line.cumulative + by
        })
        const moved = payouts.map((line, i) => (i === rich ? move(line, -1n) : i === other ? move(line, 1n) : line))
        return { ...bundle, payouts: moved }
      }
      default: {
        if (first === undefined) return undefined
        const forged = { ...first, clientSignature: first.receipt.signature }
        return { ...bundle, receipts: [forged, ...receipts.slice(1)] }
      }
    }
  }

  function settle(proposer: Peer): void {
    compare()
    const right = honestEpoch(chain, proposer.heard.values())
    const bundle = proposer.isHonest ? right : bent(right)
    if (bundle === undefined) return
    const found = new Map(peers.map(peer => [peer, peer.isHonest ? faultsOf(chain, peer, bundle) : []]))
    const against = peers.filter(peer => (peer.isHonest ? (found.get(peer)?.length ?? 0) > 0 : proposer.isHonest))
    const codes = [...new Set([...found.values()].flat())].join(', ')
    // [invariant] No honest epoch is opposed by anybody honest, and so no honest bond is lost.
    if (proposer.isHonest && codes !== '') fault(`epoch ${bundle.epoch} of ${proposer.name} is opposed for ${codes}`)
    if (3 * against.length > peers.length) {
      sum.vetoed++
      tell(`epoch ${bundle.epoch} of ${proposer.name} is vetoed: ${codes}`)
      return
    }
    // [invariant] What is bent does not become final: it would pay somebody else.
    if (!proposer.isHonest) fault(`a bent epoch ${bundle.epoch} of ${proposer.name} is final`)
    final(bundle)
    tell(`epoch ${bundle.epoch} of ${proposer.name} is final, with ${bundle.receipts.length} receipts`)
  }
  function final(bundle: EpochBundle): void {
    sum.epochs++
    for (const one of bundle.receipts) {
      const id = receiptId(network, one)
      counted.set(id, (counted.get(id) ?? 0) + 1)
    }
    // [invariant] What came into the pool is what accounts may claim, what is held, and what waits.
    if (bundle.deposited !== bundle.payoutsTotal + bundle.held + bundle.open)
      fault(
        `epoch ${bundle.epoch} has ${bundle.deposited}, and ${bundle.payoutsTotal + bundle.held + bundle.open} of it`
      )
    // [invariant] Nobody may claim less than before.
    for (const [account, before] of claimed)
      if ((bundle.payouts.find(line => line.account === account)?.cumulative ?? 0n) < before)
        fault(`${account} has claimed ${before} and may claim less`)
    chain.longClaimed = new Map([...chain.channels].map(([channel, facts]) => [channel, facts.claimed]))
    chain.last = { cid: `bafyepoch${bundle.epoch}`.padEnd(50, 'a'), bundle }
  }
  function claim(): void {
    const lines = chain.last?.bundle.payouts ?? []
    if (lines.length === 0) return
    const { account, cumulative } = chance.pick(lines)
    claimed.set(account, cumulative)
    // [invariant] The pool always holds what it owes.
    const out = [...claimed.values()].reduce((total, one) => total + one, 0n)
    if (out > chain.deposited) fault(`${out} was claimed of ${chain.deposited}`)
  }

  for (let step = 0; step < length; step++) {
    const what = chance.below(20)
    if (what < 10) ask()
    else if (what < 14) {
      const [channel, receipts] = chance.pick([...answered, [undefined, []] as const])
      if (channel !== undefined) redeem(channel, chance.pick(receipts))
    } else if (what < 15) {
      const gift = BigInt(chance.below(1_000_000))
      chain.donated += gift
      chain.deposited += gift
    } else if (what < 17) claim()
    else settle(chance.pick(peers))
  }
  // All is redeemed and heard; two epochs of somebody honest divide the rest.
  for (const [channel, receipts] of answered) redeem(channel, receipts.at(-1) as CosignedReceipt)
  for (const one of all()) for (const peer of peers) hear(peer, one)
  for (let i = 0; i < 2; i++) settle(peers[i] as Peer)
  // [invariant] Every receipt that brought something counted once.
  for (const one of all()) {
    const { fee, sequence } = one.receipt.message
    const times = counted.get(receiptId(network, one)) ?? 0
    if (times !== 1) fault(`receipt ${sequence} of ${fee} counted ${times} times`)
  }
}
