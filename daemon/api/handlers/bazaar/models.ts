import { foldText, searchWords } from '../../../../protocol/data/index.ts'
import { familyOf, isAgent, suits } from '../../../../protocol/models/index.ts'
import { NotFoundError, pageOf, zeroHash } from '../../../../protocol/primitives/index.ts'
import type { Hex } from '../../../../protocol/primitives/index.ts'
import type { ModelView as NodeModel } from '../../../../node/models/index.ts'
import type { QualityView as NodeQuality, UseSums, UseView } from '../../../../node/payouts/index.ts'
import type { Node } from '../../../../node/node.ts'
import type { BazaarView, ModelUseView, QualityView, RelativeView } from '../../contract/index.ts'
import type { Handlers } from '../../server/index.ts'
import { withFoundOut } from '../found-out.ts'
import { createLeft, modelView } from '../models.ts'
import { upstreamName, upstreamOf } from '../upstream.ts'
import type { Which } from '../which.ts'
import { orderOf } from './order.ts'

type Names = 'bazaar' | 'bazaarModel' | 'measureModel' | 'modelUse' | 'lineage'
type Parts = Pick<Node, 'chain' | 'models' | 'payouts' | 'jobs' | 'data'>

/** Models that one search looks at, the newest: of each two rows are read. */
const mostLookedAt = 2_000
const msOfDay = 86_400_000

const amounts = (values: Readonly<Record<string, bigint>>): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([account, value]) => [account, value.toString()]))

export const qualityView = ({ questions, base, tuned, values, epoch }: NodeQuality): QualityView => ({
  questions,
  base: base.toString(),
  tuned: tuned.toString(),
  values: amounts(values),
  epoch
})

const sumsView = ({ answers, inputTokens, outputTokens, fees, clients, returning }: UseSums) => ({
  answers,
  inputTokens,
  outputTokens,
  fees: fees.toString(),
  clients,
  returning
})

const totalsView = ({ all }: Pick<UseView, 'all'>): ModelUseView['all'] =>
  all && { ...sumsView(all), firstAt: Number(all.firstAt) * 1000, lastAt: Number(all.lastAt) * 1000 }

/** Names, what Datanets are about and what jobs came to, each looked up once. */
function createNames({ data, models, jobs }: Pick<Parts, 'data' | 'models' | 'jobs'>) {
  const known = new Map<Hex, Promise<{ name: string; description: string } | null>>()
  const datanet = (id: Hex): Promise<{ name: string; description: string } | null> => {
    const found =
      known.get(id) ??
      (id === zeroHash
        ? Promise.resolve(null)
        : data
            .datanet(id)
            .then(net => (net === undefined ? null : { name: net.rules.name, description: net.rules.description })))
    known.set(id, found)
    return found
  }
  const bases = new Map(
    models
      .models()
      .flatMap(({ base, adapter, name, result }) =>
        adapter === null && result === null ? [[base, name] as const] : []
      )
  )
  let losses: Map<string | null, BazaarView['heldOutLoss']> | undefined
  return {
    datanet,
    base: (cid: string): string | null => bases.get(cid) ?? null,
    loss({ result }: Pick<NodeModel, 'result'>): BazaarView['heldOutLoss'] {
      losses ??= new Map(
        jobs
          .jobs()
          .toReversed()
          .map(job => [job.result, job.heldOutLoss])
      )
      return result === null ? null : (losses.get(result) ?? null)
    }
  }
}

export function bazaarHandlers(parts: Parts, which: Which): Pick<Handlers, Names> {
  const { chain, models, payouts } = parts

  async function view(model: NodeModel, names: ReturnType<typeof createNames>): Promise<BazaarView> {
    const [net, quality, matches, use] = await Promise.all([
      names.datanet(model.datanet as Hex),
      payouts.quality(model.id),
      payouts.matches(model.id),
      payouts.use(model.id, Number.MAX_SAFE_INTEGER)
    ])
    return {
      ...modelView(model),
      ...upstreamName(models, model),
      retired: model.retired,
      datanetName: net?.name ?? null,
      baseName: names.base(model.base),
      quality: quality === null ? null : qualityView(quality),
      matches,
      heldOutLoss: names.loss(model),
      upstreams: upstreamOf(models, model, 1_000_000n),
      use: totalsView(use)
    }
  }

  /** Nothing is ordered by these, so they are looked up for what is shown. */
  const marking = (): ((model: BazaarView) => Promise<BazaarView>) => {
    const left = createLeft(parts.data)
    return async model => ({
      ...model,
      offers: await withFoundOut(chain, model.datanet, model.offers),
      ...(await left(model))
    })
  }

  /** Whether all words stand somewhere in what is known of it. */
  async function isMeant(model: NodeModel, words: readonly string[], names: ReturnType<typeof createNames>) {
    if (words.length === 0) return true
    const net = await names.datanet(model.datanet as Hex)
    const told = [model.name, model.id, names.base(model.base) ?? '', net?.name ?? '', net?.description ?? '']
    const text = foldText(told.join('\n'))
    return words.every(word => text.includes(word))
  }

  return {
    async bazaar({ params: { search, datanet, served, order, region, leastBits, ...page } }) {
      const names = createNames(parts)
      const of = datanet === undefined ? undefined : await which.datanet(datanet)
      const words = searchWords(search ?? '')
      const isRouted = region !== undefined || leastBits !== undefined
      const way = {
        ...(region === undefined ? {} : { regions: [region] }),
        ...(leastBits === undefined ? {} : { leastBits })
      }
      const found: BazaarView[] = []
      const newest = models.models().toReversed()
      for (const model of newest.slice(0, mostLookedAt)) {
        // What is made of models has a list of its own.
        if (isAgent(model) || model.retired || (of !== undefined && model.datanet !== of)) continue
        if (served === 'yes' && model.offers.length === 0) continue
        if (isRouted && !model.offers.some(offer => suits(way, { region: '', weights: '', ...offer }))) continue
        if (await isMeant(model, words, names)) found.push(await view(model, names))
      }
      const { items, next } = pageOf(found.sort(orderOf(order)), page, ({ id }) => id)
      return { items: await Promise.all(items.map(marking())), next }
    },
    async bazaarModel({ params }) {
      const model = await which.model(params.id)
      return marking()(await view(model, createNames(parts)))
    },
    async measureModel({ params }) {
      const { id, name } = await which.model(params.id)
      await payouts.gate(id)
      const quality = await payouts.quality(id)
      if (quality === null)
        throw new NotFoundError('model.unmeasured', `${name} has no siblings, so nothing can be measured of it`, {
          help: 'Only models of tune jobs have held-out questions to be measured on.'
        })
      return { ...qualityView(quality), matches: await payouts.measureMatches(id) }
    },
    async modelUse({ params: { id: wanted, days } }) {
      const { id } = await which.model(wanted)
      const use = await payouts.use(id, Math.floor(Date.now() / msOfDay) - days + 1)
      return {
        model: id,
        all: totalsView(use),
        days: use.days.map(({ day, ...sums }) => ({
          day: new Date(day * msOfDay).toISOString().slice(0, 10),
          ...sumsView(sums)
        })),
        workers: use.workers.map(({ lastAt, ...worker }) => ({ ...worker, lastAt: Number(lastAt) * 1000 }))
      }
    },
    async lineage({ params: { id, ...page } }) {
      const { base, id: own } = await which.model(id)
      const names = createNames(parts)
      const related = models.models().filter(one => !isAgent(one) || one.id === own)
      const family = familyOf(base, related)
      const { items, next } = pageOf(
        family.map((relative, place) => ({ ...relative, place })),
        page,
        ({ place }) => String(place)
      )
      const shown = items.map(async ({ base: of, model, parent, place }): Promise<RelativeView> => {
        const datanet = model === null || model.datanet === zeroHash ? null : (model.datanet as Hex)
        return {
          place,
          id: model?.id ?? null,
          name: model?.name ?? names.base(of) ?? of,
          kind: model === null || model.adapter === null ? 'base' : 'tuned',
          base: of,
          datanet,
          datanetName: datanet === null ? null : ((await names.datanet(datanet))?.name ?? null),
          version: model?.version ?? 0,
          parent,
          upstreamShare: model?.split.upstream ?? 0,
          retired: model?.retired ?? false,
          served: (model?.offers.length ?? 0) > 0
        }
      })
      return { items: await Promise.all(shown), next }
    }
  }
}
