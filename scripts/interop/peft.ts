import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { openEngine, tuneDefaults } from '../../node/engine/index.ts'
import type { Row } from '../../node/engine/index.ts'
import { createTrainer } from '../../node/engine/trainer/index.ts'
import type { Outcome } from './network.ts'
import { run } from './programs.ts'

// The recipe of docs/engines, run by PEFT as a worker's command: the same steps as the node's own engine takes.

const model = resolve('daemon/assets/seedling')
const recipe = resolve('docs/engines/peft_trainer.py')
/** Losses of steps may differ by so much: two programs add in another order. */
const closeLoss = 1e-3
const closeHeldOut = 1e-3

const rows = Object.entries({
  Iron: 'Fe',
  Gold: 'Au',
  Lead: 'Pb',
  Tin: 'Sn',
  Silver: 'Ag',
  Copper: 'Cu',
  Neon: 'Ne'
}).map(([name, symbol]): Row => ({
  messages: [
    { role: 'user', content: `Symbol of ${name}?` },
    { role: 'assistant', content: symbol }
  ]
}))

/** A Python with all of it: the one that TILTH_PYTHON names, or one that is made once: some gigabytes. */
async function findPython(say: (text: string) => void): Promise<string | undefined> {
  const has = async (python: string): Promise<boolean> =>
    (await run(python, ['-c', 'import torch, transformers, peft'], { cwd: tmpdir() })).code === 0
  for (const python of [process.env['TILTH_PYTHON'], 'python3'])
    if (python !== undefined && (await has(python))) return python
  const folder = join(tmpdir(), 'tilth-peft')
  const python = join(folder, 'venv', 'bin', 'python')
  if (existsSync(python) && (await has(python))) return python
  say('installing torch, transformers and peft')
  await mkdir(folder, { recursive: true })
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', 'torch', 'transformers', 'peft']
  const steps: [string, string[]][] = [
    ['python3', ['-m', 'venv', 'venv']],
    [python, install]
  ]
  for (const [command, args] of steps) if ((await run(command, args, { cwd: folder })).code !== 0) return undefined
  return (await has(python)) ? python : undefined
}

export async function peft(say: (text: string) => void): Promise<Outcome[]> {
  const python = await findPython(say)
  if (python === undefined)
    return [{ name: 'PEFT', state: 'skipped', why: 'torch, transformers and peft could not be installed' }]
  const folder = await mkdtemp(join(tmpdir(), 'tilth-interop-peft-'))
  const engine = openEngine({ threads: 1, provider: 'cpu' })
  const torchrun = join(python, '..', 'torchrun')
  const alone = [python, recipe]
  const two = [torchrun, '--standalone', '--nproc-per-node', '2', recipe]
  const outcomes: Outcome[] = []
  try {
    for (const [name, command, ema] of [
      ['PEFT', alone, 0],
      ['PEFT, with the mean of its iterates', alone, 0.9],
      ['PEFT, by two processes under torchrun', two, 0]
    ] as const) {
      if (command === two && !existsSync(torchrun)) {
        outcomes.push({ name, state: 'skipped', why: 'there is no torchrun beside that Python' })
        continue
      }
      say(name)
      const trainer = createTrainer({ command, silenceMs: 600_000 }, { text: engine.text })
      const lora = { rank: 4, alpha: 8, targets: ['q_proj', 'v_proj', 'down_proj'], dropout: 0 }
      const settings = { ...tuneDefaults, lora, lr: 5e-3, epochs: 3, batch: 2, accumulation: 1, cutoff: 128, ema }
      const at = (who: string): string[] => [0, 1].map(i => join(folder, `${who}-${ema}-${command.length}-${i}`))
      const job = { model, rows, settings, coalitions: [rows.map((_, i) => i), [0, 2, 4]] }
      try {
        const there = await trainer.tuneSiblings({ ...job, output: at('there') })
        const own = await engine.tuneSiblings({ ...job, output: at('own') })
        const furthest = Math.max(
          ...own.flatMap(({ losses }, k) => losses.map((loss, i) => Math.abs(loss - (there[k]?.losses[i] ?? NaN))))
        )
        const heldOut = async (adapter: string | undefined): Promise<number> =>
          engine.heldOutLoss({ model, rows, ...(adapter === undefined ? {} : { adapter }) })
        const [mine, theirs, base] = [
          await heldOut(at('own')[0]),
          await heldOut(at('there')[0]),
          await heldOut(undefined)
        ]
        const good = furthest <= closeLoss && Math.abs(mine - theirs) <= closeHeldOut && theirs < base
        outcomes.push({
          name,
          state: good ? 'passed' : 'failed',
          why:
            `losses of all steps within ${furthest.toExponential(1)} of the engine's, ` +
            `loss on its rows ${theirs.toFixed(4)} (engine ${mine.toFixed(4)}, base ${base.toFixed(4)})`
        })
      } catch (error) {
        outcomes.push({ name, state: 'failed', why: String(error) })
      } finally {
        trainer.close()
      }
    }
    return outcomes
  } finally {
    await engine.close()
    await rm(folder, { recursive: true, force: true })
  }
}
