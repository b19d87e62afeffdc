import assert from 'node:assert/strict'
import { mkdir, readFile, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { previewOf, shardOfGiven } from '../../daemon/api/handlers/given-file.ts'
import { parquetOf } from '../protocol/data/files/make-files.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'
import { datanetView } from './views.ts'

describe('tilth datanet export', function () {
  this.timeout(60_000)
  let cli: CommandLine
  /** Ends in the middle. */
  let breaks = false
  const asked: unknown[] = []
  before(async () => {
    cli = await startCommandLine({
      datanet: async () => datanetView(),
      async exportRows({ params: { format, version } }) {
        asked.push([format, version])
        async function* bytes(): AsyncGenerator<Uint8Array> {
          yield new TextEncoder().encode(`${format} `)
          if (breaks) throw new Error('nobody gives the rest')
          yield new TextEncoder().encode('whole')
        }
        return { name: 'birds', type: 'application/jsonl', bytes: bytes() }
      }
    })
  })
  after(() => cli.stop())
  const run = (...args: string[]) => cli.run('datanet', 'export', 'birds', ...args)

  it('writes one file, or the folder that data sets have, and leaves what is there', async () => {
    const file = join(cli.folder, 'out', 'birds.jsonl')
    const one = await run('--out', file, '--version', '2', '--json')
    assert.equal(one.code, 0, one.stderr)
    assert.equal(await readFile(file, 'utf8'), 'jsonl whole')
    assert.deepEqual(JSON.parse(one.stdout), {
      datanet: datanetView().id,
      format: 'jsonl',
      files: [{ path: file, bytes: 11 }]
    })
    assert.deepEqual(asked, [['jsonl', 2]])
    const again = await run('--out', file)
    assert.deepEqual([again.code, /stands there already/.test(again.stderr)], [1, true])
    assert.equal((await run('--out', file, '--force', '--format', 'parquet')).code, 0)
    assert.equal(await readFile(file, 'utf8'), 'parquet whole')

    const folder = join(cli.folder, 'dataset')
    assert.equal((await run('--format', 'huggingface', '--out', folder)).code, 0)
    assert.deepEqual((await readdir(folder, { recursive: true })).sort(), [
      'README.md',
      'data',
      'data/train-00000-of-00001.parquet',
      'dataset_info.json'
    ])
    assert.equal(await readFile(join(folder, 'README.md'), 'utf8'), 'card whole')
  })

  it('leaves no part of a file that did not come whole', async () => {
    breaks = true
    const before = (await readdir(cli.folder)).sort()
    const { code } = await run('--out', join(cli.folder, 'cut.jsonl'))
    assert.equal(code, 1)
    const folder = join(cli.folder, 'cut')
    assert.equal((await run('--format', 'huggingface', '--out', folder)).code, 1)
    assert.deepEqual((await readdir(cli.folder)).sort(), before)
    // Nor what was not there before in a folder that was.
    await mkdir(folder)
    assert.equal((await run('--format', 'huggingface', '--out', folder)).code, 1)
    assert.deepEqual(await readdir(folder), [])
    await rm(folder, { recursive: true })
    breaks = false
  })

  it('says what a version is', async () => {
    assert.match((await run('--version', 'last')).stderr, /--version takes a whole number/)
  })
})

describe('a file in a request', () => {
  const limits = { maxRows: 100, maxBytes: 1 << 20, minOwnShare: 500 }
  const rows = [
    { prompt: 'a?', response: 'b' },
    { prompt: 'c?', response: 'd' }
  ]
  const text = '{"prompt":"a?","response":"b"}\n{"prompt":"c?","response":"d"}\n'

  it('is the same shard as text and as bytes, by names and by a mapping', async () => {
    const content = Buffer.from(parquetOf(rows)).toString('base64')
    for (const given of [
      { file: text },
      { file: JSON.stringify(rows) },
      { content },
      { file: 'x,y\na?,b\nc?,d', name: 'a.csv', map: 'prompt=x,response=y' }
    ])
      assert.equal((await shardOfGiven(given, limits)).text, text)
  })

  it('is judged by its own lines, those that are no rows among them', async () => {
    const shard = await shardOfGiven({ file: `${text}\nno row\n{"prompt":"e?","response":"f"}` }, limits)
    const checked = {
      verdict: { contribution: `0x${'0'.repeat(64)}` as const, accept: true, checks: [], rows: [], issues: [] },
      lines: [
        { line: 1, code: 'own' },
        { line: 2, code: 'own' },
        { line: 3, code: 'duplicate', row: 0 }
      ],
      uploads: 0,
      allowed: 3,
      compared: true
    }
    const { lines, rows, own, accept } = previewOf(checked, shard, limits)
    assert.deepEqual(
      lines.map(({ line, code }) => `${line} ${code}`),
      ['1 own', '2 own', '4 not-json', '5 duplicate']
    )
    assert.deepEqual([rows, own, accept], [4, 2, true])
    const wrong = await shardOfGiven({ file: `${text}1\n2\n3\n` }, limits)
    const { accept: taken, reason } = previewOf({ ...checked, lines: checked.lines.slice(0, 2) }, wrong, limits)
    assert.deepEqual([taken, reason], [false, 'mostly-invalid'])
  })
})
