import { rmSync } from 'node:fs'
import { isFull, type Tuned } from '../adapters/index.ts'
import type { ModelConfig } from '../architecture/index.ts'
import { bestEvaluation, restoreCheckpoint, saveCheckpoint } from '../train/index.ts'
import type { TrainProgress, TrainSettings, TuneResult } from '../types.ts'
import { memberBytes } from './training.ts'

// Siblings are trained side by side. Adapters are small, and all of them fit; of fully trained models each is as large
// as its base several times over, so they are trained in groups, one group after another.

/** What models in full training may take together; one alone may take more. */
const togetherBytes = 2 * 2 ** 30

/** Indices of siblings that are trained together. */
export function groupsOf(
  count: number,
  start: Tuned,
  config: ModelConfig,
  settings: TrainSettings,
  together = togetherBytes
): number[][] {
  const all = Array.from({ length: count }, (_, k) => k)
  if (!isFull(start)) return [all]
  const most = Math.max(1, Math.floor(together / memberBytes(config, settings)))
  return Array.from({ length: Math.ceil(count / most) }, (_, g) => all.slice(g * most, (g + 1) * most))
}

/** Progress of one group as that of all of them; each has its share of the siblings. */
export function progressOf(groups: readonly (readonly number[])[], g: number, p: TrainProgress): TrainProgress {
  if (groups.length === 1) return p
  const all = groups.reduce((sum, { length }) => sum + length, 0)
  const [before, own] = [groups.slice(0, g), groups[g] ?? []].map(part => part.flat().length)
  const steps = (p.steps * all) / Math.max(1, own ?? 1)
  const done = (p.steps * (before ?? 0)) / Math.max(1, own ?? 1) + p.step
  const each = p.steps === p.step ? 0 : p.secondsLeft / (p.steps - p.step)
  return {
    ...p,
    step: Math.min(Math.round(done), Math.round(steps)),
    steps: Math.round(steps),
    secondsLeft: each * (steps - done)
  }
}

/** The files by which a group is taken up again: what it is in the middle of, and what came of it. */
export interface GroupFiles {
  readonly running: string
  readonly done: string
}

/** A single group has the job's own file. */
export const filesOf = (checkpoint: string, groups: number, g: number): GroupFiles => {
  const running = groups === 1 ? checkpoint : `${checkpoint}-${g}`
  return { running, done: `${running}-done` }
}

export function removeFiles(checkpoint: string, groups: number): void {
  for (let g = 0; g < groups; g++)
    for (const file of Object.values(filesOf(checkpoint, groups, g))) rmSync(file, { force: true })
}

const total = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0)

/** Notes that a group's folders are written. */
export function noteDone(file: string, identity: string, results: readonly TuneResult[]): void {
  saveCheckpoint(file, identity, [], {
    step: Math.max(0, ...results.map(({ losses }) => losses.length)),
    seconds: total(results.map(({ seconds }) => seconds)),
    tokens: 0,
    losses: [],
    members: {
      losses: results.map(({ losses }) => losses),
      tokens: results.map(({ tokens }) => tokens),
      evaluations: results.map(({ evaluations }) => evaluations ?? [])
    }
  })
}

/** What came of a group, where it is done; its seconds are shared by tokens. */
export function readDone(file: string, identity: string, stopsEarly: boolean): TuneResult[] | undefined {
  const state = restoreCheckpoint(file, identity, [])
  if (state?.members === undefined) return undefined
  const { losses, tokens, evaluations = [] } = state.members
  const all = Math.max(1, total(tokens))
  return losses.map((own, k) => {
    const found = evaluations[k] ?? []
    const best = stopsEarly ? found[bestEvaluation(found)]?.step : undefined
    return {
      losses: own,
      tokens: tokens[k] ?? 0,
      seconds: (state.seconds * (tokens[k] ?? 0)) / all,
      ...(found.length === 0 ? {} : { evaluations: found }),
      ...(best === undefined ? {} : { bestStep: best })
    }
  })
}
