import type { LabResult, LogResult, Seconds, WorldResult } from '../results.ts'
import { oneShotRules } from '../rules/index.ts'
import { keptBack } from '../rules/resettled.ts'
import { errorOf, mean } from '../truth/shares.ts'
import { queryLogs } from '../types.ts'
import { limits } from './limits.ts'
import { plotsOf } from './plots.ts'
import { isMet, targetsOf, type Target } from './targets.ts'
import { tried, triedOn } from './tried.ts'

const percent = (value: number): string => `${(value * 100).toFixed(Math.abs(value) < 0.1 ? 1 : 0)} %`
const plain = (value: number): string => value.toFixed(2)
const shown = (value: number, unit: Target['unit']): string => (unit === '%' ? percent(value) : plain(value))

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')

const duration = (seconds: number): string =>
  seconds < 90 ? `${Math.round(seconds)} s` : `${Math.round(seconds / 60)} min`
const total = (all: readonly { readonly seconds: Seconds }[]): number =>
  all.reduce((sum, { seconds }) => sum + seconds.training + seconds.measuring, 0)

const targetsTable = (targets: readonly Target[]): string =>
  table(
    ['what', 'aimed at', 'mean', 'worst', 'cases', 'another training of the truth, mean', 'met'],
    targets.map(target => {
      const { what, limit, atLeast, unit, found } = target
      const aim = `${atLeast === true ? '≥' : '≤'} ${shown(limit, unit)} ${unit === '%' ? '' : unit}`.trim()
      if (found === null) return [what, aim, '', '', '0', '', 'not measured']
      const another = found.another === null ? '' : shown(found.another, unit)
      const numbers = [shown(found.mean, unit), shown(found.worst, unit), String(found.of), another]
      return [what, aim, ...numbers, isMet(target) === true ? '**yes**' : 'no']
    })
  )

function errorsTable(worlds: readonly WorldResult[]): string {
  const columns = worlds.flatMap(world =>
    queryLogs.flatMap(log => (world.logs[log] === undefined ? [] : [{ world, name: log, log: world.logs[log] }]))
  )
  const cell = (log: LogResult, rule: (typeof oneShotRules)[number]): string => {
    const found = log.rules[rule]
    if (found === undefined) return ''
    const { mean, low, high } = found.error
    return `${plain(mean)} (${plain(low)}–${plain(high)})`
  }
  return table(
    ['world', 'log', ...oneShotRules, 'another seed'],
    columns.map(({ world, name, log }) => [
      world.name,
      name,
      ...oneShotRules.map(rule => cell(log, rule)),
      log.ceiling.error === null ? '' : plain(log.ceiling.error.mean)
    ])
  )
}

/** How far two truths of one world are apart, by what of an answer is right and by how likely the right one was. */
const twoTruths = (worlds: readonly WorldResult[]): string =>
  worlds
    .flatMap(one => {
      const other = worlds.find(
        ({ seed, judged, data }) => seed === one.seed && data === one.data && judged === 'parts'
      )
      const [a, b] = [one.logs.uniform?.truth, other?.logs.uniform?.truth]
      if (one.judged !== 'likelihood' || other === undefined || a === undefined || b === undefined) return []
      const apart = errorOf(a, b)
      return [
        `The two truths of ${other.name} are ${plain(apart)} apart: likelihood pays form, which everybody's rows ` +
          `teach. No rule is nearer than ${plain(apart / 2)} to both; the present one is meant for the first.`
      ]
    })
    .join(' ')

function ranksTable(worlds: readonly WorldResult[]): string {
  const rows = worlds.flatMap(world => {
    const log = world.logs.uniform
    if (log === undefined) return []
    const rank = (value: number | null | undefined): string => (typeof value === 'number' ? plain(value) : '')
    return [
      [
        world.name,
        ...oneShotRules.slice(2).map(rule => rank(log.rules[rule]?.rankCorrelation)),
        rank(log.ceiling.rankCorrelation)
      ]
    ]
  })
  return table(['world', ...oneShotRules.slice(2), 'another seed'], rows)
}

function paidTable(world: WorldResult): string {
  const log = world.logs.uniform
  if (log === undefined) return ''
  return table(
    ['contributor', 'comes in epoch', 'rows', 'truth', ...oneShotRules],
    world.players.map((player, i) => [
      player.name,
      String(player.epoch),
      String(player.rows),
      percent(log.truth[i] ?? 0),
      ...oneShotRules.map(rule => {
        const share = log.rules[rule]?.shares[i]
        return share === undefined ? '' : percent(share)
      })
    ])
  )
}

/** What asking ten times as often for the same money moves, by rule: the most of all worlds. */
function callsRow(worlds: readonly WorldResult[]): string[] {
  const moved = oneShotRules.map(rule => {
    const values = worlds.flatMap(({ logs }) => logs.uniform?.rules[rule]?.movedByCalls ?? [])
    return values.length === 0 ? '' : percent(Math.max(...values))
  })
  return ['ten times the calls for the same money', 'what a share moves by', `≤ ${percent(0.02)}`, ...moved, '']
}

const attacksTable = ({ attacks, worlds }: LabResult): string => {
  const names = [...new Set(attacks.map(({ name }) => name))]
  return table(
    ['attack', 'a share of', 'aimed at', ...oneShotRules, 'refused by the checks'],
    [
      ...names.flatMap(name => {
        const found = attacks.filter(one => one.name === name)
        const [first] = found
        if (first === undefined) return []
        const taken = oneShotRules.map(rule => {
          const values = found.flatMap(one => one.taken[rule] ?? [])
          return values.length === 0 ? '' : percent(mean(values))
        })
        const refused = found.flatMap(one => one.refused).length
        return [[`${name}: ${first.what}`, first.of, `≤ ${percent(first.target)}`, ...taken, String(refused)]]
      }),
      callsRow(worlds)
    ]
  )
}

const epochsTable = ({ worlds }: LabResult): string =>
  table(
    ['world', 'epoch', 'contributors so far', 'error at once', 'error in the end'],
    worlds.flatMap(({ name, epochs }) =>
      epochs.map(one => [name, String(one.epoch), String(one.players.length), plain(one.oneShot), plain(one.resettled)])
    )
  )

const costTable = ({ cost }: LabResult): string =>
  table(
    ['world', 'players', 'siblings', 'rows trained on, for one of the deployed adapter'],
    cost.map(one => [one.world, String(one.players), String(one.siblings), `${one.times.toFixed(1)} ×`])
  )

/** FAIRNESS.md of a run's results. @param figures folder of the plots, as the page links to it */
export function fairnessOf(result: LabResult, figures: string): string {
  const { mode, base, worlds, attacks, missing, machine, trained } = result
  const flag = mode === 'full' ? '' : ` --${mode}`
  const command = `tilth lab run${flag}`
  const targets = targetsOf(result)
  const failed = targets.filter(target => isMet(target) === false)
  const plots = new Map(plotsOf(result).map(plot => [plot.file, plot]))
  const picture = (file: string): string => {
    const plot = plots.get(file)
    return plot === undefined ? '' : `![${plot.title}](${figures}/${file})`
  }
  const made = (seconds: number): string => `\`${command}\`, ${duration(seconds)} of it for this.`
  const [first] = worlds
  return `${[
    '# Who is paid what, and how far that is from value',
    `The rules of pay, measured. \`${command}\` makes small worlds of contributors whose worth is known, because models
are trained again without each of them, from other seeds than the rule sees; pays them by nine rules; attacks; and says
how far each rule is off. \`tilth lab report${flag}\` writes this page from what it found.
Base: ${base.name}, ${(base.parameters / 1e6).toFixed(2)} million parameters. ${trained} siblings were trained in
${duration(total([...worlds, ...attacks]))} on ${machine}, which others used too. Same seeds, same numbers.`,
    missing.length === 0
      ? ''
      : `The run had not come to its end: ${missing.join(', ')} ${missing.length === 1 ? 'is' : 'are'} missing.`,
    '## What was aimed at',
    `Of the present rule, over all worlds and logs below. It is met where the worst case meets it. Where another
training of the truth itself is further off than what was aimed at, no rule can meet that.`,
    targetsTable(targets),
    '## What does not work',
    failed.length === 0
      ? 'Everything that was measured meets what was aimed at.'
      : failed
          .map(({ what, limit, unit, found }) => {
            const worst = found === null ? '' : shown(found.worst, unit)
            const where = found === null ? '' : ` (${found.where})`
            return `- ${what}: ${worst} at worst${where}, where ${shown(limit, unit)} was aimed at.`
          })
          .join('\n'),
    limits.map(limit => `- ${limit}`).join('\n'),
    '## What each rule pays whom',
    first === undefined ? '' : `${first.name}, uniform questions. ${made(total([first]))}`,
    picture('shares.svg'),
    first === undefined ? '' : paidTable(first),
    first === undefined || first.refused.length === 0
      ? ''
      : `Refused before any rule: ${first.refused.map(({ name, reason }) => `${name} (${reason})`).join(', ')}.`,
    '## Error to truth',
    `L1 of shares: 0 is right, 2 pays all to the wrong people. In brackets the least and the most, of each of the rule's
seeds against each of the truth's; *another seed* is how far truth itself is from truth. ${made(total(worlds))}`,
    picture('errors.svg'),
    errorsTable(worlds),
    twoTruths(worlds),
    `Ranks of contributors within an answer (Spearman's correlation with the truth, mean over answers; of *present*
what the answer pays them):`,
    ranksTable(worlds),
    '## What attacks take',
    attacks.length === 0 ? 'None was tried.' : made(total(attacks)),
    picture('attacks.svg'),
    attacks.length === 0 ? '' : attacksTable(result),
    '## Settled again as value shows',
    `The present rule over four epochs in which contributors arrive. ${percent(keptBack / 10_000)} of each epoch's data
fees is kept back, and divided again as the network does it where a Datanet asks for that: by the answers' own weights,
believed as far as held-out questions of the first or the last version bear them out, whichever is more; nobody gives
anything back. Truth is the last version's, of those who had come by then. In late-value worlds the foundation's
entries come out wrong until somebody brings others in their form, in epoch 3. Epochs of the last version have nothing
to be settled again by.`,
    epochsTable(result),
    '## What attribution costs',
    `Training of siblings beside that of the deployed adapter. They share passes, so time is less than rows say.`,
    costTable(result),
    '## What was tried',
    triedOn,
    tried.map(one => `- ${one}`).join('\n'),
    '## How it is measured',
    how.map(one => `- ${one}`).join('\n')
  ]
    .filter(part => part !== '')
    .join('\n\n')}\n`
}

const how = [
  '**Worlds** (`node/lab/worlds`) follow from a seed. Contributors: a foundation, complementary ones, late ones who ' +
    'know in other words what is known, copiers, paraphrasers, wrong ones, ones about things nobody asks, one person ' +
    "with many names. What they bring goes through the validators' own checks first; who is left is a player.",
  '**Data**: facts (one word about one thing), format (long answers in a fixed form with three facts), classes (one ' +
    'of three labels by one word); late-value worlds have long entries of a few beside short answers. Clients ask in ' +
    'words that no row and no held-out question has; every second topic has a held-out question.',
  '**Logs**: uniform; popular (Zipf); adversarial (half of the money from friends of whoever is wrong, who ask in ' +
    'its very words, and one question over and over).',
  '**Truth** is not what the rule measures: whether a sibling’s own greedy answer is right; of long answers, how ' +
    'many of its sentences are, and beside that the log-likelihood of the right answer, which pays form as well as ' +
    'facts. Exact Shapley values over all coalitions up to six players, least squares over pairs of halves beyond; ' +
    'shares are positive parts. It is the mean of its seeds.',
  '**Rules**: *rows*, *equal*; *calls* (each call counts one for whoever has the likest row); *leave-one-out*; ' +
    '*similarity* (TF-IDF) and *gradients* (cosine over the deployed adapter) divide each answer whole; ' +
    '*kernel-shap* is the first rule of this project (14 coalitions drawn by size, mean token probability, ' +
    'least squares over all players, a gate by sign); *present* calls what epochs are made ' +
    'with; *re-settled* is it over four epochs.'
]
