import assert from 'node:assert/strict'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { readBounded } from '../../daemon/bounded-file.ts'
import { readJson } from '../../daemon/config/read.ts'
import { createKeystore, keystoreAddress, readPassphrase } from '../../daemon/keys/index.ts'
import { loadInput } from '../../daemon/local/loop/input.ts'
import { readExamples } from '../../node/engine/commands/examples.ts'
import { scratch } from '../harness/index.ts'
import { runCommand, startCommandLine } from './command-line.ts'
import { datanetView } from './views.ts'

/** Says of itself that it is empty, and never ends. */
const endless = '/dev/zero'

describe('a file that somebody names', function () {
  this.timeout(180_000)

  it('is read no further than it can be what it is named for, whoever reads it', async () => {
    const refusal = { code: 'file.too-large', message: /\/dev\/zero has more than 1024 KiB/ }
    await assert.rejects(readBounded(endless), refusal)
    await assert.rejects(readJson(endless, 'network file'), refusal)
    await assert.rejects(keystoreAddress(endless), refusal)
    await assert.rejects(readPassphrase({ file: endless }), refusal)
    assert.throws(() => readExamples(endless), { code: 'examples-invalid' })
    const folder = await scratch('named-files')
    const file = join(folder, 'file')
    await writeFile(file, 'four')
    const least = { bytes: 4, isNot: 'no word' }
    assert.equal((await readBounded(file, least)).toString(), 'four')
    await assert.rejects(readBounded(file, { ...least, bytes: 3 }), { code: 'file.too-large', message: /no word/ })
  })

  it('of settings has its faults named as they stand in it, and not after flags', async () => {
    const cli = await startCommandLine({ datanet: async () => datanetView({ latestVersion: 1 }) })
    try {
      const tune = (...words: string[]) => cli.run('tune', '--datanet', 'birds', '--base', 'bafy', ...words)
      const settings = async (name: string, text: string): Promise<string> => {
        const file = join(cli.folder, `${name}-settings.json`)
        await writeFile(file, text)
        return file
      }
      const wrong: [string, RegExp][] = [
        ['{"rank": 8}', /settings\.json: rank is unknown here/],
        ['{"lora": {"rank": 8, "alpha": "x"}}', /settings\.json: lora\.alpha must be/],
        ['{"epochs": "many"}', /settings\.json: epochs must be a number.*not "many"/],
        ['[]', /settings\.json holds no JSON object/]
      ]
      await Promise.all(
        wrong.map(async ([text, says], i) => {
          const file = await settings(String(i), text)
          const { code, stderr } = await tune('--settings', file, '--rank', '4')
          assert.equal(code, 1)
          assert.match(stderr, says)
          assert.doesNotMatch(stderr, /--rank|--epochs/)
          await assert.rejects(loadInput({ settings: file }), { code: 'file.json', message: /settings\.json/ })
        })
      )
      const file = await settings('good', '{"epochs": 2}')
      const others: [string[], RegExp][] = [
        [['--settings', endless], /\/dev\/zero has more than 1024 KiB/],
        [['--settings', '/nowhere.json'], /\/nowhere\.json cannot be read/],
        // What is typed is named as it was typed still.
        [['--settings', file, '--epochs', 'many'], /--epochs must be a number/],
        [['--like', ''], /--like names nothing/]
      ]
      await Promise.all(others.map(async ([words, says]) => assert.match((await tune(...words)).stderr, says)))
      assert.deepEqual(cli.calls, [])
    } finally {
      await cli.stop()
    }
  })

  it('of an agent has its steps named as they stand in it, and not after the agent’s own name', async () => {
    const folder = await scratch('agent-files')
    const step = { name: 'draft', model: 'elements', prompt: '{{input}}', maxTokens: 5 }
    const wrong: [string, RegExp][] = [
      [JSON.stringify({ steps: [{ ...step, name: 'a b' }] }), /steps\.0\.name must be .*not "a b"/],
      [JSON.stringify({ steps: [{ ...step, more: 1 }] }), /steps\.0\.more is unknown/],
      ['{}', /steps is missing/],
      ['nothing', /agent\.json is not JSON/]
    ]
    const file = join(folder, 'agent.json')
    for (const [text, says] of wrong) {
      await writeFile(file, text)
      const { code, stderr } = await runCommand(['agent', 'create', 'chemist', '--file', file])
      assert.equal(code, 1)
      assert.match(stderr, says)
      assert.doesNotMatch(stderr, /chemist/)
    }
  })

  it('of a key can be where one can be written, or is refused in words', async () => {
    const folder = await scratch('named-keys')
    const [file, taken] = [join(folder, 'file'), join(folder, 'folder')]
    await writeFile(file, 'a passphrase of many letters')
    await mkdir(taken)
    const { code, stderr } = await runCommand([
      'key',
      'create',
      '--key',
      '/proc/none/key.json',
      '--passphrase-file',
      file
    ])
    assert.equal(code, 1)
    assert.match(stderr, /no key can be written to \/proc\/none\/key\.json/)
    for (const path of [join(file, 'key.json'), taken])
      await assert.rejects(createKeystore(path, 'a passphrase of many letters', { strength: 'light' }), {
        code: 'key.write',
        help: /--key FILE/
      })
  })
})

describe('what names one of many things', function () {
  this.timeout(180_000)

  it('is told by the name that it was typed under, whatever the API calls it', async () => {
    const cli = await startCommandLine({})
    try {
      const long = 'x'.repeat(101)
      const wrong: [string[], RegExp][] = [
        [['tune', '--base', 'bafy', '--datanet', ''], /--datanet names nothing/],
        [['tune', '--base', 'bafy', '--datanet', long], /--datanet must be a text of 1 to 100 characters/],
        [['tune', '--like', long], /--like must be a text/],
        [['datanet', 'show', ''], /the datanet must be a text/],
        [['models', 'show', long], /the model must be a text/],
        [['receipts', '--datanet', long], /--datanet must be a text/]
      ]
      await Promise.all(
        wrong.map(async ([words, says]) => {
          const { code, stderr } = await cli.run(...words)
          assert.equal(code, 1, words.join(' '))
          assert.match(stderr, says)
        })
      )
      assert.deepEqual(cli.calls, [])
    } finally {
      await cli.stop()
    }
  })
})
