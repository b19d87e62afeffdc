import assert from 'node:assert/strict'
import { cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { modelNeeds } from '../../node/engine/commands/inspect.ts'
import { readGguf } from '../../node/engine/gguf/header.ts'
import { readConfig, Tokenizer } from '../../node/engine/index.ts'
import { openTextReader } from '../../node/engine/text/reader.ts'
import { baseHandlers } from '../../daemon/api/handlers/bases.ts'
import { jobHandlers } from '../../daemon/api/handlers/jobs.ts'
import { bundledBase } from '../../daemon/assets.ts'
import { ggufBytes, llamaKeys, llamaTensors } from '../engine/gguf/file.ts'
import { startCommandLine } from './command-line.ts'
import type { CommandLine } from './command-line.ts'

const cid = 'bafkreigh2akiscaildcqabsyg3dfr6chu3fgpregiymsck7e7aqa4s52zy'
const id = `0x${'ab'.repeat(32)}` as const

describe('models into the network and out of it', function () {
  this.timeout(60_000)
  let cli: CommandLine
  /** What stood in each folder that was published, at that time. */
  const published: { folder: string; files: string[]; context: number; template: string | undefined }[] = []
  let away = false
  before(async () => {
    cli = await startCommandLine({
      async importBase({ body: { folder } }) {
        published.push({
          folder,
          files: readdirSync(folder).sort(),
          context: readConfig(folder).context,
          template: Tokenizer.load(folder).template
        })
        return { cid }
      },
      modelFolders: async () => ({
        id,
        name: 'elements',
        base: away ? '/somewhere/else' : bundledBase.folder(),
        adapter: null
      })
    })
  })
  after(() => cli.stop())
  const place = (name: string): string => join(cli.folder, name)

  it('a GGUF file is published as a folder, which is gone afterwards', async () => {
    const file = place('tiny.gguf')
    writeFileSync(file, ggufBytes({ keys: llamaKeys(), tensors: llamaTensors() }))
    const { stdout, stderr, code } = await cli.run('model', 'add', file, '--json')
    assert.equal(code, 0, stderr)
    assert.deepEqual(JSON.parse(stdout), {
      cid,
      architecture: 'LlamaForCausalLM',
      parameters: llamaTensors().reduce((sum, { lengths }) => sum + lengths.map(Number).reduce((a, b) => a * b, 1), 0),
      storedAs: 'F32',
      context: 64
    })
    const [one] = published
    assert.deepEqual(one?.files, ['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'])
    assert.match(one?.template ?? '', /im_start/)
    assert.ok(!existsSync(one?.folder ?? ''))
  })

  it('a folder is published as it is', async () => {
    const { stdout, code } = await cli.run('models', 'add', bundledBase.folder())
    assert.equal(code, 0)
    assert.match(stdout, new RegExp(`^${cid}`))
    assert.equal(published.at(-1)?.folder, bundledBase.folder())
    assert.ok(existsSync(bundledBase.folder()))
  })

  it('what is damaged or nothing is told, and not published', async () => {
    const before = published.length
    writeFileSync(place('cut.gguf'), ggufBytes({ keys: llamaKeys(), tensors: llamaTensors() }).subarray(0, 9000))
    writeFileSync(place('notes.txt'), 'notes')
    const told = async (...words: string[]): Promise<string> => {
      const { stderr, code } = await cli.run('model', 'add', ...words)
      assert.equal(code, 1, stderr)
      return stderr
    }
    assert.match(await told(place('cut.gguf')), /ends/)
    assert.match(await told(place('notes.txt')), /neither a folder nor/)
    assert.match(await told(place('missing.gguf')), /no folder or file/)
    assert.match(await told('people/tiny', '--hub', 'http://127.0.0.1:1'), /cannot be reached/)
    assert.equal(published.length, before)
  })

  it('a model goes out as GGUF, and nothing is written over', async () => {
    const file = place('elements.gguf')
    const { stderr, code } = await cli.run('model', 'export', 'elements', '--gguf', file, '--type', 'Q8_0')
    assert.equal(code, 0, stderr)
    const { metadata, tensors } = readGguf(file)
    assert.equal(metadata.get('general.name'), 'elements')
    assert.equal(metadata.get('tokenizer.ggml.pre'), 'smollm')
    assert.equal(tensors.get('blk.0.attn_q.weight')?.type.name, 'Q8_0')
    assert.match((await cli.run('model', 'export', 'elements', '--gguf', file)).stderr, /there already/)
    const alone = await cli.run('model', 'export', 'elements', '--gguf', place('x.gguf'), '--adapter-only')
    assert.match(alone.stderr, /base model: it has no adapter/)
    away = true
    assert.match(
      (await cli.run('model', 'export', 'elements', '--gguf', place('y.gguf'))).stderr,
      /not on this machine/
    )
    assert.ok(!existsSync(place('x.gguf')) && !existsSync(place('y.gguf')))
  })

  it('the daemon says where base and adapter stand, fetched if they were not there, and lets them go', async () => {
    const taken: string[] = []
    let released = 0
    const shelf = {
      async take(of: string, { kind, from }: { kind: string; from: readonly string[] }) {
        taken.push(`${kind} ${of} from ${from.join()}`)
        return { cid: of, folder: `/shelf/${of}`, bytes: 1, release: () => released++ }
      }
    }
    const which = {
      asked: async () => ({ id, name: 'elements', base: 'B', adapter: 'A', builder: '0x1', worker: '0x2' })
    }
    const { modelFolders } = baseHandlers(
      { shelf } as unknown as Parameters<typeof baseHandlers>[0],
      which as unknown as Parameters<typeof baseHandlers>[1]
    )
    const input = { params: { id: 'elements' } } as Parameters<typeof modelFolders>[0]
    assert.deepEqual(await modelFolders(input), { id, name: 'elements', base: '/shelf/B', adapter: '/shelf/A' })
    assert.deepEqual(taken, ['base B from 0x1,0x2', 'adapter A from 0x1,0x2'])
    assert.equal(released, 2)
  })

  it('a base that cannot be read, or asked, is told before anybody is offered it', async () => {
    const text = openTextReader()
    const put: string[] = []
    const node = {
      engine: { inspect: async (folder: string) => modelNeeds(folder), text },
      shelf: { put: async (folder: string) => (put.push(folder), { cid, release: () => undefined }) },
      transport: { files: { provide: async () => undefined } }
    }
    const { importBase } = baseHandlers(...([node, {}] as unknown as Parameters<typeof baseHandlers>))
    let count = 0
    /** The shipped base with a file of it put otherwise, or taken away. */
    const base = (file: string, change?: (json: Record<string, unknown>) => void): string => {
      const folder = place(`base-${count++}`)
      cpSync(bundledBase.folder(), folder, { recursive: true })
      const path = join(folder, file)
      if (change === undefined) {
        rmSync(path)
        return folder
      }
      const json = JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>
      change(json)
      writeFileSync(path, JSON.stringify(json))
      return folder
    }
    const publish = async (folder: string): Promise<unknown> =>
      importBase({ body: { folder } } as Parameters<typeof importBase>[0])
    const template = existsSync(join(bundledBase.folder(), 'chat_template.jinja'))
    try {
      const cases = [
        [base('config.json', json => (json['hidden_act'] = 'gelu')), 'model-unsupported'],
        [base('config.json', json => (json['vocab_size'] = 17)), 'weights-mismatch'],
        [base('tokenizer.json', json => (json['pre_tokenizer'] = { type: 'Split' })), 'tokenizer-invalid'],
        [
          template ? base('chat_template.jinja') : base('tokenizer_config.json', json => delete json['chat_template']),
          'chat-template'
        ]
      ] as const
      for (const [folder, code] of cases) await assert.rejects(publish(folder), { code })
      assert.deepEqual(put, [])
      const whole = base('config.json', () => undefined)
      assert.deepEqual(await publish(whole), { cid })
      assert.deepEqual(put, [whole])
    } finally {
      text.close()
    }
  })

  it('agents are no bases to train: what they name is a manifest', async () => {
    const base = { base: 'bafyBase', adapter: null, result: null, name: 'seedling' }
    const agent = { base: 'bafyManifest', adapter: null, result: 'bafyManifest', name: 'walked agent' }
    const node = {
      shelf: {
        has: () => false,
        put: async () => ({ cid: 'bafyOwn', release: () => undefined }),
        status: () => ({ entries: [] })
      },
      models: { models: () => [base, { ...base, base: 'bafyBase', adapter: 'bafyA', result: 'bafyR' }, agent] },
      jobs: { jobs: () => [] }
    }
    const which = { model: async () => ({ ...agent, id }), asked: async () => ({ ...agent, id }) }
    const { modelFolders } = baseHandlers(...([node, which] as unknown as Parameters<typeof baseHandlers>))
    await assert.rejects(
      async () => modelFolders({ params: { id: 'walked agent' } } as Parameters<typeof modelFolders>[0]),
      { code: 'model.agent', help: /tilth agent show/ }
    )
    const naming = { ...which, datanet: async () => id }
    const { planJob } = jobHandlers(...([node, naming, {}] as unknown as Parameters<typeof jobHandlers>))
    await assert.rejects(
      async () =>
        planJob({ params: {}, body: { base: 'walked agent', datanet: 'birds' } } as Parameters<typeof planJob>[0]),
      { code: 'job.base' }
    )
    const { bases } = baseHandlers(...([node, {}] as unknown as Parameters<typeof baseHandlers>))
    const { items } = await bases({ params: { limit: 10 } } as Parameters<typeof bases>[0])
    assert.deepEqual(
      items.map(({ cid, name, tuned }) => [cid, name, tuned]),
      [
        ['bafyOwn', bundledBase.name, 0],
        ['bafyBase', 'seedling', 1]
      ]
    )
  })
})
