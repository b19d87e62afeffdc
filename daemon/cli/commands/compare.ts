import type { Command } from 'commander'
import { normaliseText } from '../../../protocol/data/index.ts'
import { InvalidError, TilthError, zeroHash } from '../../../protocol/primitives/index.ts'
import { streamAnswer } from '../../api/contract/index.ts'
import type { ApiClient, ModelView } from '../../api/contract/index.ts'
import { questionOf } from '../asking.ts'
import { command, connected, guarded, tokenAmount, wholeNumber } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { connect } from '../context.ts'
import { bold, dim, green, printJson, red, safe, short, table, tokens } from '../output.ts'

interface CompareFlags extends CallFlags {
  prompt?: string[]
  heldOut?: boolean
  questions: string
  maxTokens: string
  maxPrice?: string
}

interface Question {
  readonly text: string
  /** What the held-out question's author answered. */
  readonly expected?: string
}
interface Compared {
  readonly prompt: string
  readonly expected?: string
  readonly answers: readonly {
    readonly model: string
    readonly text: string
    readonly fee: string
    readonly right?: boolean
  }[]
}

const sameAnswer = (a: string, b: string): boolean => normaliseText(a).toLowerCase() === normaliseText(b).toLowerCase()

/** Held-out questions of the Datanet that one of the models was tuned on. */
async function heldOutOf(api: ApiClient, models: readonly ModelView[], limit: number): Promise<Question[]> {
  const datanet = models.map(({ datanet }) => datanet).find(id => id !== zeroHash)
  if (datanet === undefined)
    throw new InvalidError('compare.base', 'neither model was tuned on a Datanet: there are no held-out questions', {
      help: 'Give questions of your own with --prompt.'
    })
  const { items } = await api.call('heldOut', { params: { id: datanet, limit } })
  return items.flatMap(({ messages }) => {
    const [asked, answer] = [messages.find(({ role }) => role === 'user'), messages.at(-1)]
    return asked === undefined || answer === undefined ? [] : [{ text: asked.content, expected: answer.content }]
  })
}

async function compare(
  api: ApiClient,
  models: readonly ModelView[],
  question: Question,
  flags: CompareFlags
): Promise<Compared> {
  const { text: prompt, expected } = question
  const answers = []
  for (const { id } of models) {
    const body = questionOf(
      { model: id, maxTokens: flags.maxTokens, temperature: '0', topP: '1', topK: '0', ...price(flags) },
      [{ role: 'user', content: prompt }]
    )
    const { text, fee } = await streamAnswer(api, body, () => undefined)
    answers.push({ model: id, text, fee, ...(expected === undefined ? {} : { right: sameAnswer(text, expected) }) })
  }
  return { prompt, ...(expected === undefined ? {} : { expected }), answers }
}

const price = ({ maxPrice }: CompareFlags): { maxPrice?: string } => (maxPrice === undefined ? {} : { maxPrice })

function comparedText({ prompt, expected, answers }: Compared, names: readonly string[]): string {
  const width = Math.max(...names.map(name => name.length), 8)
  return [
    bold(safe(prompt)),
    ...(expected === undefined ? [] : [`${'expected'.padEnd(width)}  ${dim(safe(expected))}`]),
    ...answers.map(({ text, right }, i) => {
      const mark = right === undefined ? '' : right ? green(' ✓') : red(' ✗')
      const indented = safe(text.trim()).replaceAll('\n', `\n${' '.repeat(width + 2)}`)
      return `${(names[i] ?? '').padEnd(width)}  ${indented}${mark}`
    })
  ].join('\n')
}

function totals(compared: readonly Compared[], names: readonly string[]): string {
  return table(
    ['model', 'answered as expected', 'paid'],
    names.map((name, i) => {
      const of = compared.map(({ answers }) => answers[i])
      const judged = of.filter(answer => answer?.right !== undefined)
      return [
        name,
        judged.length === 0 ? '' : `${judged.filter(answer => answer?.right === true).length} of ${judged.length}`,
        tokens(
          of.reduce((sum, answer) => sum + BigInt(answer?.fee ?? 0), 0n),
          9
        )
      ]
    }),
    [1, 2]
  )
}

export function compareCommand(): Command {
  return connected(
    command({
      name: 'compare',
      summary: 'ask two models the same, side by side; each answer is paid for',
      examples: [
        'tilth models compare seedling elements-v1 --prompt "What is the symbol of iron?"',
        'tilth models compare seedling elements-v1 --held-out --questions 10'
      ]
    })
  )
    .argument('<first>', 'id, beginning of one, or name')
    .argument('<second>', 'another')
    .option('--prompt <text...>', 'what to ask; may be said several times')
    .option('--held-out', "ask the Datanet's held-out questions, and count who answers as their authors did")
    .option('--questions <n>', 'how many of them', '5')
    .option('--max-tokens <n>', 'length of an answer', '64')
    .option('--max-price <tokens>', 'most that one answer may cost')
    .action(
      guarded(async (first: string, second: string, flags: CompareFlags) => {
        const own = flags.prompt ?? []
        // [reject] There is something to ask.
        if ((own.length === 0) === (flags.heldOut !== true))
          throw new InvalidError('compare.questions', 'say what to ask: either --prompt "…" or --held-out', {
            help: 'See `tilth models compare --help`.'
          })
        const limit = wholeNumber(flags.questions, '--questions', { least: 1, most: 100 })
        if (flags.maxPrice !== undefined) tokenAmount(flags.maxPrice, '--max-price')
        const api = await connect(flags)
        const models = [
          await api.call('model', { params: { id: first, asked: 'true' } }),
          await api.call('model', { params: { id: second, asked: 'true' } })
        ]
        if (models[0]?.id === models[1]?.id)
          throw new InvalidError('compare.same', `${first} and ${second} are one model`, { help: 'Name two.' })
        const questions = own.length > 0 ? own.map(text => ({ text })) : await heldOutOf(api, models, limit)
        const names = models.map(({ name, id }) =>
          models.filter(other => other.name === name).length > 1 ? `${safe(name)} ${short(id)}` : safe(name)
        )
        const compared: Compared[] = []
        for (const question of questions) {
          const one = await compare(api, models, question, flags).catch((cause: unknown) => {
            // What was answered and paid for before is shown all the same.
            if (compared.length > 0 && flags.json !== true) console.log(totals(compared, names))
            throw cause instanceof TilthError
              ? cause
              : new TilthError('compare.failed', 'a question was not answered', { cause })
          })
          compared.push(one)
          if (flags.json !== true) console.log(`${comparedText(one, names)}\n`)
        }
        if (flags.json === true) printJson({ models: models.map(({ id, name }) => ({ id, name })), compared })
        else console.log(totals(compared, names))
      })
    )
}
