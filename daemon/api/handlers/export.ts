import { cardOf, exportedRows, jsonlOf, parquetOf, tallyOf } from '../../../node/data/export/index.ts'
import type { DatanetView, VersionView } from '../../../node/data/index.ts'
import type { Node } from '../../../node/node.ts'
import type { FileReply } from '../server/index.ts'

/** The version with this number, or the last one; undefined for what is not anchored. */
async function versionOf(
  data: Pick<Node['data'], 'versions'>,
  { id, latestVersion }: DatanetView,
  wanted = latestVersion
): Promise<VersionView | undefined> {
  let cursor: string | undefined
  do {
    const page = await data.versions(id, cursor === undefined ? {} : { cursor })
    const found = page.items.find(({ version }) => version === wanted)
    if (found !== undefined) return found
    cursor = page.next ?? undefined
  } while (cursor !== undefined)
  return undefined
}

/** Accepted rows as a file: what can go wrong before its first byte is told as an error. */
export async function exportOf(
  { data, network }: Pick<Node, 'data' | 'network'>,
  net: DatanetView,
  format: 'jsonl' | 'parquet' | 'card' | 'car',
  version: number | undefined,
  signal: AbortSignal
): Promise<FileReply> {
  if (format === 'car') {
    const bytes = await data.versionCar(net.id, version, signal)
    return { name: `${net.rules.name.slice(0, 60)}.car`, type: 'application/vnd.ipld.car', bytes }
  }
  const rows = exportedRows(data, net.id, version, signal)
  const first = await rows.next()
  async function* all(): typeof rows {
    if (first.done !== true) yield first.value
    yield* rows
  }
  const name = `${net.rules.name.slice(0, 60)}${format === 'card' ? '.md' : `.${format}`}`
  if (format === 'jsonl') return { name, type: 'application/jsonl', bytes: jsonlOf(all()) }
  if (format === 'parquet') return { name, type: 'application/vnd.apache.parquet', bytes: parquetOf(all()) }
  const [tally, heldOut, anchored] = await Promise.all([
    tallyOf(all()),
    data.heldOutRows(net.id),
    versionOf(data, net, version)
  ])
  const facts = {
    id: net.id,
    host: net.host,
    version: anchored?.version ?? 0,
    root: anchored?.root,
    rules: { ...net.rules, licence: net.licence },
    heldOut: heldOut.length,
    chainId: network.chainId
  }
  async function* card(): AsyncGenerator<Uint8Array> {
    yield new TextEncoder().encode(cardOf(facts, tally))
  }
  return { name, type: 'text/markdown; charset=utf-8', bytes: card() }
}
