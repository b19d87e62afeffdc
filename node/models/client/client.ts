import type { ModelRecord } from '../../../protocol/models/index.ts'
import { createChainTime } from '../chain-time.ts'
import type { ChainTime } from '../chain-time.ts'
import type { AskingParts } from '../deps.ts'
import type { OfferBoard } from '../offers.ts'
import type { Receipts } from '../receipts.ts'
import type { Tables } from '../records.ts'
import type { Speech } from '../speech.ts'
import { createAsking } from './ask.ts'
import { createChannelKeeper } from './channels.ts'
import type { ChannelKeeper } from './channels.ts'
import { createStreamPool } from './pool.ts'
import type { StreamPool } from './pool.ts'
import { createRecalling } from './recalling.ts'
import { createWallet } from './wallet.ts'
import type { Wallet } from './wallet.ts'
import { createWorkers } from './workers.ts'
import type { Acquaintance, FoundOutAt, Stands, Workers } from './workers.ts'

/** Who asks and pays: what a node has of it, and a light peer all of it. */
export interface Client {
  readonly time: ChainTime
  readonly wallet: Wallet
  readonly pool: StreamPool
  readonly keeper: ChannelKeeper
  readonly workers: Workers
  readonly asking: ReturnType<typeof createAsking>
}

export interface ClientSources {
  readonly tables: Pick<Tables, 'clientChannels' | 'payable' | 'asks'>
  readonly receipts: Pick<Receipts, 'get' | 'keep' | 'announce'>
  readonly board: Pick<OfferBoard, 'list' | 'find' | 'quote'>
  readonly acquaintance: Acquaintance
  /** Whether a worker stands for its answers by a model; left away, nobody is known to. */
  readonly stands?: Stands
  /** When scorers have found a worker out; left away, nobody is known to be. */
  readonly foundOutAt?: FoundOutAt
  /** The tokens and text of a model, where its tokenizer is at hand. */
  readonly speechFor: (model: ModelRecord, signal: AbortSignal) => Promise<Speech | undefined>
}

export function createClient(
  parts: AskingParts,
  { tables, receipts, board, acquaintance, stands, foundOutAt, speechFor }: ClientSources
): Client {
  const time = createChainTime(parts)
  const wallet = createWallet(parts, tables, receipts, time)
  const recalling = createRecalling(parts, wallet)
  const pool = createStreamPool(parts)
  const workers = createWorkers(parts, board, acquaintance, {
    ...(stands === undefined ? {} : { stands }),
    ...(foundOutAt === undefined ? {} : { foundOutAt })
  })
  const asking = createAsking(parts, { wallet, recalling, workers, pool }, speechFor)
  return { time, wallet, pool, asking, workers, keeper: createChannelKeeper(parts, wallet, recalling) }
}
