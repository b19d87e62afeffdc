import type { ExportedRow } from './rows.ts'

const encoder = new TextEncoder()

/** Rows as JSONL, each with whose it is. */
export async function* jsonlOf(rows: AsyncIterable<readonly ExportedRow[]>): AsyncGenerator<Uint8Array> {
  for await (const some of rows) yield encoder.encode(some.map(row => `${JSON.stringify(row)}\n`).join(''))
}

/** Rows of a row group: some megabytes, so that a reader may go through it in little memory. */
const groupRows = 10_000

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'REQUIRED' } as const
/** `messages` is a list of {role, content}, as pyarrow and `datasets` have it. */
const schema = [
  { name: 'root', num_children: 4 },
  { name: 'messages', num_children: 1, converted_type: 'LIST', repetition_type: 'REQUIRED' },
  { name: 'list', num_children: 1, repetition_type: 'REPEATED' },
  { name: 'element', num_children: 2, repetition_type: 'REQUIRED' },
  { name: 'role', ...text },
  { name: 'content', ...text },
  { name: 'contributor', ...text },
  { name: 'contribution', ...text },
  { name: 'row', type: 'INT32', repetition_type: 'REQUIRED' }
] as const

/** The same rows as Parquet, given out row group by row group. */
export async function* parquetOf(rows: AsyncIterable<readonly ExportedRow[]>): AsyncGenerator<Uint8Array> {
  const { ByteWriter, ParquetWriter } = await import('hyparquet-writer')
  const writer = new ByteWriter()
  const file = new ParquetWriter({ writer, schema: [...schema], createdBy: 'tilth' })
  const drain = (): Uint8Array => {
    const bytes = writer.getBytes().slice()
    writer.index = 0
    return bytes
  }
  let held: ExportedRow[] = []
  const group = async (): Promise<Uint8Array> => {
    const column = (name: keyof ExportedRow) => ({ name, data: held.map(row => row[name]) })
    const columnData = (['messages', 'contributor', 'contribution', 'row'] as const).map(column)
    await file.write({ columnData, rowGroupSize: groupRows })
    held = []
    return drain()
  }
  for await (const some of rows) {
    held.push(...some)
    if (held.length >= groupRows) yield await group()
  }
  if (held.length > 0) yield await group()
  await file.finish()
  yield drain()
}
