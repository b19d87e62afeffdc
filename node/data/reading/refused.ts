import { InvalidError, defaultPage } from '../../../protocol/primitives/index.ts'
import type { ShardLine } from '../../../protocol/data/index.ts'
import type { Book, ContributionRecord } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { DataService, RefusedRow } from '../types.ts'
import { createSaid } from '../validator/index.ts'
import type { Shards, Shown } from '../validator/index.ts'

/** Which rows of a contribution brought nothing, for its contributor to read: each beside what it repeats. */
export function createRefused(
  files: Pick<DataDeps['files'], 'has'>,
  book: Book,
  shards: Pick<Shards, 'heldOut'>,
  shown: Shown
): Pick<DataService, 'refusedRows' | 'row'> {
  /** Its lines by their number in the file; none where nobody keeps them: what was not accepted is nobody's to keep. */
  async function linesHere(id: ContributionRecord['id']): Promise<ReadonlyMap<number, ShardLine>> {
    const { record, net } = await shown.must(id)
    const { state } = record
    if (!('statements' in state) || state.statements === undefined) return new Map()
    if (state.name !== 'accepted' && !(await files.has(state.statements.reveal.message.cid))) return new Map()
    const lines = await shown.linesOf(record, net).catch(() => [])
    return new Map(lines.map(line => [line.line, line]))
  }
  return {
    async refusedRows(id, { limit = defaultPage, cursor } = {}) {
      const { record } = await shown.must(id)
      const verdict = await book.verdict(id)
      const refused = (verdict?.rows ?? []).filter(({ kind }) => kind !== 'own')
      const from = cursor === undefined ? 0 : Number(cursor)
      // [reject] A cursor of this list is the place of a row.
      if (!Number.isSafeInteger(from) || from < 0 || from > refused.length)
        throw new InvalidError('page.cursor', 'that is no cursor of this list', {
          help: 'Begin again without a cursor.'
        })
      const lines = await linesHere(id)
      const questions = refused.some(({ kind }) => kind === 'held-out')
        ? (await shards.heldOut(record.datanet).catch(() => undefined))?.rows
        : undefined
      const say = createSaid(shown)
      const items: RefusedRow[] = []
      for (const [i, outcome] of refused.slice(from, from + limit).entries()) {
        // Issues stand in the order of the rows that have one.
        const issue = verdict?.issues[from + i]
        if (issue === undefined) break
        const line = lines.get(issue.line)
        const earlier = outcome.kind === 'duplicate' ? await say(outcome.of, outcome.row) : undefined
        items.push({
          ...issue,
          messages: line !== undefined && 'row' in line ? line.row.messages : null,
          earlier:
            outcome.kind !== 'duplicate'
              ? null
              : { contribution: outcome.of, row: outcome.row, ...(earlier ?? { messages: null }) },
          question: outcome.kind === 'held-out' ? (questions?.[outcome.question ?? -1]?.messages ?? null) : null
        })
      }
      const next = from + items.length
      return { items, next: next < refused.length && items.length > 0 ? String(next) : null }
    },
    async row(contribution, row) {
      const { record } = await shown.must(contribution)
      const said = await shown.said(contribution, row)
      return { contribution, contributor: record.contributor, row, ...(said ?? { messages: null }) }
    }
  }
}
