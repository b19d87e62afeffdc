import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  generateFrom,
  inspectModel,
  mergeAdapter,
  readExamples,
  rowGradients,
  scoreIds,
  tuneDefaults,
  tuneExamples,
  tuneRows
} from '../../node/engine/index.ts'
import { engineCommand } from '../../daemon/cli/engine/index.ts'
import { modelFolder, near, temporary, vectors, writeInput } from './fixture.ts'

const runtime = { threads: 1 }

describe('engine commands', () => {
  const folder = temporary()
  after(() => folder.remove())
  const file = (name: string, content: unknown) => writeInput(folder.path, name, content)

  for (const name of ['llama-tied', 'llama3-rope-qlora']) {
    const model = join(vectors, name)
    const golden = JSON.parse(readFileSync(join(model, 'golden.json'), 'utf8')) as {
      examples: { ids: number[][]; labels: number[][] }
      per_example: { loss: number[]; grad_dot: number[][] }
      train: { loss: number[]; steps: number; batch: number }
      adapter_forward: { ids: number[]; logits_last_row: number[] }
      greedy: { prompt: number[]; tokens: number[] }
    }
    const adapter = join(model, 'adapter-start')
    const quantize = name.includes('qlora') ? ('nf4' as const) : ('none' as const)

    it(`${name}: score, gradients, tune and generate give the golden values`, async () => {
      const examples = file(`${name}.json`, golden.examples)
      const { ids, labels } = readExamples(examples)
      const scored = await scoreIds({
        model,
        adapter,
        quantize,
        ids: [golden.adapter_forward.ids, ...ids],
        labels: [golden.adapter_forward.ids.map(() => -100), ...(labels ?? [])],
        runtime
      })
      near(scored.logitsLast[0] ?? [], golden.adapter_forward.logits_last_row, 2e-4)
      assert.equal(scored.loss?.[0], null)
      near((scored.loss ?? []).slice(1).map(Number), golden.per_example.loss, 1e-4)

      const rows = ids.map((row, i) => ({ ids: row, labels: labels?.[i] ?? [] }))
      const { gradDot } = await rowGradients({ model, adapter, quantize, rows, runtime })
      near(gradDot.flat(), golden.per_example.grad_dot.flat(), 1e-3 * Math.max(...golden.per_example.grad_dot.flat()))

      const settings = {
        ...tuneDefaults,
        method: quantize === 'nf4' ? ('qlora' as const) : ('lora' as const),
        batch: golden.train.batch,
        accumulation: 1,
        lr: 1e-3,
        schedule: 'constant' as const,
        weightDecay: 0.01,
        clip: 0,
        steps: golden.train.steps,
        shuffle: false
      }
      const tuned = await tuneExamples({
        model,
        rows,
        settings,
        output: join(folder.path, `${name}-end`),
        adapter,
        runtime
      })
      near(tuned.losses, golden.train.loss, 1e-4)

      const generated = await generateFrom({
        model,
        prompt: golden.greedy.prompt,
        settings: { maxTokens: 24, temperature: 0, seed: 0 },
        ignoreEnd: true,
        runtime
      })
      assert.deepEqual(generated.tokens, golden.greedy.tokens)
    })
  }

  it('tunes on text rows, and generates from text with the result', async () => {
    const model = modelFolder(folder.path)
    const rows = [
      ['Fe?', 'Iron'],
      ['Au?', 'Gold']
    ].map(([asks = '', answers = '']) => ({
      messages: [
        { role: 'user' as const, content: asks },
        { role: 'assistant' as const, content: answers }
      ]
    }))
    const output = join(folder.path, 'text')
    const { losses } = await tuneRows({
      model,
      rows,
      output,
      settings: { ...tuneDefaults, epochs: 6, lr: 1e-2 },
      runtime
    })
    assert.ok((losses.at(-1) ?? 9) < (losses[0] ?? 0))
    const { text, tokens } = await generateFrom({
      model,
      adapter: output,
      prompt: 'Fe',
      settings: { maxTokens: 5, temperature: 0, seed: 0 },
      runtime
    })
    assert.ok(tokens.length > 0 && tokens.length <= 5 && typeof text === 'string')
  })

  it('quantised weights answer too', async () => {
    for (const quantize of ['nf4', 'nf4-double', 'int4'] as const) {
      const { tokens } = await generateFrom({
        model: join(vectors, 'llama-tied'),
        quantize,
        prompt: [5, 6, 7],
        settings: { maxTokens: 5, temperature: 0, seed: 0 },
        ignoreEnd: true,
        runtime
      })
      assert.equal(tokens.length, 5)
    }
  })

  it('a merged model answers as base and adapter together', async () => {
    const model = join(vectors, 'llama-tied')
    const adapter = join(model, 'adapter-end')
    const output = join(folder.path, 'merged')
    mergeAdapter({ model, adapter, output, dtype: 'F32' })
    const ids = [[5, 6, 7, 8]]
    const [together, merged, base] = [
      await scoreIds({ model, adapter, ids, runtime }),
      await scoreIds({ model: output, ids, runtime }),
      await scoreIds({ model, ids, runtime })
    ]
    near(merged.logitsLast[0] ?? [], together.logitsLast[0] ?? [], 1e-4)
    assert.ok((merged.logitsLast[0] ?? []).some((x, i) => Math.abs(x - (base.logitsLast[0]?.[i] ?? 0)) > 1e-3))
    assert.throws(() => mergeAdapter({ model: output, adapter, output, dtype: 'F32' }), { code: 'merge-output' })
  })

  it('inspects without reading weights', () => {
    const found = inspectModel(join(vectors, 'qwen2-bias'))
    assert.equal(found.storedAs, 'BF16')
    assert.ok(found.memory.tuneQlora < found.memory.tuneLora && found.memory.tuneLora < found.memory.tuneFull)
    assert.ok(found.machine.providers.includes('cpu'))
  })

  it('wrong input is named by file', () => {
    assert.throws(() => readExamples(file('shape.json', { ids: [[1, 2]], labels: [[1]] })), {
      code: 'examples-invalid'
    })
    assert.throws(() => readExamples(file('minus.json', { ids: [[-1]] })), { code: 'examples-invalid' })
  })

  it('tilth engine: JSON on standard output, failures with a code', async () => {
    const printed: string[] = []
    const [log, error, exit] = [console.log, console.error, process.exitCode]
    console.log = (text: string) => {
      printed.push(text)
    }
    console.error = () => undefined
    try {
      const run = async (...args: string[]) => engineCommand().parseAsync(['node', 'tilth', ...args])
      await run(
        'generate',
        '--model',
        join(vectors, 'llama-tied'),
        '--ids',
        file('ids.json', { ids: [[5, 6]] }),
        '--max-tokens',
        '3',
        '--greedy',
        '--json'
      )
      assert.equal((JSON.parse(printed.pop() ?? '') as { tokens: number[] }).tokens.length, 3)
      await run('score', '--model', join(folder.path, 'nowhere'), '--input', join(folder.path, 'ids.json'), '--json')
      assert.equal((JSON.parse(printed.pop() ?? '') as { error: { code: string } }).error.code, 'model-config')
      assert.equal(process.exitCode, 1)
    } finally {
      console.log = log
      console.error = error
      process.exitCode = exit
    }
  })
})
