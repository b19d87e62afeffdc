import { existsSync } from 'node:fs'
import { cpus } from 'node:os'
import { basename, join } from 'node:path'
import { hasPlayer } from '../../../protocol/jobs/index.ts'
import { InvalidError, NotFoundError } from '../../../protocol/primitives/index.ts'
import { openEngine } from '../../engine/index.ts'
import { catalogueOf } from '../catalogue.ts'
import type { AttackResult, CostResult, LabResult, Seconds, WorldResult } from '../results.ts'
import { ruleNames } from '../rules/types.ts'
import type { Mode } from '../types.ts'
import { attacksOf, peaceful, type Attack } from '../worlds/attacks.ts'
import { baseId, Bench } from './bench.ts'
import { LabFolder, resultsFile } from './folder.ts'
import { judgeAttack } from './judge-attack.ts'
import { judgeWorld } from './judge.ts'
import { Lots, settings, trainLot, type Lot } from './lots.ts'
import { Pace } from './pace.ts'
import { siblingsOf, studyOf, type Study, type StudyPlan } from './study.ts'

/** What a run says while it goes on. */
export interface LabProgress {
  readonly stage: 'training' | 'measuring'
  readonly name: string
  readonly done: number
  readonly of: number
  readonly secondsLeft: number | null
}

export interface LabRun {
  readonly mode: Mode
  /** Names of its worlds and attacks, where it is not all of them. */
  readonly only?: readonly string[] | undefined
  /** Learning rate, where the base wants another one than the shipped one does: larger ones want less. */
  readonly lr?: number | undefined
  /** Where it keeps what it finds; the same folder takes up what was there. */
  readonly folder: string
  /** Hugging Face folder of the base model. */
  readonly model: string
  readonly signal?: AbortSignal
  onProgress?(progress: LabProgress): void
}

interface Planned {
  readonly name: string
  readonly study: Study
  readonly attack?: { readonly attack: Attack; readonly peace: Study }
}

const alone = (world: StudyPlan['world']): StudyPlan => ({
  world,
  judged: 'match',
  everyEpoch: false,
  ruleSeeds: [1],
  truthSeeds: [],
  siblings: 16,
  truthSiblings: 16,
  gradients: true
})

/** Every study of a mode, or those that are asked for, in the order in which they are trained. */
function planOf({ mode, only }: LabRun): Planned[] {
  const all = planOfAll(mode)
  const names = [...new Set(all.map(({ name }) => name))]
  const unknown = only?.find(name => !names.includes(name))
  if (unknown !== undefined)
    throw new InvalidError('lab.world', `no world or attack of this run is called ${unknown}`, {
      help: `There are: ${names.join(', ')}.`
    })
  return only === undefined ? all : all.filter(({ name }) => only.includes(name))
}

function planOfAll(mode: Mode): Planned[] {
  return catalogueOf(mode).flatMap(({ worlds, attackSeeds }) => [
    ...worlds.map(plan => ({ name: plan.world.name, study: studyOf(plan) })),
    ...attackSeeds.flatMap(seed => {
      const peace = studyOf(alone(peaceful(seed)))
      return attacksOf(seed).map(attack => ({
        name: `${attack.name}-${seed}`,
        study: studyOf(alone(attack.world)),
        attack: { attack, peace }
      }))
    })
  ])
}

const costOf = ({ plan, accepted, rule }: Study): CostResult => {
  const share = (coalition: bigint): number =>
    accepted.owners.filter(owner => hasPlayer(coalition, owner)).length / accepted.owners.length
  return {
    world: plan.world.name,
    players: accepted.players.length,
    siblings: rule.length - 2,
    times: rule.slice(1, -1).reduce((sum, coalition) => sum + share(coalition), 0)
  }
}

const secondsOf = (lots: readonly Lot[], folder: LabFolder): Seconds => ({
  training: lots.reduce((sum, { key }) => sum + folder.lotLog(key).seconds, 0),
  measuring: folder.takeSeconds()
})

/**
 * Trains, measures and judges; what was found before in the folder is not found out again. Results are written after
 * each study, so that a run that is stopped has said what it knew.
 */
export async function runLab(run: LabRun): Promise<LabResult> {
  // [reject] There is something to train.
  if (!existsSync(join(run.model, 'model.safetensors')))
    throw new NotFoundError('lab.model', `there is no base model in ${run.model}`, {
      help: 'Give a Hugging Face folder that holds config.json, tokenizer.json and model.safetensors.'
    })
  const folder = new LabFolder(run.folder)
  const base = baseId(run.model)
  const planned = planOf(run)
  const own = run.lr === undefined ? settings : { ...settings, lr: run.lr }
  const lots = new Lots(base, own)
  // The lots that a study is the first to need.
  const needs = planned.map(({ study, attack }) => {
    const before = lots.all.length
    if (attack !== undefined) lots.add(siblingsOf(attack.peace))
    lots.add(siblingsOf(study))
    return lots.all.slice(before)
  })
  const engine = openEngine({ threads: 2, provider: 'cpu', quantize: 'int8' })
  try {
    const { parameters } = await engine.open(run.model)
    const bench = new Bench({ engine, model: run.model, base, lots, folder })
    const pace = new Pace(lots.all.filter(({ key }) => !folder.hasLot(key)))
    const worlds: WorldResult[] = []
    const attacks: AttackResult[] = []
    const isFirst = (study: Study): boolean =>
      planned.find(other => other.study.plan.world.name === study.plan.world.name)?.study === study
    const resultOf = (reached: number): LabResult => ({
      mode: run.mode,
      base: { name: basename(run.model), id: base, parameters },
      settings: { ...own },
      rules: ruleNames,
      worlds: [...worlds],
      attacks: [...attacks],
      cost: planned.flatMap(({ study, attack }) => (attack === undefined && isFirst(study) ? [costOf(study)] : [])),
      missing: planned.slice(reached).map(({ name }) => name),
      trained: needs.slice(0, reached).flatMap(due => due.flatMap(({ siblings }) => siblings)).length,
      machine: `${cpus().length} × ${cpus()[0]?.model.trim() ?? 'unknown'}`
    })
    for (const [i, { name, study, attack }] of planned.entries()) {
      const due = needs[i] ?? []
      for (const lot of due) {
        if (folder.hasLot(lot.key)) continue
        run.onProgress?.({ stage: 'training', name, ...pace.left() })
        await trainLot(lot, { engine, model: run.model, folder, settings: own }, run.signal)
        pace.trained(lot)
      }
      run.signal?.throwIfAborted()
      run.onProgress?.({ stage: 'measuring', name, ...pace.left() })
      folder.takeSeconds()
      if (attack === undefined) worlds.push({ ...(await judgeWorld(study, bench)), seconds: secondsOf(due, folder) })
      else {
        const found = await judgeAttack(attack.attack, study, attack.peace, bench)
        attacks.push({ ...found, seconds: secondsOf(due, folder) })
      }
      await folder.writeResult(resultsFile(run.mode, run.only !== undefined || run.lr !== undefined), resultOf(i + 1))
    }
    return resultOf(planned.length)
  } finally {
    await engine.close()
  }
}
