import type { Command } from 'commander'
import { TilthError, foreignCode } from '../../../protocol/primitives/index.ts'
import { alone, command, connected, guarded, listing, show, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { connect } from '../context.ts'
import type { AskEvent, Explanation, ModelView } from '../../api/contract/index.ts'
import { dim, printJson, safe, short, table, tokens } from '../output.ts'

const madeOf = ({ adapter, split: { worker, builder, data } }: ModelView): string =>
  `${adapter === null ? 'base model' : `adapter ${adapter}`}  ` +
  `split worker ${worker / 100}% builder ${builder / 100}% data ${data / 100}%`

type Done = Extract<AskEvent, { kind: 'done' }>
const costText = ({ inputTokens, outputTokens, fee, receipts }: Done): string =>
  `${inputTokens} + ${outputTokens} tokens, ${tokens(fee, 9)} paid, ` +
  `${receipts.length === 1 ? 'receipt' : 'receipts'} ${receipts.map(short).join(' ')}`

export function modelsCommand(): Command {
  return listing(
    connected(
      command({
        name: 'models',
        summary: 'registered models, and who offers them at what price',
        examples: ['tilth models', 'tilth models elements', 'tilth models --json']
      })
    )
  )
    .argument('[model]', 'one of them: id, beginning of one, or name')
    .action(
      guarded(async (wanted: string | undefined, flags: ListFlags) => {
        await showList(
          flags,
          async (api, params) =>
            wanted === undefined
              ? api.call('models', { params })
              : alone(await api.call('model', { params: { id: wanted } })),
          models =>
            models.length === 0
              ? 'no models yet'
              : models
                  .map(model =>
                    [
                      `${safe(model.name)}  ${dim(model.id)}`,
                      `  ${madeOf(model)}`,
                      model.offers.length === 0
                        ? dim('  nobody serves it now')
                        : table(
                            ['  served by', 'per input token', 'per output token', 'tokens/s'],
                            model.offers.map(offer => [
                              `  ${short(offer.worker)}`,
                              tokens(offer.inputPrice),
                              tokens(offer.outputPrice),
                              String(offer.tokensPerSecond)
                            ]),
                            [1, 2, 3]
                          )
                    ].join('\n')
                  )
                  .join('\n\n')
        )
      })
    )
}

export function serveCommand(): Command {
  return connected(
    command({
      name: 'serve',
      summary: 'offer a registered model for pay (worker)',
      examples: ['tilth serve 0x12… --as worker-1']
    })
  )
    .argument('<model>', 'id, beginning of one, or name')
    .option('--input-price <smallest>', "per prompt token, in the token's smallest unit")
    .option('--output-price <smallest>', "per answer token, in the token's smallest unit")
    .action(
      guarded(async (model: string, flags: CallFlags & { inputPrice?: string; outputPrice?: string }) => {
        await show(
          flags,
          api =>
            api.call('serve', {
              params: { id: model },
              body: { inputPrice: flags.inputPrice, outputPrice: flags.outputPrice }
            }),
          ({ id }) => `serving ${id}`
        )
      })
    )
}

interface RegisterFlags extends CallFlags {
  name: string
  job?: string
  base?: string
  split: string
}

export function registerCommand(): Command {
  return connected(
    command({
      name: 'register',
      summary: 'register a finished job, or a base model, on chain',
      examples: ['tilth register --name elements-v1 --job 0x12… --split 3000,1000,6000 --as host']
    })
  )
    .requiredOption('--name <text>', 'its name')
    .option('--job <id>', 'the finished tune job: id or beginning of one')
    .option('--base <cid>', 'a base model served as it is')
    .option('--split <worker,builder,data>', 'basis points of every fee', '3000,1000,6000')
    .action(
      guarded(async (flags: RegisterFlags) => {
        const [worker = 0, builder = 0, data = 0] = flags.split.split(',').map(Number)
        await show(
          flags,
          api =>
            api.call('registerModel', {
              body: { name: flags.name, job: flags.job, base: flags.base, split: { worker, builder, data } }
            }),
          model => `registered ${safe(model.name)} as ${model.id}`
        )
      })
    )
}

/** What workers say their answers owe to whom, for people. */
function explanationText({ answers, failed }: Explanation): string {
  const lines = answers.flatMap(({ by, weights }) => [
    `What it owes to whom, as its worker ${short(by)} says (unofficial; what pays is what scorers find):`,
    table(
      ['contributor', 'weight'],
      Object.entries(weights).map(([account, weight]) => [account, (Number(weight) / 1e6).toFixed(6)]),
      [1]
    )
  ])
  for (const { receipt, code } of failed)
    lines.push(
      code === 'explain.unweighed'
        ? 'It owes nothing to anybody: the model is made of no data that is paid for.'
        : `What it owes to whom is not to be had now (${code}); see \`tilth receipts\` later: ${receipt}.`
    )
  return lines.join('\n')
}

interface AskFlags extends CallFlags {
  model: string
  maxTokens: string
  temperature: string
  topP: string
  topK: string
  seed?: string
  system?: string
  private?: boolean
  explain?: boolean
}

export function askCommand(): Command {
  return connected(
    command({
      name: 'ask',
      summary: 'ask a model over the network; the answer streams',
      examples: [
        'tilth ask --model elements "What is the symbol of iron?"',
        'tilth ask --model elements --json "Which element is number 26?"',
        'tilth ask --model elements --explain "Which element is number 26?"'
      ]
    })
  )
    .argument('<question>', 'what to ask')
    .requiredOption('--model <model>', 'a registered model: name, id, or beginning of one')
    .option('--max-tokens <n>', 'length of the answer', '128')
    .option('--temperature <t>', '0 is greedy', '0')
    .option('--top-p <p>', 'nucleus', '1')
    .option('--top-k <k>', '0 is off', '0')
    .option('--seed <n>', 'for sampling; random unless given')
    .option('--system <text>', 'a system message')
    .option('--private', 'nobody but the worker ever sees it: it is not weighed, held-out values divide its data fee')
    .option('--explain', 'what the answer owes to whom, at once and by its worker: unofficial')
    .action(
      guarded(async (question: string, flags: AskFlags) => {
        const api = await connect(flags)
        const messages = [
          ...(flags.system === undefined ? [] : [{ role: 'system' as const, content: flags.system }]),
          { role: 'user' as const, content: question }
        ]
        const body = {
          model: flags.model,
          messages,
          maxTokens: Number(flags.maxTokens),
          temperature: Number(flags.temperature),
          topP: Number(flags.topP),
          topK: Number(flags.topK),
          private: flags.private === true,
          explain: flags.explain === true,
          ...(flags.seed === undefined ? {} : { seed: Number(flags.seed) })
        }
        let answer: object | undefined
        for await (const event of api.stream('ask', { body })) {
          if (event.kind === 'error') throw new TilthError(foreignCode(event.code), event.message)
          if (event.kind === 'done') answer = event
          if (event.kind === 'explanation') {
            const { kind: _, ...explanation } = event
            answer = { ...answer, explanation }
          }
          if (flags.json === true) continue
          if (event.kind === 'text') process.stdout.write(safe(event.text))
          if (event.kind === 'done') console.log(`\n${dim(costText(event))}`)
          if (event.kind === 'explanation') console.log(explanationText(event))
        }
        if (flags.json === true) printJson(answer)
      })
    )
}

interface ReceiptsFlags extends ListFlags {
  model?: string
  datanet?: string
  oldest?: boolean
}

export function receiptsCommand(): Command {
  return listing(
    connected(
      command({
        name: 'receipts',
        summary: 'receipts this daemon holds, with their weights, the newest first',
        examples: ['tilth receipts', 'tilth receipts --model elements', 'tilth receipts --as worker-1 --json']
      })
    )
  )
    .argument('[receipt]', 'one of them: id or beginning of one')
    .option('--model <model>', 'of one model: name, id, or beginning of one')
    .option('--datanet <datanet>', 'of models of one Datanet: name, id, or beginning of one')
    .option('--oldest', 'the oldest first')
    .action(
      guarded(async (wanted: string | undefined, flags: ReceiptsFlags) => {
        const order = flags.oldest === true ? 'oldest' : 'newest'
        await showList(
          flags,
          async (api, params) =>
            wanted === undefined
              ? api.call('receipts', { params: { ...params, model: flags.model, pool: flags.datanet, order } })
              : alone(await api.call('receipt', { params: { id: wanted } })),
          receipts =>
            receipts.length === 0
              ? 'no receipts yet'
              : table(
                  ['receipt', 'model', 'worker', 'tokens', 'fee', 'weights (1e-6)'],
                  receipts.map(item => [
                    short(item.id),
                    short(item.model),
                    short(item.worker),
                    `${item.inputTokens}+${item.outputTokens}`,
                    tokens(item.fee, 9),
                    item.private
                      ? 'private'
                      : Object.entries(item.weights)
                          .map(([who, weight]) => `${short(who)} ${weight}`)
                          .join('  ')
                  ]),
                  [3, 4]
                )
        )
      })
    )
}
