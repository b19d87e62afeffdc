import { parseShard, previewLine } from '../../../protocol/data/index.ts'
import type { Allowances } from '../allowances.ts'
import type { Book } from '../book/index.ts'
import type { DataDeps } from '../deps.ts'
import type { Notes } from '../exchange/index.ts'
import type { Interest } from '../interest/index.ts'
import type { Privacy } from '../private/index.ts'
import type { Rosters } from '../rosters.ts'
import type { DataService, Preview } from '../types.ts'
import type { Shards } from '../validator/index.ts'
import { bytesOf, nextOf, requireFits, requireTakes } from './contribute.ts'

/** What the checks would say of a file before an upload is spent on it: nothing is kept, and nobody hears of it. */
export function createPreviews(
  { chain }: Pick<DataDeps, 'chain'>,
  book: Book,
  allowances: Pick<Allowances, 'context'>,
  shards: Pick<Shards, 'preview'>,
  notes: Pick<Notes, 'document'>,
  rosters: Pick<Rosters, 'sitting'>,
  interest: Pick<Interest, 'has'>,
  privacy: Pick<Privacy, 'judges'>
): Pick<DataService, 'preview'> {
  return {
    async preview({ datanet, file, contributor }): Promise<Preview> {
      const net = await rosters.sitting(datanet, await notes.document(datanet))
      const { rules } = net
      requireTakes(rules)
      const bytes = bytesOf(file)
      requireFits(bytes, rules)
      const allowed = rules.uploadsPerContributor
      const uploads = await book.uploads(datanet, contributor, Number.MAX_SAFE_INTEGER, allowed)
      const context = await allowances.context(nextOf(datanet, contributor, chain), rules)
      const verdict = await shards.preview(datanet, bytes, uploads, context)
      const lines = parseShard(bytes, rules.maxRows).map(({ line }, i) => previewLine(line, verdict.rows[i]))
      return {
        verdict,
        lines,
        uploads,
        allowed,
        compared: interest.has(datanet) && (await privacy.judges(net, datanet))
      }
    }
  }
}
