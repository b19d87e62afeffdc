import { Option } from 'commander'
import type { Command } from 'commander'
import type { Route } from '../../protocol/models/index.ts'
import { InvalidError } from '../../protocol/primitives/index.ts'
import type { Answer, Explanation } from '../api/contract/index.ts'
import { collect, connected, tokenAmount, wholeNumber } from './command.ts'
import type { CallFlags } from './command.ts'
import { safe, short, table, tokens } from './output.ts'

// What `ask` and `chat` have in common: how an answer is wished for, streamed and paid.

export interface AskingFlags extends CallFlags {
  model: string
  maxTokens: string
  temperature: string
  topP: string
  topK: string
  seed?: string
  system?: string
  maxPrice?: string
  context?: string
  only?: string[]
  ignore?: string[]
  sort?: Route['sort']
  region?: string[]
  weights?: NonNullable<Route['weights']>
  leastBits?: string
  bonded?: boolean
  hedge?: string
  hedgePrivate?: boolean
  private?: boolean
  explain?: boolean
}

/** Adds the flags of a question. */
export const asking = (cmd: Command, { named = true }: { readonly named?: boolean } = {}): Command =>
  (named
    ? connected(cmd).requiredOption('--model <model>', 'a registered model or agent: name, id, or beginning of one')
    : connected(cmd)
  )
    .option('--max-tokens <n>', 'length of an answer', '128')
    .option('--temperature <t>', '0 is greedy', '0')
    .option('--top-p <p>', 'nucleus', '1')
    .option('--top-k <k>', '0 is off', '0')
    .option('--seed <n>', 'for sampling; random unless given')
    .option('--system <text>', 'a system message')
    .option('--max-price <tokens>', 'most that one answer may cost; what may cost more is not asked')
    .option(
      '--only <worker>',
      'a worker that may be asked, and no other: its address, or what it begins with; repeatable',
      collect
    )
    .option('--ignore <worker>', 'a worker that is not asked; repeatable', collect)
    .addOption(
      new Option('--sort <by>', 'which of several is asked first: by price and wait together, or by one of them')
        .choices(['balanced', 'price', 'speed'])
        .default('balanced')
    )
    .option('--context <rows>', "rows of the model's Datanet that are put before the question: those about it")
    .option(
      '--region <place>',
      'workers that say they are there, and no others: a country such as DE, or such as europe; repeatable',
      collect
    )
    .option('--weights <kind>', 'workers that say they answer from these, such as int8; repeatable', collect)
    .option('--least-bits <n>', 'workers that say they answer from weights of so many bits or more')
    .option(
      '--bonded',
      "workers that stand for their answers with stake in the model's Datanet, alone: drawn scorers may judge these"
    )
    .option(
      '--hedge <ms>',
      'a second worker with an open channel is asked if the first has no word by then; the slower one ends; 0: never'
    )
    .option('--hedge-private', 'also where it is private: then two workers may read it')
    .option('--private', 'nobody but the worker ever sees it: it is not weighed, held-out values divide its data fee')
    .option('--explain', 'what the answer owes to whom, at once and by its worker: unofficial')

export interface Turn {
  role: 'system' | 'user' | 'assistant'
  content: string
}

const routeOf = ({ only, ignore, sort, region, weights, leastBits, bonded }: AskingFlags): Route => ({
  ...(only === undefined ? {} : { only }),
  ...(ignore === undefined ? {} : { ignore }),
  ...(bonded === true ? { bonded } : {}),
  ...(sort === undefined ? {} : { sort }),
  ...(region === undefined ? {} : { regions: region }),
  ...(weights === undefined ? {} : { weights }),
  ...(leastBits === undefined ? {} : { leastBits: Number(leastBits) })
})

function hedgeIn({ hedge, hedgePrivate }: AskingFlags) {
  if (hedge === undefined) return {}
  const ms = wholeNumber(hedge, '--hedge', { least: 0, most: 60_000 })
  return { hedge: ms === 0 ? (false as const) : { ms, private: hedgePrivate === true } }
}

/** What stands before the conversation. @throws InvalidError `flag-invalid` for nothing, such as an unset variable */
export function systemOf({ system }: Pick<AskingFlags, 'system'>): Turn[] {
  if (system === '') throw new InvalidError('flag-invalid', '--system says nothing: what follows it is empty')
  return system === undefined ? [] : [{ role: 'system', content: system }]
}

/** The body of a question. `most`: what is left of a budget, in the token's smallest unit. */
export function questionOf(flags: AskingFlags, messages: Turn[], most?: bigint) {
  const allowed = flags.maxPrice === undefined ? undefined : tokenAmount(flags.maxPrice, '--max-price')
  const least = allowed === undefined || (most !== undefined && most < allowed) ? most : allowed
  return {
    model: flags.model,
    messages,
    maxTokens: Number(flags.maxTokens),
    temperature: Number(flags.temperature),
    topP: Number(flags.topP),
    topK: Number(flags.topK),
    private: flags.private === true,
    explain: flags.explain === true,
    route: routeOf(flags),
    ...(flags.context === undefined ? {} : { context: Number(flags.context) }),
    ...hedgeIn(flags),
    ...(flags.seed === undefined ? {} : { seed: Number(flags.seed) }),
    ...(least === undefined ? {} : { maxPrice: least.toString() })
  }
}

/** The rows that were put before a question, for people. */
export const sourcesText = (sources: Answer['sources']): string =>
  sources === undefined || sources.length === 0
    ? 'No row of its Datanet says anything about it.'
    : `With rows before it: ${sources.map(({ contribution, row }) => `${short(contribution)} row ${row}`).join(', ')}`

export const costText = ({ inputTokens, outputTokens, fee, ahead, receipts }: Omit<Answer, 'explanation'>): string =>
  `${inputTokens} + ${outputTokens} tokens, ${tokens(fee, 9)} paid` +
  `${ahead === undefined ? '' : ` (${tokens(ahead, 9)} of it for prompts without an answer)`}, ` +
  `${receipts.length === 1 ? 'receipt' : 'receipts'} ${receipts.map(short).join(' ')}`

/** What each step of an agent cost, and its receipts. */
export const stepsText = (steps: NonNullable<Answer['steps']>): string =>
  table(
    ['  step', 'model', 'tokens', 'paid', 'receipts'],
    steps.map(({ name, modelName, inputTokens, outputTokens, fee, receipts }) => [
      `  ${name}`,
      safe(modelName),
      `${inputTokens} + ${outputTokens}`,
      tokens(fee, 9),
      receipts.map(short).join(' ')
    ]),
    [3]
  )

/** What workers say their answers owe to whom, for people. */
export function explanationText({ answers, failed }: Explanation): string {
  const lines = answers.flatMap(({ by, weights }) => [
    `What it owes to whom, as its worker ${short(by)} says (unofficial; what pays is what scorers find):`,
    table(
      ['contributor', 'weight'],
      Object.entries(weights).map(([account, weight]) => [account, (Number(weight) / 1e6).toFixed(6)]),
      [1]
    )
  ])
  // Of an agent each step may say so.
  if (failed.some(({ code }) => code === 'explain.unweighed'))
    lines.push(
      answers.length === 0 && failed.every(({ code }) => code === 'explain.unweighed')
        ? 'It owes nothing to anybody: the model is made of no data that is paid for.'
        : 'The rest owes nothing to anybody: it came of no data that is paid for.'
    )
  for (const { receipt, code } of failed)
    if (code !== 'explain.unweighed')
      lines.push(`What it owes to whom is not to be had now (${code}); see \`tilth receipts\` later: ${receipt}.`)
  return lines.join('\n')
}
