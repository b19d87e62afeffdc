import { declineInWords, mostPoints, thinLosses, untrainedInWords } from '../../../protocol/jobs/index.ts'
import { InvalidError, NotFoundError, checkNewName, cidText, pageOf } from '../../../protocol/primitives/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import { checkLicence } from '../../../protocol/data/index.ts'
import type { ProductTerms } from '../../../protocol/jobs/index.ts'
import { checkUpstream, isAgent } from '../../../protocol/models/index.ts'
import type { JobView as NodeJob } from '../../../node/jobs/index.ts'
import type { Node } from '../../../node/node.ts'
import type { Spending } from '../../spending/index.ts'
import type { CancelledView, JobView, PostedProduct } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import type { Which } from './which.ts'

const view = (job: NodeJob): JobView => ({
  id: job.id,
  builder: job.builder,
  datanet: job.datanet,
  version: job.version,
  base: job.base,
  budget: job.budget.toString(),
  createdAt: job.createdAt,
  deadline: job.deadline,
  state: job.state,
  ...(job.reason === undefined ? {} : { reason: job.reason }),
  bids: job.bids.map(({ worker, price, siblingPrice, seconds }) => ({
    worker,
    price: price.toString(),
    siblingPrice: siblingPrice.toString(),
    seconds
  })),
  refusals: job.refusals.map(({ price, ...refusal }) => ({
    ...refusal,
    reason: declineInWords(refusal.code),
    ...(price === undefined ? {} : { price: price.toString() })
  })),
  awards: job.awards.map(({ worker, lot, price, attempt, escrow, state, reason, progress, loss, seconds }) => ({
    worker,
    lot,
    price: price.toString(),
    attempt,
    escrow,
    state,
    ...(reason === undefined ? {} : { reason }),
    progress,
    loss: loss.length <= mostPoints ? [...loss] : thinLosses(loss).map(({ loss }) => loss),
    seconds
  })),
  result: job.result,
  adapter: job.adapter,
  heldOutLoss: job.heldOutLoss,
  settings: job.spec.settings,
  coalitions: job.spec.coalitions,
  product: job.product,
  byHand: job.byHand,
  paused: job.paused
})

type Names =
  | 'planJob'
  | 'postJob'
  | 'jobs'
  | 'job'
  | 'awardJob'
  | 'pauseJob'
  | 'curves'
  | 'cancelJob'
  | 'spent'
  | 'untrained'
  | 'declined'
  | 'drafts'
  | 'draft'
  | 'saveDraft'
  | 'deleteDraft'

export function jobHandlers(
  { data, jobs, models, self }: Pick<Node, 'data' | 'jobs' | 'models' | 'self'>,
  which: Which,
  spending: Pick<Spending, 'paying'>
): Pick<Handlers, Names> {
  /** The version that is asked for, or the latest. @throws InvalidError `job.version` */
  async function versionOf(datanet: Hex, version: number | undefined): Promise<number> {
    const net = await data.findDatanet(datanet)
    // [reject] There is a version to train on.
    if (net.latestVersion === 0)
      throw new InvalidError('job.version', `${net.rules.name} has no version yet: there is nothing to train on`, {
        help: `Its host anchors what was accepted with: tilth datanet anchor ${net.id}`
      })
    if (version !== undefined && version > net.latestVersion)
      throw new InvalidError('job.version', `${net.rules.name} has no version ${version}`, {
        help: `Its latest is ${net.latestVersion}.`
      })
    return version ?? net.latestVersion
  }
  async function spent(id: Hex): Promise<CancelledView> {
    const { paid, refunded, waiting, deadline } = jobs.spent(id)
    const { state } = await which.job(id)
    return {
      id,
      state,
      paid: paid.toString(),
      refunded: refunded.toString(),
      waiting: waiting.toString(),
      deadline
    }
  }
  async function thrownAway(draft: string): Promise<void> {
    try {
      await jobs.drafts.delete(draft)
    } catch (error) {
      if (!(error instanceof NotFoundError)) throw error
    }
  }
  /** A base by its CID, or by the name of a model that is made of it. @throws InvalidError `job.base` */
  async function baseOf(text: string): Promise<string> {
    if (cidText.safeParse(text).success) return text
    try {
      const found = await which.asked(text)
      // [reject] An agent's base is its manifest.
      if (isAgent(found))
        throw new InvalidError('job.base', `${found.name} is an agent, which has no weights to grow from`, {
          help: `Name one of its models: \`tilth agent show ${found.name}\`.`
        })
      return found.base
    } catch (cause) {
      if (!(cause instanceof NotFoundError)) throw cause
      throw new InvalidError('job.base', `"${text}" is no CID, and no model of that name is known here`, {
        help: 'Name a base by its CID or by a model made of it (tilth models), or give a model folder (./my-model).',
        cause
      })
    }
  }
  /** [reject] What a model's fees go up to is a registration of its base: said before anything is trained. */
  async function productOf(product: PostedProduct, base: string): Promise<ProductTerms | null> {
    if (product === null) return null
    const { upstream: wanted, ...terms } = product
    const from = wanted === undefined ? undefined : await which.asked(wanted)
    const upstream = from?.id
    checkUpstream({ name: terms.name ?? 'the model', base, isTuned: true, split: terms.split, upstream }, from)
    return { ...terms, ...(upstream === undefined ? {} : { upstream }) }
  }
  return {
    async planJob({ body: { base, version, settings, coalitions, ...body } }) {
      const datanet = await which.datanet(body.datanet)
      const on = await baseOf(base)
      const of = await versionOf(datanet, version)
      const { cost, ...plan } = await jobs.plan({
        base: on,
        datanet,
        version: of,
        ...(settings === undefined ? {} : { settings: given(settings) }),
        ...(coalitions === undefined ? {} : { coalitions })
      })
      return {
        ...plan,
        left: (await data.leftSince(datanet, of)).length,
        why: plan.why.map(one => ({ ...one })),
        cost: {
          ...cost,
          adapter: cost.adapter.toString(),
          siblings: cost.siblings.toString(),
          budget: cost.budget.toString()
        }
      }
    },
    async postJob({ body: { budget, draft, ...body }, key }) {
      // [reject] What comes of it can be registered under its name, as far as is known when it begins.
      const taken = models.models().map(({ name, builder }) => ({ name, owner: builder }))
      const name = body.product?.name
      if (body.product?.licence !== undefined) checkLicence(body.product.licence)
      if (name !== undefined) checkNewName('model', { name, owner: self }, taken, { again: true })
      const datanet = await which.datanet(body.datanet)
      const base = await baseOf(body.base)
      const product = await productOf(body.product, base)
      const job = {
        ...body,
        base,
        product,
        datanet,
        version: await versionOf(datanet, body.version),
        budget: BigInt(budget)
      }
      // Its escrows may come to all of it.
      const posted = await spending.paying(key, job.budget, () => jobs.post(job))
      // What is posted is no draft any more; one that is gone already is no reason to fail.
      if (draft !== undefined) await thrownAway(draft)
      return posted
    },
    jobs: async ({ params }) => pageOf(jobs.jobs().map(view), params, ({ id }) => id),
    declined: async ({ params }) => jobs.declined(params),
    job: async ({ params }) => view(await which.job(params.id)),
    async awardJob({ params, body }) {
      const { id } = await which.job(params.id)
      await jobs.award(id, body.workers)
      return view(await which.job(id))
    },
    async pauseJob({ params, body }) {
      const { id } = await which.job(params.id)
      await jobs.pause(id, body.paused)
      return view(await which.job(id))
    },
    async curves({ params }) {
      const awards = await jobs.curves((await which.job(params.id)).id)
      return { awards: awards.map(one => ({ ...one })) }
    },
    async untrained({ params: { id, ...page } }) {
      const rows = (await jobs.untrained((await which.job(id)).id)).map(one => ({
        ...one,
        reason: untrainedInWords(one.code)
      }))
      return pageOf(rows, page, ({ contribution, row }) => `${contribution}.${row}`)
    },
    drafts: ({ params }) => jobs.drafts.list(params),
    draft: ({ params }) => jobs.drafts.get(params.id),
    saveDraft: ({ body: { draft, from } }) => jobs.drafts.save(draft, from),
    async deleteDraft({ params: { id } }) {
      await jobs.drafts.delete(id)
      return { id }
    },
    async cancelJob({ params }) {
      const { id } = await which.job(params.id)
      await jobs.cancel(id)
      return spent(id)
    },
    spent: async ({ params }) => spent((await which.job(params.id)).id)
  }
}

/** What was given, without fields that were left away. */
const given = <T extends object>(fields: { readonly [K in keyof T]?: T[K] | undefined }): Partial<T> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>
