import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { newAdapter, readAdapter, writeAdapter } from '../../../node/engine/adapters/index.ts'
import { readConfig, tuneDefaults, tuneRows } from '../../../node/engine/index.ts'
import type { Row, TrainSettings } from '../../../node/engine/index.ts'
import type { JobFile } from '../../../node/engine/trainer/index.ts'

// A trainer as an owner's command would be one: it reads the job's folder and leaves an adapter there. `how` says in
// which way it is a bad one.

const [how = 'well', folder = ''] = process.argv.slice(2)
const job = JSON.parse(readFileSync(join(folder, 'job.json'), 'utf8')) as JobFile
const config = readConfig(job.base)
const { rank, alpha, targets, dropout, rslora, ...rest } = job.settings
const lora = { rank, alpha, targets, dropout, rslora }
const say = (step: number, loss: number): void => console.log(JSON.stringify({ step, loss, lr: rest.lr }))
const sayAll = (): void => {
  for (let step = 1; step <= rest.steps; step++) say(step, 3 - step / rest.steps)
}

if (how === 'well') {
  const rows = readFileSync(job.rows, 'utf8')
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as Row)
  const { steps: _steps, ...settings } = rest
  await tuneRows({
    model: job.base,
    rows,
    settings: { ...tuneDefaults, ...settings, lora, method: job.method } satisfies TrainSettings,
    runtime: { provider: 'cpu', threads: 1 },
    output: job.output,
    onProgress: ({ step, loss }) => say(step, loss)
  })
} else if (how === 'unmoved') {
  sayAll()
  writeAdapter(job.output, readAdapter(job.start, config), job.base)
} else if (how === 'other-rank') {
  sayAll()
  const other = newAdapter(config, { ...lora, rank: rank + 1 }, 1)
  for (const { b } of other.modules) b.fill(0.1)
  writeAdapter(job.output, other, job.base)
} else if (how === 'no-numbers' || how === 'silent-steps') {
  if (how === 'no-numbers') sayAll()
  else say(1, 3)
  const broken = readAdapter(job.start, config)
  for (const { b } of broken.modules) b.fill(how === 'no-numbers' ? NaN : 0.1)
  writeAdapter(job.output, broken, job.base)
} else if (how === 'nothing') sayAll()
else if (how === 'fails') {
  console.error('RuntimeError: CUDA out of memory')
  process.exitCode = 3
} else if (how === 'hangs') {
  // What it starts hangs as well, and hears no signal of being asked to end.
  const child = spawn('sh', ['-c', 'trap "" TERM; while :; do sleep 1; done'], { stdio: 'ignore' })
  writeFileSync(join(job.checkpoint, 'pids'), `${process.pid} ${child.pid}`)
  say(1, 3)
  setInterval(() => undefined, 1000)
} else if (how === 'in-two') {
  // Ended in the middle, it goes on where it was.
  const mark = join(job.checkpoint, 'half')
  const half = Math.floor(rest.steps / 2)
  if (!existsSync(mark)) {
    for (let step = 1; step <= half; step++) say(step, 3)
    writeFileSync(mark, '')
    process.exitCode = 1
  } else {
    for (let step = half + 1; step <= rest.steps; step++) say(step, 2)
    const made = readAdapter(job.start, config)
    for (const { b } of made.modules) b.fill(0.1)
    writeAdapter(job.output, made, job.base)
  }
}
