import { largestPage } from '../../../protocol/primitives/index.ts'
import type { AcceptedRow, DataService } from '../types.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'

/** A row as it leaves: its turns, and whose it is, so that credit can follow it. */
export interface ExportedRow {
  readonly messages: readonly { readonly role: string; readonly content: string }[]
  readonly contributor: string
  readonly contribution: string
  /** Its index in that contribution's shard. */
  readonly row: number
}

const rowOf = ({ messages, contributor, contribution, row }: AcceptedRow): ExportedRow => ({
  messages: messages.map(({ role, content }) => ({ role, content })),
  contributor,
  contribution,
  row
})

/**
 * The accepted rows of one version in their order, some at a time. The version is the one that the first look found,
 * whatever is anchored meanwhile.
 * @param version 0: all accepted so far; the latest anchored one unless given
 * @throws as `acceptedRows`, also on the way, when nobody gives a shard
 */
export async function* exportedRows(
  data: Pick<DataService, 'acceptedRows'>,
  datanet: Hex,
  version: number | undefined,
  signal?: AbortSignal
): AsyncGenerator<ExportedRow[]> {
  let wanted = version
  let cursor: string | undefined
  do {
    signal?.throwIfAborted()
    const page = await data.acceptedRows(datanet, {
      limit: largestPage,
      ...(wanted === undefined ? {} : { version: wanted }),
      ...(cursor === undefined ? {} : { cursor })
    })
    wanted = page.version
    cursor = page.next ?? undefined
    if (page.items.length > 0) yield page.items.map(rowOf)
  } while (cursor !== undefined)
}
