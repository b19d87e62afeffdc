import type { Libp2pOptions } from 'libp2p'
import { addressOfKey } from '../protocol/crypto/index.ts'
import { isAgent, route as routeForm } from '../protocol/models/index.ts'
import {
  InvalidError,
  TilthError,
  anySignal,
  bytes32,
  fromHex,
  readAs,
  toHex,
  zeroHash
} from '../protocol/primitives/index.ts'
import type { Address, Hex } from '../protocol/primitives/index.ts'
import { createClient } from '../node/models/client/client.ts'
import { createAcquaintance } from '../node/models/client/workers.ts'
import { defaultPolicy, defaultTiming } from '../node/models/deps.ts'
import type { AskingParts } from '../node/models/deps.ts'
import { openTables as openModelTables } from '../node/models/records.ts'
import type { ModelEvents } from '../node/models/types.ts'
import { systemClock } from '../node/runtime/clock.ts'
import { createEvents } from '../node/runtime/events.ts'
import { answering } from './answer.ts'
import { openBudget } from './budget.ts'
import { channelView } from './channels.ts'
import { connectChain, developmentChain } from './chain.ts'
import { listing } from './listing.ts'
import { logTo } from './log.ts'
import { createMarket } from './market.ts'
import { withNotes } from './openings.ts'
import { checkAsk, checkConnect } from './options.ts'
import { startPeer } from './peer/peer.ts'
import { openReceipts, receiptOf } from './receipts.ts'
import { openTables } from './storage/tables.ts'
import type { ConnectOptions, NetworkDescription, Tilth } from './types.ts'

/** What differs between a page and a process. */
export interface Surroundings {
  readonly transports: NonNullable<Libp2pOptions['transports']>
  /** Whether these can dial an address. */
  readonly dialled: (address: string) => boolean
  readonly rpcOf: (chain: NetworkDescription['chain']) => string | undefined
}

/** A light peer looks again for offers only where it knows of none, and tries one more worker where one fails. */
const { channelSeconds, mostUnpaidTokens } = defaultPolicy
const policy = { depositRequests: 8, mostUnpaidTokens, channelSeconds, attempts: 2 }
/** A page's reader waits less than a daemon's queue. */
const timingWith = (ms: number) => ({ ...defaultTiming, acceptMs: ms, silenceMs: ms, receiptMs: ms, busyMs: 20_000 })
const usualPatience = 30_000

function keyOf(given: Hex | Uint8Array): Uint8Array {
  try {
    const key = typeof given === 'string' ? fromHex(given) : given
    addressOfKey(key)
    return key
  } catch (cause) {
    throw new InvalidError('client.wallet', 'that is no private key', {
      help: 'Give 32 bytes, or them as 0x… in hexadecimal.',
      cause
    })
  }
}

/** Begins to be a light peer. @throws TilthError `client.*`, `chain.*` */
export async function connectWith(options: ConnectOptions, surroundings: Surroundings): Promise<Tilth> {
  checkConnect(options)
  const { network: description, limits = {} } = options
  const clock = systemClock
  const log = logTo(options.log)
  const key = keyOf(options.wallet.privateKey)
  const self = addressOfKey(key)
  const life = new AbortController()
  const rows = await options.storage.open(`tilth-${description.chain.chainId}-${self}`)
  const stops: (() => Promise<void>)[] = [() => rows.close()]
  const stopAll = async (): Promise<void> => {
    for (const stop of stops.splice(0).reverse())
      await stop().catch((error: unknown) => {
        log.warn('a part could not be stopped', { error })
      })
  }

  try {
    const tables = await openTables(rows)
    const rpc = options.rpc ?? surroundings.rpcOf(description.chain)
    if (rpc === undefined)
      throw new InvalidError('client.network', 'the network’s description names no RPC of its chain', {
        help: 'Give one as `rpc` when connecting.'
      })
    const chain = await connectChain(description, {
      rpc,
      key: toHex(key),
      confirmations: options.confirmations,
      clock
    })
    stops.push(() => chain.stop())
    const { network } = chain
    const first = [...(options.peers ?? []), ...(description.bootstrap ?? [])]
    const isDevelopment = network.chainId === developmentChain
    const peer = await startPeer({ key, ...surroundings, first, isDevelopment }, { clock, log })
    stops.push(() => peer.stop())
    await peer.join()

    const openings = withNotes(chain, tables, log)
    const parts: AskingParts = {
      key,
      self,
      network,
      clock,
      log,
      events: createEvents<ModelEvents>(log),
      streams: { ...peer.streams, handle: () => async () => undefined },
      timing: timingWith(options.patience ?? usualPatience),
      policy,
      now: () => BigInt(Math.floor(clock.now() / 1000)),
      store: tables,
      chain: { ...chain, channels: openings.channels }
    }
    const acquaintance = createAcquaintance(parts)
    const market = createMarket(parts, { peer, chain, acquaintance })
    const receipts = await openReceipts(network, tables, id => {
      log.debug('a receipt', { id })
    })
    const client = createClient(parts, {
      tables: openModelTables(tables),
      receipts,
      board: market.board,
      acquaintance,
      async foundOutAt({ datanet }, worker, signal) {
        const at = datanet === zeroHash ? 0n : await chain.foundOutAt(datanet, worker, signal)
        return at === 0n ? undefined : at
      },
      // Prompts are bounded by their text: no tokenizer is fetched.
      speechFor: async () => undefined
    })
    const { perAsk = null, perDay = null } = limits
    const budget = await openBudget(tables, { perRequest: perAsk, perDay }, () => clock.now())
    await openings.catchUp(client.wallet)
    // What nobody signed for, and channels that ended, are not kept for ever.
    await client.wallet.expire(parts.now() - BigInt(Math.floor(defaultTiming.openingMs / 1000)))
    client.keeper.start()
    stops.push(async () => {
      client.keeper.stop()
      client.pool.stop()
    })
    // Where workers are is told with their offers; then what they have to sign is asked for.
    const settling = (async () => {
      for await (const _ of market.look({}, life.signal)) continue
      await client.keeper.reconcile(life.signal)
    })().catch((error: unknown) => {
      log.debug('receipts could not be settled', { error })
    })

    const running = new Set<Promise<unknown>>([settling])

    return {
      account: self,
      peers: () => peer.connected().map(({ peerId }) => peerId),
      offers({ signal, ...wanted } = {}) {
        const both = signal === undefined ? life.signal : anySignal([signal, life.signal])
        return listing({ market, acquaintance }, wanted, both)
      },
      ask(given) {
        checkAsk(given)
        const { maxFee, signal, route, ...request } = given
        if (life.signal.aborted) throw new TilthError('client.closed', 'this client was closed')
        // [reject] What an answer may cost is said beforehand.
        const most = maxFee ?? perAsk
        if (most === null)
          throw new InvalidError('ask.unbounded', 'it was not said what the answer may cost', {
            help: 'Give `maxFee`, or `limits.perAsk` when connecting, in the token’s smallest unit.'
          })
        const way = route === undefined ? {} : { route: readAs(routeForm, route, 'ask.invalid') }
        const outlay = budget.begin()
        const answer = answering(
          async (emit, both) => {
            try {
              // [reject] A model is its id, whatever a program without types may give.
              if (!bytes32.safeParse(request.model).success) throw unknownModel(request.model)
              await peer.join(both)
              const model = await market.model(request.model)
              if (model === undefined) throw unknownModel(request.model)
              // [reject] What is offered of an agent is its fee alone: its steps are asked by a node.
              if (isAgent(model)) throw anAgent(model.name)
              const asked = { ...request, ...way, model: model.id, maxPrice: most, budget: outlay }
              await client.asking(model, asked, emit, both, life.signal)
            } finally {
              await outlay.end()
            }
          },
          async result => {
            const signed = await Promise.all(result.receipts.map(id => receipts.get(id)))
            return signed.flatMap(receipt => (receipt === undefined ? [] : [receiptOf(network, receipt)]))
          },
          signal
        )
        const over = answer.result.catch(() => undefined).finally(() => running.delete(over))
        running.add(over)
        return answer
      },
      async balance() {
        const [tokens, gas] = await Promise.all([chain.tokens.balanceOf(self), chain.tokens.gasOf(self)])
        const sum = { deposited: 0n, promised: 0n }
        for await (const { record } of client.wallet.open()) {
          sum.deposited += record.channel.deposit
          sum.promised += record.channel.paid
        }
        return { tokens, gas, ...sum }
      },
      receipts: async () => (await receipts.all()).map(receipt => receiptOf(network, receipt)),
      async channels() {
        const all = []
        for await (const record of client.wallet.records()) all.push(channelView(record))
        return all
      },
      closeChannel: id => client.keeper.close(id),
      async send(to: Address, { tokens = 0n, gas = 0n }) {
        if (tokens > 0n) await chain.tokens.transfer(to, tokens)
        if (gas > 0n) await chain.tokens.sendGas(to, gas)
      },
      async close() {
        life.abort(new TilthError('client.closed', 'this client was closed', { consequence: 'retry' }))
        await Promise.all(running)
        await stopAll()
      }
    }
  } catch (error) {
    life.abort(error)
    await stopAll()
    throw error
  }
}

const anAgent = (name: string): InvalidError =>
  new InvalidError('client.agent', `${name} is an agent, which a light peer cannot ask`, {
    help: 'Ask the models of its steps, or ask it through a daemon.'
  })

const unknownModel = (model: unknown): InvalidError =>
  new InvalidError(
    'model.unknown',
    `no model ${typeof model === 'string' ? model.slice(0, 80) : typeof model} is registered, or it is retired`,
    {
      help: 'Models are asked by their ids, as offers name them.'
    }
  )
