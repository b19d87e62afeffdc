import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { engineCommand } from '../../daemon/cli/engine/index.ts'
import { readAdapter, readConfig } from '../../node/engine/index.ts'
import { modelFolder, near, temporary, vectors, writeInput } from './fixture.ts'

interface Golden {
  forward: { ids: number[]; logits_last_row: number[] }
  adapter_forward: { ids: number[]; logits_last_row: number[] }
  greedy: { prompt: number[]; tokens: number[] }
  examples: { ids: number[][]; labels: number[][] }
  per_example: { loss: number[]; grad_dot: number[][] }
  train: {
    loss: number[]
    steps: number
    batch: number
    optimizer: { lr: number; beta1: number; beta2: number; eps: number; weight_decay: number }
  }
}

describe('tilth engine, as the command line is written', () => {
  const folder = temporary()
  after(() => folder.remove())
  const file = (name: string, content: unknown) => writeInput(folder.path, name, content)

  /** Runs a command line in this process; standard output, standard error and the exit code it leaves. */
  async function run(...args: string[]): Promise<{ out: string; err: string; code: unknown }> {
    const [log, error, exit] = [console.log, console.error, process.exitCode]
    const lines: { out: string[]; err: string[] } = { out: [], err: [] }
    console.log = (text: string) => {
      lines.out.push(text)
    }
    console.error = (text: string) => {
      lines.err.push(text)
    }
    process.exitCode = 0
    try {
      const command = engineCommand()
      for (const sub of [command, ...command.commands])
        sub.exitOverride().configureOutput({
          writeErr: text => {
            lines.err.push(text)
          }
        })
      await command.parseAsync(['node', 'tilth', ...args]).catch((failure: { exitCode?: number }) => {
        process.exitCode = failure.exitCode ?? 1
      })
      return { out: lines.out.join('\n'), err: lines.err.join('\n'), code: process.exitCode }
    } finally {
      console.log = log
      console.error = error
      process.exitCode = exit
    }
  }
  async function json<T>(...args: string[]): Promise<T> {
    const { out, err, code } = await run(...args, ...(args[0] === 'inspect' ? [] : ['--provider', 'cpu']), '--json')
    assert.equal(code, 0, err)
    return JSON.parse(out) as T
  }

  for (const name of ['llama-tied', 'llama3-rope-qlora', 'qwen2-bias', 'qwen3-qknorm']) {
    const model = join(vectors, name)
    const golden = JSON.parse(readFileSync(join(model, 'golden.json'), 'utf8')) as Golden
    const start = join(model, 'adapter-start')
    const quantize = name.includes('qlora') ? 'nf4' : 'none'

    it(`${name}: score, generate, gradients and tune give the golden values`, async () => {
      const examples = file(`${name}.json`, golden.examples)
      const plain = await json<{ logitsLast: number[][]; loss?: unknown }>(
        'score',
        '--model',
        model,
        '--input',
        file('forward.json', { ids: [golden.forward.ids] })
      )
      near(plain.logitsLast[0] ?? [], golden.forward.logits_last_row, 2e-4)
      assert.equal(plain.loss, undefined)
      const adapted = await json<{ logitsLast: number[][] }>(
        'score',
        '--model',
        model,
        '--adapter',
        start,
        '--quantize',
        quantize,
        '--input',
        file('adapted.json', { ids: [golden.adapter_forward.ids, ...golden.examples.ids] })
      )
      near(adapted.logitsLast[0] ?? [], golden.adapter_forward.logits_last_row, 2e-4)
      const scored = await json<{ logitsLast: number[][]; loss: number[] }>(
        'score',
        '--model',
        model,
        '--adapter',
        start,
        '--quantize',
        quantize,
        '--input',
        examples
      )
      near(scored.loss, golden.per_example.loss, 1e-4)
      assert.equal(scored.logitsLast.length, 12)

      for (const ids of [{ ids: [golden.greedy.prompt] }, [golden.greedy.prompt], golden.greedy.prompt]) {
        const { tokens } = await json<{ tokens: number[]; text: string }>(
          'generate',
          '--model',
          model,
          '--ids',
          file('ids.json', ids),
          '--max-tokens',
          String(golden.greedy.tokens.length),
          '--greedy'
        )
        assert.deepEqual(tokens, golden.greedy.tokens)
      }

      const gradients = await json<{ loss: number[]; gradDot: number[][] }>(
        'gradients',
        '--model',
        model,
        '--adapter',
        start,
        '--quantize',
        quantize,
        '--examples',
        examples
      )
      near(gradients.loss, golden.per_example.loss, 1e-4)
      near(
        gradients.gradDot.flat(),
        golden.per_example.grad_dot.flat(),
        1e-3 * Math.max(...golden.per_example.grad_dot.flat())
      )

      const { lr, beta1, beta2, eps, weight_decay: decay } = golden.train.optimizer
      const output = join(folder.path, `${name}-end`)
      const tuned = await json<{ loss: number[] }>(
        'tune',
        '--model',
        model,
        '--examples',
        examples,
        '--output',
        output,
        '--adapter',
        start,
        ...(quantize === 'nf4' ? ['--method', 'qlora'] : []),
        '--steps',
        String(golden.train.steps),
        '--batch',
        String(golden.train.batch),
        '--lr',
        String(lr),
        '--beta1',
        String(beta1),
        '--beta2',
        String(beta2),
        '--eps',
        String(eps),
        '--weight-decay',
        String(decay),
        '--schedule',
        'constant',
        '--shuffle',
        'false'
      )
      near(tuned.loss, golden.train.loss, 1e-4)
      const values = (path: string) => readAdapter(path, readConfig(model)).modules.flatMap(m => [...m.a, ...m.b])
      const [end, expected] = [values(output), values(join(model, 'adapter-end'))]
      const norm = (x: readonly number[]) => Math.sqrt(x.reduce((n, y) => n + y * y, 0))
      assert.ok(norm(end.map((x, i) => x - (expected[i] ?? NaN))) < 1e-3 * norm(expected))
    })
  }

  const model = join(vectors, 'llama-tied')
  const four = {
    ids: [
      [5, 6, 7, 8],
      [9, 10, 11],
      [12, 13, 14, 15, 16],
      [17, 18]
    ],
    labels: [
      [-100, 6, 7, 8],
      [-100, -100, 11],
      [-100, 13, 14, 15, 16],
      [-100, 18]
    ]
  }

  it('quantize on tune says the same as the method', async () => {
    const examples = file('four.json', four)
    const args = [
      'tune',
      '--model',
      join(vectors, 'llama3-rope-qlora'),
      '--examples',
      examples,
      '--steps',
      '3',
      '--lr',
      '1e-3',
      '--force'
    ]
    const losses = async (...more: string[]) =>
      (await json<{ loss: number[] }>(...args, '--output', join(folder.path, 'q'), ...more)).loss
    const [plain, method, quantize, double, other] = [
      await losses(),
      await losses('--method', 'qlora'),
      await losses('--quantize', 'nf4'),
      await losses('--double-quantization'),
      await losses('--quantize', 'nf4-double')
    ]
    assert.deepEqual(method, quantize)
    assert.deepEqual(double, other)
    assert.equal(new Set([plain, method, double].map(String)).size, 3)
    assert.match(
      (await run(...args, '--output', join(folder.path, 'q'), '--method', 'lora', '--quantize', 'nf4')).err,
      /not quantised/
    )
  })

  it('tune: evaluation, early stopping and dropout by their flags, on examples and on text', async () => {
    const examples = file('four.json', four)
    const held = file('held.json', { ids: four.ids.slice(0, 1), labels: [[-100, 99, 98, 97]] })
    const stopped = await json<{ loss: number[]; evaluations: { step: number; loss: number }[]; bestStep: number }>(
      'tune',
      '--model',
      model,
      '--examples',
      examples,
      '--output',
      join(folder.path, 'e'),
      '--steps',
      '60',
      '--lr',
      '1e-2',
      '--dropout',
      '0.1',
      '--eval-data',
      held,
      '--eval-every',
      '2',
      '--patience',
      '2'
    )
    assert.ok(stopped.loss.length < 60)
    assert.equal(
      stopped.evaluations.find(({ step }) => step === stopped.bestStep)?.loss,
      Math.min(...stopped.evaluations.map(({ loss }) => loss))
    )
    const rows = file(
      'rows.jsonl',
      Array.from({ length: 10 }, (_, i) => JSON.stringify({ prompt: `Question ${i}?`, response: 'Fe' })).join('\n')
    )
    const text = [
      'tune',
      '--model',
      modelFolder(folder.path),
      '--data',
      rows,
      '--output',
      join(folder.path, 't'),
      '--epochs',
      '2',
      '--lr',
      '1e-2',
      '--accumulation',
      '1',
      '--eval-share',
      '0.2',
      '--eval-every',
      '3'
    ]
    const share = await json<{ loss: number[]; evaluations: { step: number }[] }>(...text)
    assert.equal(share.loss.length, 8) // 8 rows are left, two a step
    assert.deepEqual(
      share.evaluations.map(({ step }) => step),
      [3, 6, 8]
    )
    const shown = await run(...text, '--force', '--provider', 'cpu')
    assert.match(shown.out, /3\/8 {2}loss [\d.]+ \(evaluation [\d.]+\)/)
  })

  it('generate: log-probabilities', async () => {
    const { tokens, logprobs } = await json<{
      tokens: number[]
      logprobs: { id: number; logprob: number; top: { id: number; logprob: number }[] }[]
    }>(
      'generate',
      '--model',
      model,
      '--ids',
      file('p.json', [5, 6]),
      '--max-tokens',
      '4',
      '--greedy',
      '--logprobs',
      '2'
    )
    assert.deepEqual(
      logprobs.map(({ id }) => id),
      tokens
    )
    for (const { id, logprob, top } of logprobs) assert.deepEqual([top.length, top[0]], [2, { id, logprob }])
  })

  it('inspect: what it takes by method, and whether this machine has it', async () => {
    const found = await json<{
      architecture: string
      parameters: number
      memory: Record<string, number>
      fits: Record<string, boolean>
      machine: { cores: number; memory: number }
    }>('inspect', '--model', model)
    assert.equal(found.architecture, 'LlamaForCausalLM')
    assert.deepEqual(Object.keys(found.fits), Object.keys(found.memory))
    for (const [method, bytes] of Object.entries(found.memory))
      assert.equal(found.fits[method], bytes <= found.machine.memory)
  })

  it('a mistake is one clear line and an exit code', async () => {
    const ids = file('ids.json', [[5, 6]])
    const mistakes: [string[], RegExp][] = [
      [['score', '--model', join(folder.path, 'none'), '--input', ids], /config\.json cannot be read/],
      [['score', '--model', model, '--input', join(folder.path, 'none.json')], /none\.json/],
      [
        ['score', '--model', model, '--input', file('far.json', [[5, 512]])],
        /row 1: token 512 is outside the vocabulary of 512/
      ],
      [
        ['score', '--model', model, '--input', file('label.json', { ids: [[5, 6]], labels: [[-100, 600]] })],
        /labels of row 1: token 600/
      ],
      [['score', '--model', model, '--input', ids, '--quantize', 'nf5'], /nf5/],
      [['score', '--model', model, '--input', ids, '--threads', 'x'], /--threads takes a number, not x/],
      [['generate', '--model', model, '--ids', ids, '--max-tokens', 'x'], /--max-tokens takes a number, not x/],
      [['generate', '--model', model, '--ids', ids, '--max-tokens', '2', '--temperature', '-1'], /temperature must be/],
      [['generate', '--model', model, '--max-tokens', '2'], /--prompt TEXT or --ids FILE/],
      [['gradients', '--model', model, '--examples', file('four.json', four)], /--adapter DIR/],
      [['tune', '--model', model, '--output', join(folder.path, 'o')], /--data FILE or --examples FILE/],
      [['tune', '--model', model, '--output', join(folder.path, 'o'), '--examples', ids], /has no labels/],
      [
        [
          'tune',
          '--model',
          model,
          '--output',
          join(folder.path, 'o'),
          '--examples',
          file('four.json', four),
          '--lr',
          '-1'
        ],
        /lr must be positive/
      ],
      [
        [
          'tune',
          '--model',
          model,
          '--output',
          join(folder.path, 'o'),
          '--examples',
          file('four.json', four),
          '--shuffle',
          'no'
        ],
        /true or false, not no/
      ]
    ]
    for (const [args, pattern] of mistakes) {
      const { err, code, out } = await run(...args)
      assert.equal(code, 1, args.join(' '))
      assert.match(err.split('\n')[0] ?? '', pattern)
      assert.ok(!/ at .*\.ts:\d/.test(err) && out === '', err)
    }
  })
})
