// What reading a large file of rows takes: node test/bench/files.ts [--gigabytes 2] [--group 100000]
// Writes a Parquet file of random text with row groups of so many rows, then reads every row of it in a process of its
// own, by the reader that contributors use, and says what that process held at most (VmHWM, Linux only).
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { ParquetWriter, fileWriter } from 'hyparquet-writer'
import { openFile } from '../../node/data/files/index.ts'

const { values: flags } = parseArgs({
  options: {
    gigabytes: { type: 'string', default: '2' },
    group: { type: 'string', default: '100000' },
    read: { type: 'string' }
  }
})

const text = { type: 'BYTE_ARRAY', converted_type: 'UTF8', repetition_type: 'OPTIONAL' } as const

/** Row groups of random text until the file is large enough. */
async function write(path: string, bytes: number, group: number): Promise<number> {
  const schema = [
    { name: 'root', num_children: 3 },
    ...['question', 'answer', 'source'].map(name => ({ name, ...text }))
  ]
  const writer = fileWriter(path)
  const file = new ParquetWriter({ writer, schema, statistics: false })
  let rows = 0
  while (writer.offset < bytes) {
    // Of base64 three quarters are bytes.
    const column = (name: string, length: number) => ({
      name,
      data: Array.from({ length: group }, () => randomBytes((length * 3) / 4).toString('base64')),
      encoding: 'PLAIN' as const
    })
    await file.write({
      columnData: [column('question', 400), column('answer', 1200), column('source', 200)],
      rowGroupSize: group
    })
    rows += group
  }
  await file.finish()
  return rows
}

const peakMb = (pid: number | string): number =>
  Math.round(Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) / 1024)

/** Processes that this one has started: the parser's. */
const children = (): string[] =>
  readFileSync(`/proc/self/task/${process.pid}/children`, 'utf8')
    .split(' ')
    .filter(pid => pid !== '')

/** Reads every row, as contributors' files are read. */
async function read(path: string): Promise<object> {
  const started = performance.now()
  const file = await openFile({ path })
  let [rows, wrong, parser] = [0, 0, 0]
  for await (const some of file.rows) {
    parser = Math.max(parser, ...children().map(peakMb))
    const good = some.filter(row => 'row' in row).length
    rows += good
    wrong += some.length - good
  }
  const seconds = Math.round((performance.now() - started) / 100) / 10
  return { rows, wrong, seconds, readerMb: peakMb('self'), parserMb: parser }
}

if (flags.read !== undefined) console.log(JSON.stringify(await read(flags.read)))
else {
  const folder = mkdtempSync(join(tmpdir(), 'tilth-files-'))
  try {
    const path = join(folder, 'large.parquet')
    const rows = await write(path, Number(flags.gigabytes) * 1e9, Number(flags.group))
    const size = statSync(path).size
    console.log(`${(size / 1e9).toFixed(2)} GB, ${rows} rows, row groups of ${flags.group}`)
    // As `tilth` starts its own process.
    const args = ['--max-semi-space-size=2', import.meta.filename, '--read', path]
    console.log(execFileSync(process.execPath, args, { encoding: 'utf8' }).trim())
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
