import type { DatanetView } from '../../../daemon/api/contract/views.ts'
import { privateInWords } from '../../../protocol/data/explain.ts'
import { bondTerms } from '../../../protocol/data/bond.ts'
import { exactTokenText } from '../../../protocol/primitives/tokens.ts'
import { bytesText, countText, durationText, manyText, shareText, shortId } from '../../formats/index.ts'

export interface RuleInWords {
  readonly name: string
  readonly sentence: string
}

const times = (count: number): string => (count === 1 ? 'once' : `${countText(count)} times`)

const kinds = { qa: 'a question with its answer', chat: 'a conversation', text: 'a text' } as const

/** What a row is, where the rules say so. */
function rowsInWords({ kind, languages = [], rows = {} }: DatanetView['rules']): RuleInWords[] {
  const parts = [
    ...(kind === undefined ? [] : [`A row is ${kinds[kind]}.`]),
    ...(languages.length === 0 ? [] : [`It is written in ${languages.join(' or ')}.`]),
    ...(rows.system === false ? ['It has no system’s instructions.'] : []),
    ...(rows.mostTurns === undefined ? [] : [`It has up to ${manyText(rows.mostTurns, 'answer')}.`]),
    ...(rows.mostCharacters === undefined ? [] : [`It has up to ${manyText(rows.mostCharacters, 'character')} in all.`])
  ]
  return parts.length === 0 ? [] : [{ name: 'What a row is', sentence: parts.join(' ') }]
}

function uploadsInWords({ uploads }: DatanetView['rules']): RuleInWords[] {
  if (uploads === undefined) return []
  const { epochBlocks, rows, bytes, mostRows, newcomerRows } = uploads
  return [
    {
      name: 'How much in an epoch',
      sentence:
        `In ${manyText(epochBlocks, 'block')} an account may bring ${manyText(rows, 'row')} (${bytesText(bytes)}), ` +
        `one more for each of its rows that was accepted before, up to ${countText(mostRows)}. Refusals divide that: ` +
        `one by two, two by three. Rows that nothing accepted speaks for are ${countText(newcomerRows)} of all ` +
        'accounts together.'
    }
  ]
}

function bondInWords(rules: DatanetView['rules']): RuleInWords[] {
  const { bond, bondSeconds } = bondTerms(rules)
  if (bond === 0n) return []
  return [
    {
      name: 'What is locked',
      sentence:
        `Each contribution locks ${exactTokenText(bond)} tokens of its contributor for ` +
        `${durationText(Number(bondSeconds))}. They come back whatever is decided, unless more than two thirds of ` +
        'the validators call it spam: then they are burnt, and nobody has them.'
    }
  ]
}

function keptInWords({ keptBack }: DatanetView['rules']): RuleInWords[] {
  if (keptBack === undefined) return []
  const { share, epochs, seconds } = keptBack
  return [
    {
      name: keptBackName,
      sentence:
        `${shareText(share / 10_000)} of what data earn is kept back for ${manyText(epochs, 'epoch')}, and for ` +
        `${durationText(seconds)} at most. Then it is divided by what newer versions show of the same people: ` +
        'more of it is for whoever turns out to be worth more than was seen at first. Nobody gives anything back.'
    }
  ]
}
const keptBackName = 'What is paid later'

function trainersInWords({ trainers = {} }: RulesOf['rules']): string {
  if (trainers.anybody === true) return 'The worker of any award is given the rows, whoever pays for it.'
  const named = [
    ...(trainers.workers ?? []).map(shortId),
    ...(trainers.builders ?? []).map(account => `workers that ${shortId(account)} chooses`)
  ]
  const others = named.length === 0 ? 'nobody else' : named.join(', ')
  return `For an award the rows go to who sits there, to workers that those choose by hand, and to ${others}.`
}

/** What a mix takes of its rules: nobody gives rows to it, and nobody votes on them. */
const mixRules: ReadonlySet<string> = new Set(['What models must give to the data', keptBackName, 'Licence'])

/** A Datanet's rules as a person would tell them. */
export function rulesInWords(net: RulesOf): RuleInWords[] {
  const { parents } = net
  const all = allInWords(net)
  if (parents === undefined) return all
  const holds = `All that the ${parents.length} Datanets which it is made of have accepted, and nothing else.`
  return [{ name: 'What it holds', sentence: holds }, ...all.filter(({ name }) => mixRules.has(name))]
}

export type RulesOf = Pick<DatanetView, 'rules' | 'validators' | 'licence' | 'parents' | 'private'>

function allInWords({ rules, validators, licence, private: isPrivate }: RulesOf): RuleInWords[] {
  const total = validators.reduce((sum, { weight }) => sum + weight, 0)
  const accepting = Math.floor((total * 2) / 3) + 1
  const rejecting = Math.floor(total / 3) + 1
  const isEven = new Set(validators.map(({ weight }) => weight)).size <= 1
  const each = validators[0]?.weight ?? 1
  const votes = (weight: number): string =>
    isEven ? `${Math.ceil(weight / each)} of ${validators.length}` : `a weight of ${weight} of ${total}`
  const out: RuleInWords[] = [
    {
      name: 'How much at once',
      sentence: `A contribution is a file of up to ${manyText(rules.maxRows, 'row')} and ${bytesText(rules.maxBytes)}.`
    },
    ...rowsInWords(rules),
    {
      name: 'How often',
      sentence:
        `An account may contribute ${times(rules.uploadsPerContributor)} in all. A refused contribution counts too, ` +
        'so check before you send.'
    },
    ...uploadsInWords(rules),
    ...bondInWords(rules),
    {
      name: 'How much must be good',
      sentence:
        `Rows that somebody gave before are set aside and say nothing against the others. Of those at least ` +
        `${shareText(rules.minOwnShare / 1000)} must be good ones; else all of the file is refused.`
    },
    {
      name: 'What models must give to the data',
      sentence:
        `A model’s answers are weighed if at least ${shareText(rules.leastDataShare / 10_000)} of its fees go to ` +
        'the data. What another brings is held, and divided later by what rows are worth on held-out questions.'
    },
    {
      name: 'How a model is admitted',
      sentence:
        rules.auditedSegments === 0
          ? 'A model earns by its papers alone: nobody runs its training again.'
          : `Before a model earns, ${manyText(rules.auditedSegments, 'part')} of its trainings are run again by ` +
            'auditors whom chance draws.'
    },
    ...keptInWords(rules),
    {
      name: 'What counts as a repeat',
      sentence:
        rules.nearDuplicate >= 1000
          ? 'A row repeats an earlier one if it asks with the same words and gives the same answer.'
          : 'A row repeats an earlier one if it gives the same answer and asks with the same words but for ' +
            `plain slips, at a likeness of ${shareText(rules.nearDuplicate / 1000)} and more. The earlier ` +
            'author keeps it. Your own file may ask one thing in several ways.'
    },
    {
      name: 'What nobody may give',
      sentence: 'Rows that ask one of the held-out questions bring nothing: by those it is measured what data is worth.'
    },
    {
      name: 'Who writes held-out questions',
      sentence:
        rules.questionWriters === undefined
          ? 'Anybody, each account a third of those that judge a version at most.'
          : 'Anybody. Validators write a third of those that judge a version at most, contributors one for each of ' +
            'their rows in it, and newcomers what is left of a third, all together.'
    },
    {
      name: 'How it is decided',
      sentence:
        `${manyText(validators.length, 'validator')} check each contribution and vote. It is accepted when ` +
        `${votes(accepting)} agree on the same rows, and refused when ${votes(rejecting)} are against it.`
    },
    {
      name: 'How long it takes',
      sentence:
        `Rows are shown within ${durationText(rules.revealSeconds)} of being committed; a vote lasts up to ` +
        `${durationText(rules.voteSeconds)}.`
    },
    {
      name: 'Licence',
      sentence: `What is contributed is under ${licence}: each row under what the rules said when it was given.`
    }
  ]
  if (isPrivate !== undefined)
    out.unshift(
      { name: 'Who reads it', sentence: privateInWords },
      { name: 'Who trains on it', sentence: trainersInWords(rules) }
    )
  return out
}
