import { readFile, sourceOfBytes } from '../../../protocol/data/files/index.ts'
import type { MappingView, ReadFile, ReadOptions, ReadRow } from '../../../protocol/data/files/index.ts'
import { openOnDisk } from './disk.ts'

// What runs in a process of its own: the reading of one file that may be costly to unpack.

/** The file that this process reads. */
let file: ReadFile | undefined
let bytes = 0

/** Handed over at once: so many rows, so much text, or as much as comes in a while. */
const mostRows = 2_000
const mostCharacters = 512 << 10
const mostMs = 250

export interface OpenTask {
  readonly name: string
  /** Where it is, or what is in it. */
  readonly content: { readonly path: string } | { readonly bytes: Uint8Array }
  readonly options: Omit<ReadOptions, 'said'>
}
/** A ReadFile as data. */
export type Opened = Pick<ReadFile, 'container' | 'columns' | 'notes'>
/** The next rows, how far in the file that is, and how rows were made so far. */
export interface Batch {
  readonly rows: ReadRow[]
  readonly bytes: number
  readonly mappings: MappingView[]
  readonly fields: string[]
  readonly isLast: boolean
}

const sizeOf = (read: ReadRow): number =>
  'row' in read ? read.row.messages.reduce((sum, { content }) => sum + content.length, 0) : (read.raw?.length ?? 0)

export const tasks = {
  begin: (_key: string): void => undefined,
  async open({ name, content, options }: OpenTask): Promise<Opened> {
    const source = 'path' in content ? await openOnDisk(content.path) : sourceOfBytes(name, content.bytes)
    file = await readFile(source, {
      ...options,
      said(read) {
        bytes = read
      }
    })
    const { container, columns, notes } = file
    return { container, columns, notes }
  },
  async next(): Promise<Batch> {
    const rows: ReadRow[] = []
    const until = Date.now() + mostMs
    let characters = 0
    let isLast = false
    while (
      !isLast &&
      rows.length < mostRows &&
      characters < mostCharacters &&
      (rows.length === 0 || Date.now() < until)
    ) {
      const { value = [], done } = (await file?.rows.next()) ?? { done: true }
      isLast = done === true
      for (const row of value) characters += sizeOf(row)
      rows.push(...value)
    }
    return { rows, bytes, mappings: file?.mappings() ?? [], fields: file?.fields() ?? [], isLast }
  }
}
