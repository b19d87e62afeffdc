import { TilthError } from '../../../protocol/primitives/index.ts'
import type { LoopContext } from './context.ts'
import type { DataDone, JobDone, ModelsDone, PayoutsDone } from './context.ts'
import { issuesOf } from './input.ts'
import type { LoopResult } from './result.ts'
import { runData } from './stages/data.ts'
import { runJobs } from './stages/jobs.ts'
import { runModels } from './stages/models.ts'
import { openBooks, runPayouts } from './stages/payouts.ts'

export interface LoopDone {
  data: DataDone
  jobs: JobDone
  models: ModelsDone
  payouts: PayoutsDone
}

/** The flow once, in its order, through the daemons' APIs as users would. */
export async function runLoop(context: LoopContext): Promise<LoopDone> {
  const data = await runData(context)
  const jobs = await runJobs(context, data)
  const books = await openBooks(context)
  const models = await runModels(context, jobs)
  const payouts = await runPayouts(context, data, models, books)
  const missing = context.reporter.missing()
  if (missing.length > 0) throw new TilthError('loop.stage', `the loop left out ${missing.join(', ')} of the flow`)
  return { data, jobs, models, payouts }
}

const share = (answers: readonly { exact: boolean }[]): number =>
  answers.length === 0 ? 0 : answers.filter(({ exact }) => exact).length / answers.length

export function loopResult({ data, jobs, models, payouts }: LoopDone, seconds: number): LoopResult {
  const award = jobs.job.awards.find(one => one.lot.kind === 'adapter')
  return {
    datanet: {
      id: data.datanet,
      version: data.version.version,
      contributions: data.contributions.map(({ view, person, file }) => ({
        id: view.id,
        contributor: view.contributor,
        name: person.name,
        rows: view.rows,
        status: view.status,
        ...(view.reason === undefined ? {} : { reason: view.reason }),
        rowIssues: issuesOf(file, view.rowIssues).map(issue => ({ file: file.path, ...issue }))
      }))
    },
    job: {
      id: jobs.job.id,
      bids: jobs.job.bids.map(({ worker, price, seconds }) => ({ worker, price, seconds })),
      award: award === undefined ? null : { worker: award.worker, price: award.price, escrow: award.escrow },
      awards: jobs.job.awards.map(one => ({
        worker: one.worker,
        lot: one.lot.kind === 'adapter' ? 'adapter' : `siblings ${one.lot.coalitions.join(' ')}`,
        price: one.price
      }))
    },
    training: { steps: award?.loss.length ?? 0, loss: award?.loss ?? [], seconds: award?.seconds ?? jobs.seconds },
    model: { id: models.model.id, base: jobs.base, adapter: models.model.adapter },
    evaluation: {
      questions: models.tuned.length,
      base: { exactMatch: share(models.base) },
      tuned: { exactMatch: share(models.tuned) }
    },
    receipts: payouts.receipts.map(({ id, client, worker, inputTokens, outputTokens, fee, weights, scorings }) => ({
      id,
      client,
      worker,
      inputTokens,
      outputTokens,
      fee,
      weights,
      rechecked: scorings.some(({ agrees }) => agrees)
    })),
    epoch: { id: payouts.epoch.epoch, root: payouts.epoch.root, transaction: payouts.epoch.transaction },
    payouts: payouts.payouts.map(({ amount, before, after, keptBack, ...rest }) => ({
      ...rest,
      amount: amount.toString(),
      before: before.toString(),
      after: after.toString(),
      ...(keptBack === undefined ? {} : { keptBack: keptBack.toString() })
    })),
    ranks: payouts.ranks.map(({ account, rank, formula, taken }) => ({
      contributor: account,
      name: data.contributions.find(({ person }) => person.address === account)?.person.name ?? account,
      rank,
      formula,
      rows: taken
    })),
    feesPaid: payouts.feesPaid.toString(),
    feesPaidOut: payouts.feesPaidOut.toString(),
    held: { amount: payouts.held.toString(), reason: payouts.heldReason },
    seconds: Math.round(seconds * 10) / 10
  }
}
