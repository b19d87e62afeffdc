import { contentWords, mostAlike } from '../../../protocol/data/index.ts'
import type { DatanetDocument, Row, ShardLine, VersionEntry, VersionManifest } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { createQueue } from '../../runtime/index.ts'
import type { Book } from '../book/index.ts'
import type { Rosters } from '../rosters.ts'
import type { Shards } from '../validator/index.ts'
import type { DataService, NearestRequest, VersionNearRow } from '../types.ts'
import { leftOf } from './left.ts'

/** Rows of a version that are compared for one question, in the order of authorship. */
const mostCompared = 20_000
/** Rows compared before the process may do something else. */
const slice = 500
/** Who waits while rows are compared. */
const mostWaiting = 32

/** Rows of a version that share most words with a text: for people who ask where an answer comes from. */
export function createNearest(
  book: Pick<Book, 'at' | 'contribution' | 'removals'>,
  shards: Pick<Shards, 'linesOf'>,
  rosters: Pick<Rosters, 'deciding'>,
  { manifest, document }: Pick<DataService, 'manifest'> & { document: (datanet: Hex) => Promise<DatanetDocument> }
): Pick<DataService, 'nearest'> {
  const comparing = createQueue({ name: 'nearest rows', bound: mostWaiting, concurrency: 1 })

  async function linesOf(
    of: Hex,
    { contribution, contributor, cid, datanet = of }: VersionEntry
  ): Promise<readonly ShardLine[]> {
    const net = await rosters.deciding(contribution, await document(datanet))
    const provider = (await book.contribution(contribution))?.provider
    return shards.linesOf(net, { contribution, contributor, cid, provider, datanet })
  }

  async function look(
    version: VersionManifest,
    { text, contributor, limit }: NearestRequest
  ): Promise<{ rows: readonly VersionNearRow[]; compared: number; all: number }> {
    const left = await leftOf(book, version)
    const asked = version.entries.filter(
      entry => (contributor === undefined || entry.contributor === contributor) && !left.has(entry.contribution)
    )
    const all = asked.reduce((sum, { own }) => sum + own.length, 0)
    const found: { entry: VersionEntry; line: number; messages: Row['messages']; words: ReadonlySet<string> }[] = []
    for (const entry of asked) {
      if (found.length >= mostCompared) break
      const lines = await linesOf(version.datanet, entry)
      for (const at of entry.own.slice(0, mostCompared - found.length)) {
        const line = lines[at]
        if (line === undefined || !('row' in line)) continue
        const { messages } = line.row
        const words = new Set(contentWords(messages.map(({ content }) => content).join('\n')))
        found.push({ entry, line: line.line, messages, words })
        if (found.length % slice === 0)
          await new Promise(resolve => {
            setImmediate(resolve)
          })
      }
    }
    const alike = mostAlike(
      new Set(contentWords(text)),
      found.map(({ words }) => words),
      limit
    )
    const rows = alike.flatMap(({ index, overlap }): VersionNearRow[] => {
      const row = found[index]
      if (row === undefined) return []
      const { entry, line, messages } = row
      const { contribution, contributor: author, certificate } = entry
      return [{ contribution, contributor: author, line, overlap, messages, voters: certificate.votes.length }]
    })
    return { rows, compared: found.length, all }
  }

  return {
    nearest: request => comparing.run('', async () => look(await manifest(request.datanet, request.version), request))
  }
}
