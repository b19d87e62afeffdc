import { checkFound, childPrefix, idDigits, maxGets, maxLooks } from '../../../../protocol/payouts/index.ts'
import type { BranchOrLeaf, ReceiptsReply, ReceiptsRequest } from '../../../../protocol/payouts/index.ts'
import type { CosignedReceipt } from '../../../../protocol/models/index.ts'
import { InvalidError, TilthError } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import type { Tree } from './tree.ts'

/** Places looked at with one peer at a time: enough to find 20,000 receipts among millions. */
const maxLooked = 8_192
/** Receipts fetched from one peer at a time; what is over is found the next time. */
const maxFetched = 20_000
/** Receipts that were promised and not given before a peer is taken at its word. */
const patience = 16
/** Receipts that are not taken for whatever reason before this peer is left alone for now. */
const maxRefused = 256

/** What the asker's side of the comparison asks of its own node. */
export interface Own {
  readonly tree: Pick<Tree, 'sum'>
  /** Whether it need not be fetched: it is here, or this peer's was refused just now. */
  known(id: Hex): Promise<boolean>
  idOf(receipt: CosignedReceipt): Hex
  /** Checks and keeps one. @returns whether it was new. @throws TilthError as the intake */
  take(receipt: CosignedReceipt): Promise<boolean>
  /** It was given and not taken, for what does not show in it: it may be taken later, or as another peer has it. */
  refused(id: Hex, error: TilthError): void
}

export interface Pulled {
  /** Receipts that are new here. */
  readonly fresh: number
  /** Whether all differences were gone through. */
  readonly complete: boolean
  /** The other side's epoch, where it is not the asker's. */
  readonly other?: number
}

/**
 * Goes down the other side's tree wherever its marks are not the own ones, and fetches what is missing here.
 * @param ask sends a request and waits for its reply
 * @throws InvalidError `exchange.answer`, `exchange.bad-peer` for answers that cannot be honest
 */
export async function pull(
  pool: Hex,
  epoch: number,
  own: Own,
  ask: (request: ReceiptsRequest) => Promise<ReceiptsReply>
): Promise<Pulled> {
  const [waiting, missing]: [string[], Hex[]] = [[''], []]
  let [looked, fetched, fresh, wrong, refused] = [0, 0, 0, 0, 0]

  const badPeer = (message: string, cause?: TilthError): InvalidError =>
    new InvalidError('exchange.bad-peer', message, { cause })

  /** Where to look next, below a branch; of a leaf, what is missing. */
  async function compare(found: BranchOrLeaf): Promise<void> {
    if ('ids' in found) {
      for (const id of found.ids) if (!(await own.known(id))) missing.push(id)
      return
    }
    for (const [digit, theirs] of found.children.entries()) {
      const prefix = childPrefix(found.prefix, digit)
      if (theirs.count === 0 || prefix.length > idDigits) continue
      const ours = await own.tree.sum(pool, prefix)
      if (ours.count !== theirs.count || ours.mark !== theirs.mark) waiting.push(prefix)
    }
  }

  async function get(ids: readonly Hex[]): Promise<number | undefined> {
    const reply = await ask({ kind: 'get', pool, epoch, ids: [...ids] })
    if (reply.kind === 'epoch') return reply.epoch
    if (reply.kind !== 'receipts') throw new InvalidError('exchange.answer', 'a peer answers another question')
    const asked = new Set(ids)
    for (const receipt of reply.receipts) {
      const id = own.idOf(receipt)
      // [reject] Only what was asked for is given, once.
      if (!asked.delete(id)) throw new InvalidError('exchange.answer', 'a peer gives a receipt that nobody asked for')
      try {
        if (await own.take(receipt)) fresh++
      } catch (error) {
        if (!(error instanceof TilthError)) throw error
        // [reject] Who hands on what anybody can see to be wrong has not checked it. Of the id it says nothing: the
        // true receipt may be had from another.
        if (error.consequence === 'reject') throw badPeer('a peer gives a receipt that breaks the rules', error)
        own.refused(id, error)
        refused++
      }
    }
    // [reject] Whoever names a receipt has it: at another epoch it would have said so.
    wrong += asked.size
    if (wrong > patience) throw badPeer('a peer does not give the receipts that it names')
    fetched += ids.length
    return undefined
  }

  // What is missing is fetched as it is found: neither list grows beyond what one frame brings for one that is asked.
  while (waiting.length > 0 || missing.length > 0) {
    if (missing.length >= maxGets || waiting.length === 0) {
      const other = await get(missing.splice(0, maxGets))
      if (other !== undefined) return { fresh, complete: false, other }
      if (fetched >= maxFetched || refused > maxRefused) return { fresh, complete: false }
      continue
    }
    if (looked >= maxLooked) return { fresh, complete: false }
    // The deepest first, so that the list stays short.
    const at = waiting.splice(-maxLooks)
    looked += at.length
    const reply = await ask({ kind: 'look', pool, epoch, at })
    if (reply.kind === 'epoch') return { fresh, complete: false, other: reply.epoch }
    if (reply.kind !== 'found') throw new InvalidError('exchange.answer', 'a peer answers another question')
    checkFound(at, reply.found)
    for (const found of reply.found) await compare(found)
  }
  return { fresh, complete: true }
}
