import { digest, signStatement } from '../../../protocol/crypto/index.ts'
import type { Signed } from '../../../protocol/crypto/index.ts'
import { creditOf, deposited, disputed, feeOf, openChannel, paidUp } from '../../../protocol/models/index.ts'
import type { ChannelState, CosignedReceipt, InferenceContent } from '../../../protocol/models/index.ts'
import { contentHash, TilthError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { ChannelOnChain } from '../../chain/types.ts'
import { createCache, createQueue } from '../../runtime/index.ts'
import { createHeld } from '../held.ts'
import { receiptsAfter } from '../recalling.ts'
import type { ChainTime } from '../chain-time.ts'
import type { AskingParts } from '../deps.ts'
import type { SignedOffer } from '../offers.ts'
import type { Receipts } from '../receipts.ts'
import { inChannel } from '../records.ts'
import type { AskRecord, ClientChannel, Tables } from '../records.ts'
import type { Ask, Purse } from './purse.ts'
import { createClientSigning } from './signing.ts'
import type { ClientSigning } from './signing.ts'

export interface Wallet extends ClientSigning {
  /**
   * A request, on its way to the disk, and a channel with room for its fee: one that is open, topped up if need be, or
   * a new one.
   * @throws as the chain
   */
  begin(request: {
    offer: SignedOffer
    content: InferenceContent
    seed: bigint
    maxFee: bigint
    confidential: boolean
    /** Who gives up waits for no block: a channel that was opened is there for the next request. */
    signal?: AbortSignal
    /** Only from what is deposited: no channel is opened or topped up for it. Else TilthError `channel.exhausted`. */
    deposited?: boolean
  }): Promise<{ purse: Purse; ask: Ask }>
  /** Whether a channel with this worker is open already: else `begin` pays a deposit and gas for a new one. */
  holds(offer: SignedOffer): Promise<boolean>
  /** Whether such a channel has room for a fee as well, so that no transaction is sent for it. */
  hasRoom(offer: SignedOffer, fee: bigint): Promise<boolean>
  find(channel: Hex): Promise<Purse | undefined>
  /** Those that are not closed. */
  open(): AsyncIterable<Purse>
  /** All channels as they are on disk, by id. */
  records(range?: { from?: string }): AsyncIterable<ClientChannel>
  /** A channel of ours that the chain knows: perhaps opened just before a crash. */
  adopt(onChain: Pick<ChannelOnChain, 'id' | 'worker' | 'model' | 'deposit' | 'expiry'>): Promise<Purse>
  /** The request was taken: its prompt counts from now on. */
  accepted(purse: Purse, ask: Ask, inputTokens: number, creditTokens: number): Promise<void>
  /** The attempt is over: what it got stays owed until a receipt says so. */
  ended(purse: Purse, ask: Ask): Promise<void>
  /** The worker has said that it has the countersignatures of receipts up to this one. */
  handed(purse: Purse, sequence: bigint): Promise<void>
  /** The worker has said that it has nothing more to sign for asks that ended before. */
  nothingLeft(purse: Purse, before: ReadonlySet<Hex>): Promise<void>
  /** What has come on this channel, priced by its offers. */
  owed(purse: Purse): bigint
  /** What is promised beyond that: prompts that were paid before an answer, of which none came. */
  ahead(purse: Purse): bigint
  /** How far workers let that be ahead of what is paid: the credits of the answers that are coming. */
  credit(purse: Purse): bigint
  /** The highest voucher so far; null if nothing was promised. */
  voucher(purse: Purse): Signed<'Voucher'> | null
  /**
   * Promises up to a sum. On disk before it is returned, with what `ask` has received. Undefined if an earlier one
   * does.
   */
  pay(purse: Purse, cumulative: bigint, ask: Ask): Promise<Signed<'Voucher'> | undefined>
  /** Receipts after one of them that both have signed, in their order, as far as they are kept. */
  receiptsAfter(purse: Purse, sequence: bigint): Promise<CosignedReceipt[]>
  /** What was asked before then and never signed for is given up, and channels that ended. @returns how much */
  expire(before: bigint): Promise<number>
  dispute(purse: Purse, code: string): Promise<void>
  update(purse: Purse, change: (channel: ChannelState) => ChannelState): Promise<void>
}

/** Channels in memory beside those in use. */
const mostHeld = 1024

/** What was refused has moved nothing. What may have been done all the same, or was, is not done once more. */
function requireUndone(error: unknown): void {
  if (!(error instanceof TilthError && error.consequence === 'reject')) throw error
}

const payableKey = ({ worker, model, id }: Pick<ClientChannel, 'worker' | 'model' | 'id'>): string =>
  `${worker}/${model}/${id}`

/** What this node has promised to workers, on disk before it is promised. */
export function createWallet(
  parts: AskingParts,
  tables: Pick<Tables, 'clientChannels' | 'payable' | 'asks'>,
  receipts: Pick<Receipts, 'get' | 'keep' | 'announce'>,
  time: ChainTime
): Wallet {
  const { store, network, key, chain, policy, timing, log, now } = parts
  const held = createHeld(read, mostHeld)
  /** The channel that was used last for a worker and model: the next question finds it without the disk. */
  const lately = createCache<string, Hex>({ max: mostHeld })
  const toppingUp = new Map<Hex, Promise<void>>()
  const queue = createQueue({ name: 'channels', bound: 4096, concurrency: 256, metrics: parts.metrics })

  /** A channel with what was asked on it and not signed for. An ask that is live has somebody who holds it. */
  async function read(id: Hex): Promise<Purse | undefined> {
    const record = await tables.clientChannels.get(id)
    if (record === undefined) return undefined
    const asks = new Map<Hex, Ask>()
    for await (const ask of tables.asks.values({ prefix: inChannel(id, '') })) {
      const request = digest(network, 'InferenceRequest', ask.statement.message)
      const received = [...ask.received]
      asks.set(request, { id: request, record: ask, received, live: false, written: Promise.resolve() })
    }
    return { id, record, asks, spent: false, stored: true, recalled: false }
  }
  async function save(purse: Purse): Promise<void> {
    const { id, record } = purse
    await store.batch(batch => {
      batch.put(tables.clientChannels, id, record)
      if (record.channel.state === 'closed') batch.delete(tables.payable, payableKey(record))
      else batch.put(tables.payable, payableKey(record), true)
    })
    purse.stored = true
  }
  async function* open(prefix = ''): AsyncGenerator<Purse> {
    for await (const key of tables.payable.keys({ prefix })) {
      const purse = await held.get((key.split('/')[2] ?? '0x') as Hex)
      if (purse !== undefined) yield purse
    }
  }
  const feeSoFar = ({ record: { offer, inputTokens }, received }: Ask): bigint =>
    feeOf(offer.message, inputTokens, received.length)
  /** Nothing more is promised for it. */
  const isOver = ({ record: { over, uncertain } }: Ask): boolean => over || uncertain === true
  const owed = (purse: Purse): bigint =>
    [...purse.asks.values()].reduce(
      (sum, ask) => (isOver(ask) ? sum : sum + feeSoFar(ask)),
      purse.record.channel.settled
    )
  /** Whether it is known what was accepted: of what was asked before a restart it may not be. */
  const isKnown = ({ live, record }: Ask): boolean => live || record.creditTokens > 0
  /** Nothing was promised for an ask of which that is not known, so its worker gave what it gives unpaid. */
  const mostUnknown = ({ record: { offer, statement } }: Ask): bigint => {
    const credit = creditOf(offer.message, policy.mostUnpaidTokens)
    return credit < statement.message.maxFee ? credit : statement.message.maxFee
  }
  const mayOwe = (ask: Ask): bigint => {
    if (isOver(ask)) return 0n
    if (ask.live) return ask.record.statement.message.maxFee
    return isKnown(ask) ? feeSoFar(ask) : mostUnknown(ask)
  }
  /** What the deposit may still be needed for. */
  const committed = (purse: Purse): bigint =>
    [...purse.asks.values()].reduce((sum, ask) => sum + mayOwe(ask), purse.record.channel.settled)
  function sign(purse: Purse, cumulative: bigint): Signed<'Voucher'> {
    const last = purse.signed
    if (last?.message.cumulative === cumulative) return last
    const signed = signStatement(network, 'Voucher', { channel: purse.id, cumulative }, key)
    purse.signed = signed
    return signed
  }
  const voucher = (purse: Purse): Signed<'Voucher'> | null =>
    purse.record.channel.paid === 0n ? null : sign(purse, purse.record.channel.paid)

  async function adopt({
    id,
    worker,
    model,
    deposit,
    expiry
  }: Pick<ChannelOnChain, 'id' | 'worker' | 'model' | 'deposit' | 'expiry'>): Promise<Purse> {
    const known = await held.get(id)
    if (known !== undefined) {
      if (!known.stored) await save(known)
      return known
    }
    const record: ClientChannel = { id, worker, model, expiry, channel: openChannel(deposit), endedAt: 0n, handed: 0n }
    const fresh = { id, record, spent: false, stored: false, recalled: false }
    const purse = held.keep(id, () => ({ ...fresh, asks: new Map<Hex, Ask>() }))
    await save(purse)
    return purse
  }

  async function openNew(
    { worker, model }: { worker: Address; model: Hex },
    need: bigint,
    chainNow: bigint,
    signal: AbortSignal | undefined
  ): Promise<Purse> {
    const expiry = chainNow + BigInt(policy.channelSeconds)
    const wish = need * BigInt(policy.depositRequests)
    const openWith = async (deposit: bigint): Promise<{ purse: Purse; block: bigint }> => {
      const { channel, block } = await chain.channels.open({ worker, model, deposit, expiry })
      const purse = await adopt({ id: channel, worker, model, deposit, expiry })
      purse.recalled = true
      return { purse, block }
    }
    const { purse, block } = await openWith(wish).catch((error: unknown) => {
      requireUndone(error)
      // A balance too small for the usual deposit may still hold this one fee.
      log.debug('a channel with the usual deposit could not be opened', { error })
      return openWith(need)
    })
    // A worker serves it no sooner, mostly.
    await chain.ledger.untilConfirmed(block, signal).catch((error: unknown) => {
      if (signal?.aborted !== true) throw error
    })
    return purse
  }

  async function usableFor(worker: Address, model: Hex, chainNow: bigint): Promise<Purse | undefined> {
    const at = `${worker}/${model}/`
    const isUsable = ({ record, spent }: Purse): boolean =>
      !spent && record.channel.state === 'open' && record.expiry > chainNow + 2n * BigInt(timing.marginSeconds)
    const last = lately.get(at)
    const known = last === undefined ? undefined : await held.get(last)
    if (known !== undefined && isUsable(known)) return known
    for await (const purse of open(at)) {
      if (!isUsable(purse)) continue
      lately.set(at, purse.id)
      return purse
    }
    return undefined
  }

  const free = (purse: Purse): bigint => purse.record.channel.deposit - committed(purse)

  async function purseFor({
    offer,
    maxFee: need,
    signal,
    deposited: only = false
  }: Pick<Parameters<Wallet['begin']>[0], 'offer' | 'maxFee' | 'signal' | 'deposited'>): Promise<Purse> {
    const { worker, model } = offer.message
    const chainNow = await time.now()
    const usable = await usableFor(worker, model, chainNow)
    // Who has given up by now sends no transaction.
    signal?.throwIfAborted()
    if (only) {
      if (usable !== undefined && free(usable) >= need) return usable
      throw new TilthError('channel.exhausted', 'no channel that is open has room for it', { consequence: 'ignore' })
    }
    if (usable === undefined) return openNew({ worker, model }, need, chainNow, signal)
    const [id, purse] = [usable.id, usable]
    // What is on its way may be for smaller requests than this one.
    if (free(purse) < need && toppingUp.has(id)) await toppedUp(purse, need)
    if (free(purse) < need) await toppedUp(purse, need)
    // Before the deposit is used up, so that no request waits for a transaction.
    else if (free(purse) * 4n < need * BigInt(policy.depositRequests))
      toppedUp(purse, need).catch((error: unknown) => {
        log.info('a channel could not be topped up', { channel: id, error })
      })
    return purse
  }

  /** Tops a channel up for further requests like this one; one transaction at a time. */
  function toppedUp(purse: Purse, need: bigint): Promise<void> {
    const running = toppingUp.get(purse.id)
    if (running !== undefined) return running
    const by = async (more: bigint): Promise<void> => {
      // The chain's own news of it may come first, so the new deposit is a sum, not a step.
      const deposit = purse.record.channel.deposit + more
      await chain.channels.topUp(purse.id, more)
      await wallet.update(purse, channel => deposited(channel, deposit))
    }
    const next = by(need * BigInt(policy.depositRequests))
      .catch((error: unknown) => {
        requireUndone(error)
        // As with a new channel, a small balance may still hold this one fee.
        log.debug('a channel could not be topped up by the usual sum', { error })
        return by(need)
      })
      .finally(() => toppingUp.delete(purse.id))
    toppingUp.set(purse.id, next)
    return next
  }

  function beginOn(purse: Purse, { content, offer, seed, maxFee, confidential }: Parameters<Wallet['begin']>[0]): Ask {
    const message = {
      channel: purse.id,
      model: purse.record.model,
      content: contentHash(content),
      seed,
      maxFee,
      issuedAt: now(),
      confidential
    }
    const id = digest(network, 'InferenceRequest', message)
    const record: AskRecord = {
      statement: signStatement(network, 'InferenceRequest', message, key),
      content,
      offer,
      inputTokens: 0,
      creditTokens: 0,
      received: [],
      over: false
    }
    const written = tables.asks.put(inChannel(purse.id, id), record)
    written.catch(() => undefined) // whoever asks waits for it
    const ask: Ask = { id, record, received: [], live: true, written }
    purse.asks.set(id, ask)
    return ask
  }

  const signing = createClientSigning(parts, tables, receipts, queue, { owed, isKnown, mostUnknown, voucher })

  const wallet: Wallet = {
    // One at a time for a worker and model: two that find room at once would share the same room.
    begin: request =>
      queue.run(`${request.offer.message.worker} ${request.offer.message.model}`, async () => {
        const purse = await purseFor(request)
        return { purse, ask: beginOn(purse, request) }
      }),
    holds: async ({ message: { worker, model } }) => (await usableFor(worker, model, await time.now())) !== undefined,
    async hasRoom({ message: { worker, model } }, fee) {
      const usable = await usableFor(worker, model, await time.now())
      return usable !== undefined && free(usable) >= fee
    },
    find: id => held.get(id),
    open: () => open(),
    records: range => tables.clientChannels.values(range),
    adopt,
    async accepted(purse, ask, inputTokens, creditTokens) {
      ask.record = { ...ask.record, inputTokens, creditTokens }
      // Nobody who reads the answer waits for it; without it whoever comes back owes what no machine has seen come.
      await tables.asks.put(inChannel(purse.id, ask.id), ask.record)
    },
    async ended(purse, ask) {
      ask.live = false
      if (!purse.asks.has(ask.id)) return
      // What was never accepted can have no receipt; an accepted answer may even be empty.
      if (ask.record.creditTokens === 0) {
        purse.asks.delete(ask.id)
        await tables.asks.delete(inChannel(purse.id, ask.id))
        return
      }
      ask.record = { ...ask.record, received: [...ask.received] }
      await tables.asks.put(inChannel(purse.id, ask.id), ask.record)
    },
    async handed(purse, sequence) {
      if (sequence <= purse.record.handed) return
      purse.record = { ...purse.record, handed: sequence }
      // One that is forgotten costs a needless look.
      await tables.clientChannels.put(purse.id, purse.record, { sync: false })
    },
    async nothingLeft(purse, before) {
      for (const ask of purse.asks.values()) {
        if (!before.has(ask.id) || ask.live || ask.record.over) continue
        ask.record = { ...ask.record, over: true }
        await tables.asks.put(inChannel(purse.id, ask.id), ask.record)
      }
    },
    owed,
    ahead(purse) {
      const { paid } = purse.record.channel
      const all = owed(purse)
      return paid > all ? paid - all : 0n
    },
    credit: purse => {
      let sum = 0n
      for (const { live, record } of purse.asks.values())
        if (live && record.creditTokens > 0) sum += creditOf(record.offer.message, record.creditTokens)
      return sum
    },
    voucher,
    async pay(purse, cumulative, ask) {
      if (cumulative <= purse.record.channel.paid) return undefined
      purse.record = { ...purse.record, channel: paidUp(purse.record.channel, cumulative) }
      ask.record = { ...ask.record, received: [...ask.received] }
      await store.batch(batch => {
        batch
          .put(tables.clientChannels, purse.id, purse.record)
          .put(tables.asks, inChannel(purse.id, ask.id), ask.record)
      })
      return sign(purse, cumulative)
    },
    ...signing,
    receiptsAfter: ({ record }, sequence) => receiptsAfter(receipts, record, sequence),
    async expire(before) {
      let count = 0
      const drop = async (purse: Purse, id: Hex): Promise<void> => {
        purse.asks.delete(id)
        await tables.asks.delete(inChannel(purse.id, id))
        count++
      }
      for await (const { statement } of tables.asks.values()) {
        if (statement.message.issuedAt >= before) continue
        const purse = await held.get(statement.message.channel)
        const id = digest(network, 'InferenceRequest', statement.message)
        if (purse === undefined) await tables.asks.delete(inChannel(statement.message.channel, id))
        else if (purse.asks.get(id)?.live !== true) await drop(purse, id)
      }
      for await (const { id, endedAt } of tables.clientChannels.values()) {
        if (endedAt === 0n || endedAt >= before) continue
        const purse = await held.get(id)
        if (purse === undefined || purse.record.channel.state !== 'closed') continue
        for (const request of purse.asks.keys()) await drop(purse, request)
        held.drop(id)
        await tables.clientChannels.delete(id)
        count++
      }
      return count
    },
    async dispute(purse, code) {
      purse.spent = true
      if (purse.record.channel.state === 'open' || purse.record.channel.state === 'closing')
        await wallet.update(purse, channel => disputed(channel, code.slice(0, 60)))
    },
    async update(purse, change) {
      const channel = change(purse.record.channel)
      if (channel === purse.record.channel) return
      const closed = channel.state === 'closed'
      purse.record = { ...purse.record, channel, endedAt: closed ? now() : 0n }
      await save(purse)
      // After the write: whoever looks for it from now on reads what is written.
      if (closed) held.drop(purse.id)
    }
  }
  return wallet
}
