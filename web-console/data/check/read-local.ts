import { lineOf, parseMap, readFile } from '../../../protocol/data/files/index.ts'
import type { FileSource, MappingView, ReadRow } from '../../../protocol/data/files/index.ts'

// A contributor's file of any form as the lines that are checked and sent: one for each record, with its own number
// where the file has lines or rows.

/** How a file was read, for people. */
export interface LocalReading {
  readonly container: string
  /** Its columns, or the fields that its rows have. */
  readonly columns: readonly string[]
  readonly notes: readonly string[]
  readonly mappings: readonly MappingView[]
  /** What is no row, by its line: why, and what stands there. */
  readonly problems: ReadonlyMap<number, { readonly says: string; readonly raw: string }>
  /** It has more than is looked at. */
  readonly isPart: boolean
}
export interface ReadLocally {
  readonly bytes: Uint8Array
  readonly reading: LocalReading
}

export interface ReadLimits {
  readonly mostRows: number
  readonly mostBytes: number
}

const encoder = new TextEncoder()

const sourceOf = (file: File): FileSource => ({
  name: file.name,
  size: file.size,
  slice: async (from, to) => new Uint8Array(await file.slice(from, to).arrayBuffer())
})

/**
 * Reads a file in the browser, in the checker's thread.
 * @param map as `prompt=question,response=answer`; empty: by the usual names
 * @param said told how much of it was read, from 0 to 1
 * @throws FileError
 */
export async function readLocal(
  file: File,
  map: string,
  { mostRows, mostBytes }: ReadLimits,
  said: (share: number) => void
): Promise<ReadLocally> {
  const read = await readFile(sourceOf(file), {
    map: parseMap([map]),
    said: bytes => {
      said(bytes / Math.max(1, file.size))
    }
  })
  const lines: string[] = []
  const problems = new Map<number, { says: string; raw: string }>()
  let length = 0
  let isPart = false
  reading: for await (const rows of read.rows)
    for (const row of rows) {
      if (lines.length > mostRows || length > mostBytes) {
        isPart = true
        break reading
      }
      // Lines that are blank in the file stay blank, so that numbers stay.
      const { unit, number } = row.place
      if (unit === 'line' || unit === 'row') while (lines.length < number - 1) lines.push('')
      const line = lineText(row)
      length += line.length
      lines.push(line)
      if ('fault' in row) problems.set(lines.length, { says: row.fault.says, raw: row.raw ?? '' })
    }
  return {
    bytes: encoder.encode(lines.join('\n')),
    reading: {
      container: read.container,
      columns: read.columns ?? read.fields(),
      notes: read.notes,
      mappings: read.mappings(),
      problems,
      isPart
    }
  }
}

/** A row in the one form; what is none as a text, which is no row whatever it says. */
const lineText = (row: ReadRow): string => ('row' in row ? lineOf(row.row) : JSON.stringify(row.raw ?? ''))
