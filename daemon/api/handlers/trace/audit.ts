import type { Provenance } from '../../../../node/payouts/index.ts'
import { randomInt } from 'node:crypto'
import { drawable, lotOf, stepsOf } from '../../../../protocol/jobs/index.ts'
import { foundBy, isFound } from '../../../../protocol/payouts/index.ts'
import type { Served } from '../../../../protocol/models/index.ts'
import { InvalidError, TilthError } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import type { TraceStep } from '../../contract/index.ts'
import { fact, look, open } from './checks.ts'
import type { TraceParts } from './checks.ts'

/** The answer weighed once more, by this machine, where what was asked is to be had. */
export async function auditedReceipt(
  { payouts, models }: Pick<TraceParts, 'payouts' | 'models'>,
  id: Hex
): Promise<TraceStep> {
  const step = { stage: 'attribution', title: 'Weighed again', facts: [] }
  const [papers, opening] = [await payouts.papers(id), await models.opening(id)]
  const stated = foundBy((papers?.scorings ?? []).map(({ attribution }) => attribution))
  if (papers === undefined || stated === undefined)
    return { ...step, checks: [open('Its utilities', 'nobody has weighed it, so there is nothing to compare with')] }
  if (opening === undefined)
    return {
      ...step,
      checks: [open('Its utilities', 'what was asked is with its client and its worker: audit it there')]
    }
  const { model } = papers.receipt.receipt.message
  return {
    ...step,
    checks: [
      await look('Its utilities', async () => {
        const again = await payouts.weigh({ model, content: opening.content, answer: opening.answer })
        if (again === null) return 'its model has no siblings: there is nothing to measure'
        if (!isFound(again, stated.measured))
          throw new InvalidError('scoring.attribution', 'this machine measures others than scorers have stated')
        return `all ${again.utilities.length} coalitions would have given it as scorers say, within a unit of rounding`
      })
    ]
  }
}

const repeated = ({ tokens, strange, chance }: Served): string =>
  `${strange} of ${tokens} tokens lie further behind than rounding explains; by honest weights that many do once in ` +
  (chance >= 0.1 ? 'a few answers' : `${Math.min(1e12, 1 / chance).toPrecision(2)} answers`)

/** The answer said once more, by this machine and the weights that were offered. */
export async function servedAsOffered(
  { models }: Pick<TraceParts, 'models'>,
  id: Hex,
  signal: AbortSignal
): Promise<TraceStep> {
  const facts: TraceStep['facts'] = []
  let verdict: Served['verdict'] | undefined
  let prompt: { readonly counted: number; readonly paid: number } | undefined
  const check = await look('Its tokens', async () => {
    const { own, prompt: found, together } = await models.replay(id, signal)
    prompt = found
    facts.push(fact('tokens', own.tokens), fact('behind by more than rounding', own.strange))
    const answers = `${together.answers} ${together.answers === 1 ? 'answer' : 'answers'}`
    if (together.answers > 1) facts.push(fact('with others of this worker', `${answers}, ${together.tokens} tokens`))
    verdict = own.verdict
    if (own.verdict === 'other') return repeated(own)
    if (own.verdict === 'redrawn')
      return (
        "its tokens are as likely as the offered weights' own, but were not drawn by the client's seed: by another " +
        'engine, or by a worker that chooses among answers'
      )
    if (together.verdict === 'other') {
      verdict = 'other'
      return `of ${answers} by this worker together: ${repeated(together)}`
    }
    if (own.verdict === 'unclear')
      return `${repeated(own)}: too little to tell${together.answers > 1 ? `, also with ${answers}` : ''}`
    return `this machine, with the offered weights and the client's seed, chooses each of its ${own.tokens} tokens`
  })
  const counts = prompt
  // Only what was measured speaks against a worker: what this machine could not do is left open.
  const holds = verdict === 'as-offered' ? true : verdict === 'other' ? false : null
  return {
    stage: 'inference',
    title: 'Said again by the offered weights',
    facts,
    checks: [{ ...check, holds }, ...(counts === undefined ? [] : [await look('Its prompt', () => readAsPaid(counts))])]
  }
}

/** @throws InvalidError `audit.prompt` */
async function readAsPaid({ counted, paid }: { readonly counted: number; readonly paid: number }): Promise<string> {
  if (counted !== paid)
    throw new InvalidError('audit.prompt', `${paid} tokens of prompt were paid for, and this machine counts ${counted}`)
  return `${counted} tokens, as the receipt says`
}

/** Everything that a watcher checks of a pending epoch, once more, of any epoch. */
export async function auditedEpoch(
  { payouts }: Pick<TraceParts, 'payouts'>,
  pool: Hex,
  epoch: number
): Promise<TraceStep> {
  return {
    stage: 'settlement',
    title: 'Checked again from its bundle',
    facts: [],
    checks: [
      await look('All that money follows from', async () => {
        const faults = await payouts.recheck(pool, epoch)
        if (faults.length > 0) throw new InvalidError('audit.epoch', `this node finds it wrong: ${faults.join(', ')}`)
        return 'receipts, channels, models, scorings, held-out values, shares and trees follow the rules'
      })
    ]
  }
}

/** Losses of two machines for one step may differ in their last bits, which training carries on. */
const sameLoss = (a: number, b: number): boolean => Math.abs(a - b) <= 0.01 * Math.max(1, Math.abs(a))

interface Asked {
  readonly sibling?: number | undefined
  readonly segment?: number | undefined
  readonly steps?: number | undefined
}

/** One segment of one training, as drawn auditors run it: from the state that its worker committed to. */
async function auditedSegment(
  { jobs }: Pick<TraceParts, 'jobs'>,
  { result }: Provenance,
  { sibling, segment }: Asked,
  signal?: AbortSignal
): Promise<TraceStep> {
  const facts: TraceStep['facts'] = []
  const check = await look('Its states', async () => {
    const lots = await jobs.delivered(result)
    const { length } = result.coalitions
    const all = stepsOf(result, lots).flatMap((steps, coalition) =>
      Array.from({ length: steps === null ? 0 : drawable(steps) }, (_, at) => ({ coalition, segment: at }))
    )
    const open = all.filter(
      one => (sibling ?? one.coalition) === one.coalition && (segment ?? one.segment) === one.segment
    )
    const chosen = open[randomInt(Math.max(1, open.length))]
    if (chosen === undefined) throw new TilthError('audit.segment', 'no adapter of the model has such a segment')
    if (lotOf(lots, chosen.coalition, length)?.content.states === undefined)
      throw new TilthError(
        'audit.segment',
        'its worker has committed to no states: a command of its owner’s trained it'
      )
    const run = await jobs.runSegment(result, lots, chosen, signal)
    facts.push(
      fact('adapter', `of coalition ${run.coalition}`),
      fact('trained by', run.worker),
      fact('steps', `${run.from + 1} to ${run.to} of ${run.steps}`),
      fact('off by', run.distance === null ? 'everything' : run.distance.toExponential(1)),
      fact('allowed', run.tolerance)
    )
    if (!run.agrees) throw new InvalidError('audit.training', run.reason ?? 'what was committed does not follow')
    return 'the steps lead where its worker committed that they do, and the last state is the delivered adapter'
  })
  return { stage: 'training', title: 'A segment, run again', facts, checks: [check] }
}

/** Held-out questions measured again, and the beginning of one sibling's training run again. */
export async function auditedModel(
  { payouts, jobs }: Pick<TraceParts, 'payouts' | 'jobs'>,
  model: Hex,
  of: Provenance | null,
  { sibling, segment, steps }: Asked,
  signal?: AbortSignal
): Promise<TraceStep[]> {
  if (of === null) return []
  const facts: TraceStep['facts'] = []
  const retrained = await look('A sibling, trained again', async () => {
    const { coalition, worker, logged, found } = await jobs.retrain(of.result, { sibling, steps })
    facts.push(fact('coalition', coalition), fact('trained by', worker), fact('steps', found.length))
    const at = found.findIndex((loss, step) => !sameLoss(loss, logged[step] ?? Number.NaN))
    facts.push(
      fact(
        'largest difference of a loss',
        Math.max(...found.map((loss, i) => Math.abs(loss - (logged[i] ?? 0)))).toFixed(6)
      )
    )
    if (at >= 0)
      throw new InvalidError(
        'audit.training',
        `from step ${at + 1} on the loss is ${found[at]}, where its worker has signed for ${logged[at]}`
      )
    return `its first ${found.length} of ${logged.length} steps have the losses that its worker has signed for`
  })
  return [
    await auditedSegment({ jobs }, of, { sibling, segment }, signal),
    {
      stage: 'training',
      title: 'Trained again',
      facts,
      checks: [retrained]
    },
    {
      stage: 'attribution',
      title: 'Measured again on held-out questions',
      facts: [],
      checks: [
        await look('Its held-out values', async () => {
          const [stated, own] = [await payouts.quality(model), await payouts.gate(model)]
          if (own === null) return 'it has no siblings'
          if (stated === null || stated.epoch === null)
            throw new TilthError('epoch.unknown', 'no final epoch states any; this machine has measured its own')
          const off = Object.entries(own.values).filter(([player, value]) => {
            const other = stated.values[player as Hex] ?? 0n
            return (value > other ? value - other : other - value) > 200n
          })
          if (off.length > 0)
            throw new InvalidError(
              'audit.held-out',
              `this machine measures others for ${off.map(([who]) => who).join()}`
            )
          return `what epoch ${stated.epoch} states of ${own.questions} questions`
        })
      ]
    }
  ]
}
