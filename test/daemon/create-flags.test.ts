import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'

describe('the flags of a Datanet', function () {
  this.timeout(120_000)
  let cli: CommandLine
  before(async () => {
    cli = await startCommandLine({})
    await writeFile(join(cli.folder, 'held-out.jsonl'), '{"prompt":"a?","response":"b"}\n')
  })
  after(() => cli.stop())
  const refused = async (...flags: string[]): Promise<string> => {
    const questions = join(cli.folder, 'held-out.jsonl')
    const validator = `0x${'1'.repeat(40)}`
    const known = ['--name', 'birds', '--licence', 'CC0-1.0', '--questions', questions, '--validator', validator]
    const { code, stderr } = await cli.run('datanet', 'create', ...known, ...flags)
    assert.equal(code, 1, stderr)
    return stderr
  }

  it('are refused by the names that were typed, whatever the rules call them', async () => {
    assert.match(await refused('--uploads', 'many'), /--uploads must be a whole number .*, not "many"/)
    assert.match(await refused('--uploads', '0'), /--uploads must be a whole number from 1 to 1000, not "0"/)
    const days = await refused('--kept-back', '3000', '--kept-days', '400')
    assert.match(days, /--kept-days must be a number of days, above 0 and at most 365, not "400"/)
  })

  it('are told what they take in the words of their rules', async () => {
    assert.match(await refused('--tag', 'two words'), /--tag is refused: a tag is a word/)
  })
})
