import { removedInWords } from '../../../protocol/data/index.ts'
import type { ChatMessage, DatanetDocument, ShardLine } from '../../../protocol/data/index.ts'
import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { Rosters } from '../rosters.ts'
import type { Shards } from './shards.ts'

/** What contributions say, for people to read. */
export interface Shown {
  /** @throws NotFoundError `contribution.unknown` */
  must(id: Hex): Promise<{ record: ContributionRecord; net: DatanetDocument }>
  /** Lines of a shard that was shown. @throws InvalidError `contribution.not-shown` · as files.fetchBytes */
  linesOf(record: ContributionRecord, net: DatanetDocument): Promise<readonly ShardLine[]>
  /** What a row says; undefined where its shard is not to be had now, or has no such row. */
  said(
    contribution: Hex,
    row: number
  ): Promise<
    { readonly contributor: Address; readonly line: number; readonly messages: readonly ChatMessage[] } | undefined
  >
}

export function createShown(book: Book, shards: Pick<Shards, 'linesOf'>, rosters: Pick<Rosters, 'deciding'>): Shown {
  const shown: Shown = {
    async must(id) {
      const record = await book.contribution(id)
      const net = record === undefined ? undefined : (await book.datanet(record.datanet))?.document
      if (record === undefined || net === undefined)
        throw new NotFoundError('contribution.unknown', 'this contribution is not known here', {
          help: 'One that was just made is known within seconds, where its Datanet is followed.'
        })
      return { record, net: await rosters.deciding(id, net) }
    },
    async linesOf({ id, state, contributor, datanet, provider }, net) {
      const removed = await book.removed(id)
      // [reject] What has left is shown to nobody.
      if (removed !== undefined) throw new InvalidError('contribution.removed', removedInWords[removed])
      if (!('statements' in state) || state.statements === undefined)
        throw new InvalidError('contribution.not-shown', 'this contribution was not shown to anybody yet', {
          help: 'Its rows follow its commitment within seconds, or it ends without them.'
        })
      const { cid } = state.statements.reveal.message
      return shards.linesOf(net, { contribution: id, contributor, cid, provider, datanet })
    },
    async said(contribution, row) {
      const { record, net } = await shown.must(contribution)
      const lines = await shown.linesOf(record, net).catch(() => [])
      const line = lines[row]
      if (line === undefined || !('row' in line)) return undefined
      return { contributor: record.contributor, line: line.line, messages: line.row.messages }
    }
  }
  return shown
}

/** Says no again while it has just said no: what nobody has now is not waited for once for each of its rows. */
export function createSaid({ said }: Pick<Shown, 'said'>): Shown['said'] {
  const gone = new Set<Hex>() // of one call
  return async (contribution, row) => {
    if (gone.has(contribution)) return undefined
    const found = await said(contribution, row)
    if (found === undefined) gone.add(contribution)
    return found
  }
}
