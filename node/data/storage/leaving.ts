import { z } from 'zod'
import { challengeMs } from '../../../protocol/data/index.ts'
import type { VersionManifest } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { isBroughtBy } from '../book/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Holdings } from './holdings.ts'

/** Rejected contributions of a Datanet looked at in one go, of the oldest. */
const refusedAtOnce = 1_000

/**
 * How long what was withdrawn of a Datanet is kept where nothing else of it is left, and so no version can follow: as
 * long as a machine is lent for one job unless its owner says otherwise.
 */
export const emptiedMs = 7 * 86_400_000
/** Since when nothing accepted is left of a Datanet, as far as this node knows; milliseconds since 1970. */
export const emptiedRecord = z.int()

/** What is kept here no more: files, and the keys to them. */
export interface Leaving {
  /** Whatever its file is kept for. Inside the book's queue, since its record loses its keys. */
  readonly hide: (record: ContributionRecord) => Promise<void>
  /** What its Datanet's followers keep of it. Inside the book's queue. */
  readonly letGo: (record: ContributionRecord) => Promise<void>
  /** What was withdrawn, once a version stands without it that jobs can use. */
  readonly letLeftGo: (datanet: Hex, version: number) => Promise<void>
  /** The same where nothing else is left, so that no version can follow. */
  readonly letEmptiedGo: () => Promise<void>
  /** What this node brought in, once its rejection can be challenged no more. */
  readonly letRefusedGo: () => Promise<void>
}

export function createLeaving(
  { clock, self, store }: Pick<DataDeps, 'clock' | 'self' | 'store'>,
  book: Pick<Book, 'at' | 'contribution' | 'emptied' | 'gone' | 'refused' | 'removals' | 'removed' | 'serially'>,
  holdings: Pick<Holdings, 'reasons' | 'release'>,
  privacy: { forget(contribution: Hex): Promise<void> },
  followed: () => readonly Hex[],
  manifest: (datanet: Hex, version: number) => Promise<VersionManifest>
): Leaving {
  const emptied = store.collection('data/emptied', emptiedRecord)
  /** How much had left of those of which all was let go; no more than are followed. */
  const emptiedGo = new Map<Hex, number>()
  const leaving: Leaving = {
    async hide({ id, state }) {
      if (!('statements' in state) || state.statements === undefined) return
      const { cid } = state.statements.reveal.message
      for (const reason of await holdings.reasons(cid)) await holdings.release(cid, reason)
      await privacy.forget(id)
    },
    async letGo({ id, datanet, state }) {
      const cid = 'statements' in state ? state.statements?.reveal.message.cid : undefined
      if (cid !== undefined)
        for (const reason of [`imported/${datanet}`, `contribution/${id}`] as const) await holdings.release(cid, reason)
      await privacy.forget(id)
    },
    async letLeftGo(datanet, version) {
      let here: ReadonlySet<Hex> | undefined
      for await (const { index } of book.removals(datanet, 1, -1)) {
        const record = await book.at(datanet, index)
        if (record === undefined || (await book.removed(record.id)) === undefined) continue
        here ??= new Set((await manifest(datanet, version)).entries.map(({ contribution }) => contribution))
        if (!here.has(record.id)) await book.serially(() => leaving.letGo(record))
      }
    },
    async letEmptiedGo() {
      for (const datanet of followed()) {
        const since = await emptied.get(datanet)
        const { contributions } = await book.gone(datanet)
        if (!(await book.emptied(datanet))) {
          if (since !== undefined) await emptied.delete(datanet)
          emptiedGo.delete(datanet)
        } else if (since === undefined) await emptied.put(datanet, clock.now())
        else if (clock.now() > since + emptiedMs && emptiedGo.get(datanet) !== contributions) {
          for await (const { index } of book.removals(datanet, 1, -1)) {
            const record = await book.at(datanet, index)
            if (record !== undefined && (await book.removed(record.id)) !== undefined)
              await book.serially(() => leaving.letGo(record))
          }
          emptiedGo.set(datanet, contributions)
        }
      }
    },
    async letRefusedGo() {
      for (const datanet of followed())
        for (const index of await book.refused(datanet, 1, refusedAtOnce))
          await book.serially(async () => {
            const record = await book.at(datanet, index)
            if (record?.state.name !== 'rejected' || !isBroughtBy(self, record)) return
            if (clock.now() > record.seenAt + challengeMs) await leaving.letGo(record)
          })
    }
  }
  return leaving
}
