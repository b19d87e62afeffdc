import { TilthError } from '../../../protocol/primitives/index.ts'
import type { ModelView, ReceiptView } from '../../api/contract/index.ts'
import type { Answer, JobDone, LoopContext, ModelsDone } from '../context.ts'
import { unlessUnknown, until } from '../poll.ts'

/** Exact match as question answering counts it: case, outer spaces and a final full stop do not matter. */
export const normalAnswer = (text: string): string =>
  text.normalize('NFKC').trim().toLowerCase().replace(/\s+/g, ' ').replace(/[.!]$/, '')

/** registration → offer → inference → receipt */
export async function runModels(context: LoopContext, jobs: JobDone): Promise<ModelsDone> {
  const { network, input, reporter } = context
  const builder = network.daemon('host').api
  const client = network.daemon('client')
  const workers = network.daemons.filter(({ name }) => name.startsWith('worker'))

  const [baseModel, model] = await reporter.stage(
    'registration',
    'base and tuned model registered on chain',
    async say => {
      const worker = jobs.job.awards.find(award => award.lot.kind === 'adapter')?.worker
      const base = await builder.call('registerModel', {
        body: { name: 'seedling', base: jobs.base, split: { worker: 8000, builder: 2000, data: 0 } }
      })
      const tuned = await builder.call('registerModel', {
        body: {
          name: input.name,
          job: jobs.job.id,
          ...(worker === undefined ? {} : { worker }),
          split: { worker: 3000, builder: 1000, data: 6000 }
        }
      })
      say(`${tuned.name} ${tuned.id.slice(0, 10)}…`)
      return [base, tuned] as const
    }
  )

  await reporter.stage('offer', 'the worker offers them; the client finds the offers', async say => {
    for (const { id } of [baseModel, model]) {
      for (const worker of workers) {
        await until(`${worker.name} learning of the model`, 60, () =>
          unlessUnknown(worker.api.call('model', { params: { id } }))
        )
        await worker.api.call('serve', { params: { id }, body: {} })
      }
      await until('an offer at the client', 90, async () => {
        const found = await unlessUnknown(client.api.call('model', { params: { id } }))
        say(`${found?.offers.length ?? 0} offers`)
        return found !== undefined && found.offers.length >= workers.length ? found : undefined
      })
    }
  })

  const ask = async (which: ModelView, say: (text: string) => void): Promise<Answer[]> => {
    const answers: Answer[] = []
    for (const [i, row] of input.questions.entries()) {
      const wanted = row.messages.at(-1)?.content ?? ''
      let text: string | undefined
      for await (const event of client.api.stream('ask', {
        body: { model: which.id, messages: row.messages.slice(0, -1), maxTokens: 24, temperature: 0, seed: i }
      })) {
        if (event.kind === 'error') throw new TilthError(event.code, event.message)
        if (event.kind === 'done') text = event.text
      }
      if (text === undefined) throw new TilthError('loop.answer', `no answer to question ${i + 1}`)
      answers.push({ question: i, text, exact: normalAnswer(text) === normalAnswer(wanted) })
      say(`${i + 1} of ${input.questions.length}, ${answers.filter(({ exact }) => exact).length} right`)
    }
    return answers
  }
  const base = await reporter.stage('inference', 'the client asks the base model', say => ask(baseModel, say))
  const tuned = await reporter.stage('inference', 'the client asks the tuned model', say => ask(model, say))

  const receipts = await reporter.stage(
    ['receipt', 'attribution'],
    'receipts co-signed, weights recomputed by a second peer',
    async say => {
      const wanted = 2 * input.questions.length
      const mine = await until('all receipts', 60, async () => {
        const all: ReceiptView[] = []
        for await (const receipt of client.api.all('receipts')) all.push(receipt)
        say(`${all.length} receipts`)
        return all.length >= wanted ? all : undefined
      })
      const scored = await until('a second peer recomputing the weights', 180, async () => {
        const seen = new Map<string, Set<string>>()
        const disagreed: string[] = []
        for (const daemon of [...workers, network.daemon('host')]) {
          for await (const receipt of daemon.api.all('receipts')) {
            for (const { scorer, agrees } of receipt.scorings) {
              if (scorer === receipt.worker) continue
              if (!agrees) disagreed.push(receipt.id)
              else seen.set(receipt.id, (seen.get(receipt.id) ?? new Set<string>()).add(scorer))
            }
          }
        }
        if (disagreed.length > 0)
          throw new TilthError('loop.scoring', `a second peer found other weights for receipt ${disagreed[0]}`)
        const weighed = mine.filter(receipt => Object.keys(receipt.weights).length > 0)
        const again = weighed.filter(receipt => seen.has(receipt.id))
        say(`${mine.length} receipts, ${again.length} of ${weighed.length} weighed again and equal`)
        return again.length === weighed.length ? seen : undefined
      })
      return mine.map(receipt => ({
        ...receipt,
        scorings: [...(scored.get(receipt.id) ?? [])].map(scorer => ({ scorer, agrees: true }))
      }))
    }
  )
  return { baseModel, model, base, tuned, receipts }
}
