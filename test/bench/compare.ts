// The engine beside its peers on this machine, in one run: node test/bench/compare.ts --python PYTHON --llama FOLDER
// [--rounds 3] [--only train,decode,prefill,batch8,siblings] [--json]
//   PYTHON  an interpreter with torch, transformers, peft and gguf
//   FOLDER  one with node-llama-cpp installed (npm i node-llama-cpp); the model file is made there once
// Every round measures both sides one after the other, each on one thread and on two, and of each side the best round
// counts: other work on the machine only ever slows a measurement down. Takes ten minutes a round on two cores.
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { availableParallelism, cpus } from 'node:os'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'

const { values: flags } = parseArgs({
  options: {
    python: { type: 'string' },
    llama: { type: 'string' },
    rounds: { type: 'string', default: '3' },
    only: { type: 'string', default: 'train,decode,prefill,batch8,siblings' },
    json: { type: 'boolean', default: false }
  }
})
const here = import.meta.dirname
const wanted = flags.only.split(',')

type Figures = Record<string, number>

/** Runs a program and reads the JSON of its last line. */
function measure(command: string, args: readonly string[], cwd = here): Record<string, unknown> {
  const { status, stdout, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8', maxBuffer: 1 << 26 })
  const line = stdout.trim().split('\n').at(-1) ?? ''
  if (status !== 0 || !line.startsWith('{'))
    throw new Error(`${command} ${args.join(' ')} failed: ${stderr.slice(-2000)}`)
  return JSON.parse(line) as Record<string, unknown>
}

function number(from: unknown, ...path: string[]): number {
  const found = path.reduce<unknown>((at, key) => (at as Record<string, unknown> | undefined)?.[key], from)
  if (typeof found !== 'number') throw new Error(`no figure ${path.join('.')}`)
  return found
}

const ours = (part: string): Record<string, unknown> =>
  measure(process.execPath, [
    join(here, '../../daemon/cli/main.ts'),
    'engine',
    'bench',
    '--shape',
    'smollm2-135m',
    '--only',
    part,
    '--provider',
    'cpu',
    '--json'
  ])

function trainRound(): Figures {
  const own = ours('train')
  const figures: Figures = {
    'train tokens/s': number(own, 'train', 'tokensPerSecond'),
    'train peak MB': number(own, 'train', 'peakRssMb')
  }
  if (flags.python === undefined) return figures
  const peers = [1, 2].map(threads =>
    measure(flags.python ?? '', [join(here, 'peers/peer_train.py'), '--threads', String(threads)])
  )
  const best = peers.toSorted((a, b) => number(b, 'tokens_per_s') - number(a, 'tokens_per_s'))[0]
  return {
    ...figures,
    'peer train tokens/s': number(best, 'tokens_per_s'),
    'peer train peak MB': number(best, 'peak_rss_mb')
  }
}

function serveRound(parts: readonly string[]): Figures {
  const figures: Figures = {}
  for (const part of parts) {
    const own = ours(part)
    if (part === 'batch8') {
      figures['batch8 tokens/s'] = number(own, part, 'sameAdapter', 'tokensPerSecond')
      figures['batch8, 8 adapters tokens/s'] = number(own, part, 'differentAdapters', 'tokensPerSecond')
    } else figures[`${part} tokens/s`] = number(own, part, 'tokensPerSecond')
  }
  if (flags.llama === undefined) return figures
  const folder = resolve(flags.llama)
  const file = join(folder, 'smollm2-135m-q4_0.gguf')
  if (!existsSync(file))
    spawnSync(flags.python ?? 'python3', [join(here, 'peers/make_gguf.py'), file], { stdio: 'inherit' })
  const peer = measure(process.execPath, [join(here, 'peers/peer_decode.mjs'), file], folder)
  for (const part of parts) figures[`peer ${part} tokens/s`] = number(peer, `${part}_tokens_per_s`)
  return figures
}

function siblingsRound(): Figures {
  const own = measure(process.execPath, [
    join(here, '../../daemon/cli/main.ts'),
    'engine',
    'bench',
    '--shape',
    'seedling',
    '--only',
    'siblings',
    '--provider',
    'cpu',
    '--json'
  ])
  return {
    'siblings, one by one over together': number(own, 'siblings', 'apart') / number(own, 'siblings', 'together'),
    'answer under 16 adapters over batch 16 under one':
      number(own, 'siblings', 'scoreAll') / number(own, 'siblings', 'forwardOne')
  }
}

const smallerIsBetter = (key: string): boolean => key.includes('MB') || key.startsWith('answer')
const best: Figures = {}
for (let round = 1; round <= Number(flags.rounds); round++) {
  const serving = wanted.filter(part => ['decode', 'prefill', 'batch8'].includes(part))
  const figures = {
    ...(wanted.includes('train') ? trainRound() : {}),
    ...(serving.length > 0 ? serveRound(serving) : {}),
    ...(wanted.includes('siblings') ? siblingsRound() : {})
  }
  for (const [key, value] of Object.entries(figures)) {
    const known = best[key]
    best[key] = known === undefined ? value : smallerIsBetter(key) ? Math.min(known, value) : Math.max(known, value)
  }
  if (!flags.json) console.log(`round ${round}: ${JSON.stringify(figures)}`)
}

const ratio = (of: string, to: string): number | undefined => {
  const [a, b] = [best[of], best[to]]
  return a === undefined || b === undefined ? undefined : Math.round((100 * a) / b) / 100
}
const rows: [string, string, string, string][] = [
  ['LoRA step 2×512, tokens/s', 'train tokens/s', 'peer train tokens/s', '2.5'],
  ['LoRA step 2×512, peak MB', 'train peak MB', 'peer train peak MB', 'at most 1'],
  ['decode, tokens/s', 'decode tokens/s', 'peer decode tokens/s', '1.0'],
  ['prefill 512, tokens/s', 'prefill tokens/s', 'peer prefill tokens/s', '1.0'],
  ['8 sequences, tokens/s', 'batch8 tokens/s', 'peer batch8 tokens/s', '1.5'],
  ['8 sequences, 8 adapters over one adapter', 'batch8, 8 adapters tokens/s', 'batch8 tokens/s', '0.8']
]
if (flags.json)
  console.log(
    JSON.stringify({
      cpu: cpus()[0]?.model,
      cores: availableParallelism(),
      date: new Date().toISOString().slice(0, 10),
      best,
      ratios: Object.fromEntries(rows.map(([name, own, peer]) => [name, ratio(own, peer)]))
    })
  )
else {
  const machine = `${cpus()[0]?.model ?? 'unknown processor'}, ${availableParallelism()} cores`
  console.log(`\n${machine}, ${new Date().toISOString().slice(0, 10)}\n`)
  console.log('| measured | Tilth | peer | ratio | wanted |\n| --- | --- | --- | --- | --- |')
  for (const [name, own, peer, goal] of rows)
    if (best[own] !== undefined)
      console.log(`| ${name} | ${best[own]} | ${best[peer] ?? '-'} | ${ratio(own, peer) ?? '-'} | ${goal} |`)
  for (const key of ['siblings, one by one over together', 'answer under 16 adapters over batch 16 under one']) {
    if (best[key] !== undefined)
      console.log(`| ${key} | ${best[key].toFixed(2)} |  |  | ${key.startsWith('answer') ? 'at most 4' : 'above 1'} |`)
  }
}
