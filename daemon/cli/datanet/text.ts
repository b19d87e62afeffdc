import type { DatanetView } from '../../api/contract/index.ts'
import { emptiedHelp, emptiedInWords, isEmptied } from '../../../protocol/data/removal.ts'
import { bondTerms } from '../../../protocol/data/bond.ts'
import { exactTokenText } from '../../../protocol/primitives/index.ts'
import { dim, duration, safe, short } from '../output.ts'

const followed = (roles: DatanetView['roles']): string =>
  roles.length === 0 ? 'no: only what the chain tells is known here' : `as ${roles.join(', ')}`

const kinds = { qa: 'questions with answers', chat: 'conversations', text: 'texts' } as const

/** What its rows are, where its rules say so. */
function rowsText({ kind, languages = [], rows = {} }: DatanetView['rules']): string | undefined {
  const parts = [
    ...(kind === undefined ? [] : [kinds[kind]]),
    ...(languages.length === 0 ? [] : [`in ${languages.join(', ')}`]),
    ...(rows.mostTurns === undefined ? [] : [`${rows.mostTurns} turns at most`]),
    ...(rows.mostCharacters === undefined ? [] : [`${rows.mostCharacters} characters at most`]),
    ...(rows.system === undefined ? [] : [rows.system ? "system's instructions allowed" : "no system's instructions"])
  ]
  return parts.length === 0 ? undefined : parts.join(', ')
}

function uploadsText({ uploads, uploadsPerContributor }: DatanetView['rules']): string {
  const all = `${uploadsPerContributor} contributions an account`
  if (uploads === undefined) return all
  const { rows, bytes, epochBlocks, mostRows, newcomerRows } = uploads
  return (
    `${all}; in ${epochBlocks} blocks ${rows} rows and ${bytes} bytes, up to ${mostRows} with what was accepted, ` +
    `and ${newcomerRows} rows of all newcomers`
  )
}

function keptText({ keptBack }: DatanetView['rules']): string[] {
  if (keptBack === undefined) return []
  const { share, epochs, seconds } = keptBack
  return [
    `kept back    ${share / 100} % of data fees for ${epochs} epochs, ${Math.ceil(seconds / 86_400)} days at most`
  ]
}

function privateText({ private: rule, rules }: DatanetView): string[] {
  if (rule === undefined) return []
  const stake =
    rule.leastStake === undefined ? '' : `, who have ${exactTokenText(BigInt(rule.leastStake))} tokens at stake`
  return [
    `private      only its validators, its host and workers with an award${stake} read its rows`,
    `trainers     ${trainersText(rules)}`
  ]
}

/** Whom a private Datanet's rows are given to for an award. */
export function trainersText({ trainers = {} }: Pick<DatanetView['rules'], 'trainers'>): string {
  const { workers = [], builders = [], anybody = false } = trainers
  if (anybody) return 'the worker of any award, whoever pays for it: its founder said so'
  const named = [
    ...workers.map(account => `worker ${account}`),
    ...builders.map(account => `builder ${account}, with workers of its choice`)
  ]
  return ['who sits there, with workers of their choice', ...named].join('; ')
}

function bondText(rules: DatanetView['rules']): string[] {
  const { bond, bondSeconds } = bondTerms(rules)
  if (bond === 0n) return []
  return [
    `locked       ${exactTokenText(bond)} tokens with each contribution for ${duration(Number(bondSeconds))}, ` +
      'burnt only as spam'
  ]
}

const auditsText = ({ auditedSegments }: DatanetView['rules']): string =>
  auditedSegments === 0
    ? 'none: models are admitted by their papers, and nobody has seen that they were trained'
    : `${auditedSegments} parts of a model's trainings are run again before it earns`

const writersText = ({ questionWriters }: DatanetView['rules']): string =>
  questionWriters === undefined
    ? 'each account writes a third of the sealed questions at most'
    : 'who sits, or for each of its rows, writes a third of the sealed questions at most; newcomers one together'

const acceptedText = ({ accepted, contributions, left }: DatanetView): string =>
  `${accepted} of ${contributions} contributions${(left ?? 0) === 0 ? '' : `; ${left} more were and have left again`}`

/** A Datanet as `tilth datanet show` tells it. */
export function datanetText(net: DatanetView): string {
  const rows = rowsText(net.rules)
  return [
    `${safe(net.name)}  ${dim(net.id)}`,
    safe(net.description),
    `licence      ${safe(net.licence)}`,
    ...(net.tags.length === 0 ? [] : [`tags         ${safe(net.tags.join(', '))}`]),
    ...(rows === undefined ? [] : [`rows         ${rows}`]),
    `may bring    ${uploadsText(net.rules)}`,
    ...bondText(net.rules),
    `data share   ${net.rules.leastDataShare / 100} % of a model's fees at least`,
    `audits       ${auditsText(net.rules)}`,
    `held out     ${writersText(net.rules)}`,
    ...keptText(net.rules),
    ...privateText(net),
    `host         ${net.host}`,
    `validators   ${net.validators.map(({ address, weight }) => `${short(address)} (${weight})`).join(', ')}`,
    `accepted     ${acceptedText(net)}, version ${net.latestVersion}`,
    ...(isEmptied(net) ? [`             ${emptiedInWords(net.latestVersion)}`, `             ${emptiedHelp}`] : []),
    `followed     ${followed(net.roles)}`,
    ...(net.parents === undefined ? [] : [`made of      ${net.parents.map(short).join(', ')}`])
  ].join('\n')
}
