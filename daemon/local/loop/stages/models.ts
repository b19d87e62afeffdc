import { TilthError, foreignCode } from '../../../../protocol/primitives/index.ts'
import type { ModelView, ReceiptView } from '../../../api/contract/index.ts'
import type { Answer, JobDone, LoopContext, ModelsDone } from '../context.ts'
import { tunedSplit } from '../input.ts'
import { unlessUnknown, until } from '../poll.ts'

/** Exact match as question answering counts it: case, outer spaces and a final full stop do not matter. */
export const normalAnswer = (text: string): string =>
  text.normalize('NFKC').trim().toLowerCase().replace(/\s+/g, ' ').replace(/[.!]$/, '')

/** The base model as an earlier round registered it. */
async function registeredBase({ network }: LoopContext, cid: string): Promise<ModelView | undefined> {
  for await (const model of network.daemon('host').api.all('models'))
    if (model.base === cid && model.adapter === null && model.result === null) return model
  return undefined
}

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
      const base =
        (await registeredBase(context, jobs.base)) ??
        (await builder.call('registerModel', {
          body: {
            name: 'seedling',
            base: jobs.base,
            split: { worker: 8000, builder: 2000, data: 0 },
            // As the README of its folder says.
            licence: 'Apache-2.0'
          }
        }))
      const tuned = await builder.call('registerModel', {
        body: {
          name: input.name,
          job: jobs.job.id,
          ...(worker === undefined ? {} : { worker }),
          split: tunedSplit
        }
      })
      say(`${tuned.name} ${tuned.id.slice(0, 10)}…`)
      return [base, tuned] as const
    }
  )

  await reporter.stage('offer', 'the worker offers them; the client finds the offers', async say => {
    // Both at once: mostly files, engines and gossip are waited for.
    await Promise.all(
      [baseModel, model].map(async ({ id }) => {
        await Promise.all(
          workers.map(async worker => {
            await until(`${worker.name} learning of the model`, 60, () =>
              unlessUnknown(worker.api.call('model', { params: { id } }))
            )
            await worker.api.call('serve', { params: { id }, body: {} })
          })
        )
        await until('an offer at the client', 90, async () => {
          const found = await unlessUnknown(client.api.call('model', { params: { id } }))
          say(`${found?.offers.length ?? 0} offers`)
          return found !== undefined && found.offers.length >= workers.length ? found : undefined
        })
      })
    )
  })

  // The round's own: whoever else asks meanwhile, in the console or by an API, leaves receipts beside them.
  const own = new Set<string>()
  const ask = async (which: ModelView, say: (text: string) => void): Promise<Answer[]> => {
    const answers: Answer[] = []
    for (const [i, row] of input.questions.entries()) {
      const wanted = row.messages.at(-1)?.content ?? ''
      let text: string | undefined
      for await (const event of client.api.stream('ask', {
        body: { model: which.id, messages: row.messages.slice(0, -1), maxTokens: 24, temperature: 0, seed: i }
      })) {
        if (event.kind === 'error') throw new TilthError(foreignCode(event.code), event.message)
        if (event.kind !== 'done') continue
        text = event.text
        for (const id of event.receipts) own.add(id)
      }
      if (text === undefined) throw new TilthError('loop.answer', `no answer to question ${i + 1}`)
      answers.push({ question: i, text, exact: normalAnswer(text) === normalAnswer(wanted) })
      say(`${i + 1} of ${input.questions.length}, ${answers.filter(({ exact }) => exact).length} right`)
    }
    return answers
  }
  const base = await reporter.stage('inference', 'the client asks the base model', say => ask(baseModel, say))
  const tuned = await reporter.stage('inference', 'the client asks the tuned model', say => ask(model, say))

  const receipts = await reporter.stage('receipt', 'receipts co-signed by client and worker', async say => {
    return until('the receipts', 120, async () => {
      const all: ReceiptView[] = []
      for await (const receipt of client.api.all('receipts')) if (own.has(receipt.id)) all.push(receipt)
      say(`${all.length} receipts`)
      return all.length >= own.size ? all : undefined
    })
  })
  // It began with the registration: nothing has waited for it so far, and nothing is paid before.
  await reporter.stage('registration', 'drawn auditors run parts of the training again', async say => {
    await until('the audit of the model', 300, async () => {
      const { audit } = await builder.call('model', { params: { id: model.id } })
      if (audit?.state === 'refused') throw new TilthError('loop.audit', audit.why)
      say(audit?.why ?? 'its papers are fetched')
      return audit?.state === 'passed' ? audit : undefined
    })
  })
  return { baseModel, model, base, tuned, receipts }
}
