import { assignedIn, receiptId, receiptsDocument, receiptsTree } from '../../../protocol/payouts/index.ts'
import type { Assigned, ReceiptsDocument } from '../../../protocol/payouts/index.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { decodeFrame } from '../../../protocol/wire/index.ts'
import type { RoundOnChain } from '../../chain/types.ts'
import { createCache } from '../../runtime/index.ts'
import { bundleBytes } from '../limits.ts'
import type { Papers } from '../papers.ts'
import type { PayoutsDeps } from '../types.ts'

/** Documents in memory with who weighs what of them, and rounds as the chain told them last. */
const mostOpen = 4
const mostTold = 256
/** How long what the chain said of a round is good for: gossip brings many words at once. */
const freshMs = 1_000

/** A round that chance has spoken on. */
export interface OpenRound {
  readonly pool: Hex
  readonly epoch: number
  readonly round: RoundOnChain & { readonly drawn: NonNullable<RoundOnChain['drawn']> }
  readonly document: ReceiptsDocument
  readonly assigned: Assigned
  /** In the document's order, and the place of each. */
  readonly ids: readonly Hex[]
  readonly places: ReadonlyMap<Hex, number>
}

export interface Rounds {
  save(document: ReceiptsDocument): Promise<string>
  /** What was anchored. @throws as Files.fetchBytes · InvalidError `bundle.place`, `frame.*` */
  document(pool: Hex, epoch: number, round: RoundOnChain, signal?: AbortSignal): Promise<ReceiptsDocument>
  /**
   * Undefined where nothing is anchored, or chance has not spoken yet.
   * @param round as the chain has just told it; it is asked where that is left away
   * @throws as document
   */
  open(pool: Hex, epoch: number, round?: RoundOnChain): Promise<OpenRound | undefined>
  /** Of a pool's next epoch, as it was a moment ago; where that does not do, as it is now. @throws as document */
  recent(pool: Hex, does?: (open: OpenRound) => boolean): Promise<OpenRound | undefined>
}

export function createRounds(
  { chain, files, network, clock, log }: Pick<PayoutsDeps, 'chain' | 'files' | 'network' | 'clock' | 'log'>,
  papers: Pick<Papers, 'read' | 'add'>
): Rounds {
  type Known = Pick<OpenRound, 'document' | 'assigned' | 'ids' | 'places'>
  const documents = createCache<string, Promise<ReceiptsDocument>>({ max: mostOpen })
  const known = createCache<string, Promise<Known>>({ max: mostOpen })
  const told = createCache<Hex, Promise<OpenRound | undefined>>({ max: mostTold, forMs: freshMs, clock })

  async function fetch(pool: Hex, epoch: number, round: RoundOnChain, signal?: AbortSignal): Promise<ReceiptsDocument> {
    const maxBytes = bundleBytes(round.receiptCount)
    const ask = { from: round.settler, maxBytes, signal }
    return papers.read(round.receipts, { pool, epoch }, ask, bytes => {
      const document = decodeFrame(bytes, receiptsDocument, maxBytes)
      check(pool, epoch, round, document)
      return document
    })
  }

  function check(pool: Hex, epoch: number, round: RoundOnChain, document: ReceiptsDocument): void {
    const { root } = receiptsTree(network, document.receipts)
    // [reject] It is what stands on chain.
    if (
      document.pool !== pool ||
      document.epoch !== epoch ||
      document.receipts.length !== round.receiptCount ||
      root.hash !== round.receiptsRoot ||
      root.sum !== round.receiptsTotal
    )
      throw new InvalidError('bundle.place', 'the document is not what was anchored')
  }

  function document(pool: Hex, epoch: number, round: RoundOnChain, signal?: AbortSignal): Promise<ReceiptsDocument> {
    const key = `${pool}/${epoch}/${round.number}/${round.receipts}`
    const before = documents.get(key)
    if (before !== undefined) return before
    const fetching = fetch(pool, epoch, round, signal)
    documents.set(key, fetching)
    fetching.catch(() => {
      documents.delete(key) // asked again, it is tried again
    })
    return fetching
  }

  async function assign(pool: Hex, epoch: number, round: OpenRound['round']): Promise<Known> {
    const read = await document(pool, epoch, round)
    const ids = read.receipts.map(receipt => receiptId(network, receipt))
    const assigned = assignedIn(network, read, round.drawn)
    return { document: read, assigned, ids, places: new Map(ids.map((id, at) => [id, at])) }
  }

  async function open(pool: Hex, epoch: number, read?: RoundOnChain): Promise<OpenRound | undefined> {
    const round = read ?? (await chain.payouts.round(pool, epoch))
    if (round?.drawn === undefined) return undefined
    const drawn = { ...round, drawn: round.drawn }
    const { seed } = drawn.drawn
    let knowing = known.get(seed)
    if (knowing === undefined) {
      knowing = assign(pool, epoch, drawn)
      known.set(seed, knowing)
      knowing.catch(() => {
        known.delete(seed)
      })
    }
    return { pool, epoch, round: drawn, ...(await knowing) }
  }

  const next = async (pool: Hex): Promise<OpenRound | undefined> =>
    open(pool, (await chain.payouts.pool(pool)).epoch + 1)
  function ask(pool: Hex): Promise<OpenRound | undefined> {
    const asking = next(pool)
    told.set(pool, asking)
    asking.catch(() => {
      told.delete(pool)
    })
    return asking
  }

  return {
    async save(made) {
      const cid = await papers.add(made)
      files.provide(cid).catch((error: unknown) => {
        log.warn('the receipts of an epoch are not in the DHT', { cid, error })
      })
      return cid
    },
    document,
    open,
    async recent(pool, does = () => true) {
      const before = told.get(pool)
      if (before === undefined) return ask(pool)
      const found = await before
      return found !== undefined && does(found) ? found : ask(pool)
    }
  }
}
