import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { LabResult } from '../../../node/lab/index.ts'
import { main, runCommand } from '../../daemon/command-line.ts'
import { scratch } from '../../harness/index.ts'

/** A result without how long it took. */
const timeless = (result: unknown): unknown =>
  JSON.parse(JSON.stringify(result, (key, value: unknown) => (key === 'seconds' ? undefined : value)))

const lotsIn = (folder: string): string[] =>
  existsSync(join(folder, 'lots')) ? readdirSync(join(folder, 'lots')).filter(name => !name.includes('.')) : []

/** Starts a run and kills it, with no warning, once its first lot is trained. */
async function killed(folder: string): Promise<void> {
  const child = spawn(process.execPath, [main, 'lab', 'run', '--tiny', '--folder', folder], { stdio: 'ignore' })
  const ended = new Promise(resolve => child.on('close', resolve))
  const watch = setInterval(() => {
    if (lotsIn(folder).length > 0) child.kill('SIGKILL')
  }, 20)
  await ended
  clearInterval(watch)
}

describe('a run of the laboratory', function () {
  this.timeout(240_000)

  it('that was killed goes on, and finds the same as one that was not; its report says what was aimed at', async () => {
    const [broken, whole] = [await scratch('lab-broken'), await scratch('lab-whole')]
    await killed(broken)
    assert.ok(lotsIn(broken).length > 0)
    const [again, once] = [
      await runCommand(['lab', 'run', '--tiny', '--json', '--folder', broken]),
      await runCommand(['lab', 'run', '--tiny', '--json', '--folder', whole])
    ]
    assert.equal(again.code, 0, again.stderr)
    assert.equal(once.code, 0, once.stderr)
    const result = JSON.parse(once.stdout) as LabResult
    assert.deepEqual(timeless(JSON.parse(again.stdout)), timeless(result))
    assert.deepEqual(result.missing, [])
    const [world] = result.worlds
    const truth = world?.logs.uniform?.truth ?? []
    assert.ok(Math.abs(truth.reduce((a, b) => a + b, 0) - 1) < 1e-9)
    assert.deepEqual(Object.keys(world?.logs.uniform?.rules ?? {}).length, 8)

    const part = await runCommand(['lab', 'run', '--tiny', '--only', 'tiny', '--json', '--folder', whole])
    assert.deepEqual(timeless(JSON.parse(part.stdout)), timeless(result))
    assert.ok(existsSync(join(whole, 'results-tiny-only.json')), 'a part does not take the place of the whole')

    const page = join(whole, 'FAIRNESS.md')
    const figures = join(whole, 'figures')
    const asked = ['--tiny', '--folder', whole, '--output', page, '--figures', figures]
    const written = await runCommand(['lab', 'report', ...asked])
    assert.equal(written.code, 0, written.stderr)
    const text = readFileSync(page, 'utf8')
    for (const heading of ['What was aimed at', 'What does not work', 'Error to truth', 'What attribution costs'])
      assert.ok(text.includes(`## ${heading}`))
    assert.ok(text.includes('not measured'))
    for (const [, figure] of text.matchAll(/\]\((figures\/[a-z]+\.svg)\)/g))
      assert.match(readFileSync(join(whole, figure ?? ''), 'utf8'), /^<svg [^]*<\/svg>\n$/)
  })

  it('names the worlds that there are where another is asked for, and takes no rate or base that is none', async () => {
    for (const [flags, said] of [
      [['--only', 'large'], /called large \[lab\.world\]\s+There are: tiny\./],
      [['--quick'], /--quick' cannot be used with option '--tiny'/],
      [['--model', '/nowhere'], /no base model in \/nowhere \[lab\.model\]/],
      [['--lr', 'fast'], /--lr must be above 0/]
    ] as const) {
      const refused = await runCommand(['lab', 'run', '--tiny', ...flags, '--folder', await scratch('lab-part')])
      assert.equal(refused.code, 1)
      assert.match(refused.stderr, said)
    }
  })

  it('has no report before it was made, and says how to make it', async () => {
    const { code, stderr } = await runCommand(['lab', 'report', '--folder', await scratch('lab-none')])
    assert.equal(code, 1)
    assert.match(stderr, /lab\.report[^]*tilth lab run/)
  })
})
