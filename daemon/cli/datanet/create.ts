import { Option } from 'commander'
import type { Command } from 'commander'
import {
  checkAddress,
  collect,
  command,
  connected,
  guarded,
  secondsOfDays,
  show,
  tokenAmount,
  wholeNumber
} from '../command.ts'
import type { CallFlags } from '../command.ts'
import {
  datanetKind,
  mostBondDays,
  mostKeptDays,
  usualAuditedSegments,
  usualKeptBack
} from '../../../protocol/data/types.ts'
import type { DatanetKind } from '../../../protocol/data/types.ts'
import type { ApiClient } from '../../api/contract/index.ts'
import { InvalidError, tokensIn } from '../../../protocol/primitives/index.ts'
import { tell, yellow } from '../output.ts'
import { mapHelp, readAllLines } from '../rows-file.ts'
import { datanetText } from './text.ts'

interface CreateFlags extends CallFlags {
  name: string
  description: string
  licence: string
  language?: string[]
  tag?: string[]
  kind?: DatanetKind
  system: boolean
  mostTurns?: string
  mostCharacters?: string
  questions: string
  map?: string[]
  validator: string[]
  weights: 'fixed' | 'equal' | 'stake'
  cap: string
  uploads: string
  epochBlocks?: string
  epochRows: string
  epochBytes: string
  mostRows?: string
  newcomerRows?: string
  bond?: string
  bondDays: string
  maxRows: string
  maxBytes: string
  minOwnShare: string
  leastDataShare: string
  auditedSegments?: string
  questionWriters: 'by-standing' | 'by-account'
  keptBack: string
  keptEpochs: string
  keptDays: string
  nearDuplicate: string
  revealSeconds: string
  voteSeconds: string
  private?: boolean
  trainerWorker?: string[]
  trainerBuilder?: string[]
  anyTrainer?: boolean
  workerStake?: string
}

/** Of a flag that is a whole number; its bounds are the rules' own. */
const whole = (text: string, flag: string): number => wholeNumber(text, flag, { least: 0, most: 2 ** 31 })

/** What a row must be like, as far as it was said. */
function rowsOf({ system, mostTurns, mostCharacters }: CreateFlags) {
  const rows = {
    ...(system ? {} : { system }),
    ...(mostTurns === undefined ? {} : { mostTurns: whole(mostTurns, '--most-turns') }),
    ...(mostCharacters === undefined ? {} : { mostCharacters: whole(mostCharacters, '--most-characters') })
  }
  return Object.keys(rows).length === 0 ? {} : { rows }
}

/** How seats weigh, unless as they are named. */
function weightsOf({ weights, cap }: CreateFlags) {
  if (weights === 'fixed') return {}
  return { weights: weights === 'equal' ? { by: 'seat' as const } : { by: 'stake' as const, cap: whole(cap, '--cap') } }
}

/** Limits by epoch, where an epoch was named. */
function uploadsOf({ epochBlocks, epochRows, epochBytes, mostRows, newcomerRows }: CreateFlags) {
  if (epochBlocks === undefined) return {}
  const rows = whole(epochRows, '--epoch-rows')
  return {
    uploads: {
      epochBlocks: whole(epochBlocks, '--epoch-blocks'),
      rows,
      bytes: whole(epochBytes, '--epoch-bytes'),
      mostRows: mostRows === undefined ? rows * 10 : whole(mostRows, '--most-rows'),
      newcomerRows: newcomerRows === undefined ? rows * 10 : whole(newcomerRows, '--newcomer-rows')
    }
  }
}

/** What is locked with each contribution, where something is. */
export function bondOf(bond: string | undefined, days: string) {
  if (bond === undefined) return {}
  const amount = tokenAmount(bond, '--bond')
  const seconds = secondsOfDays(days, '--bond-days', { least: 0, most: mostBondDays })
  return amount === 0n ? {} : { bond: { amount: String(amount), seconds } }
}

const keptHelp =
  'what of data fees waits to be divided by what later versions show, such as 3000; read SECURITY.md first'

/** What the pool keeps back, unless nothing. */
function keptBackOf({ keptBack, keptEpochs, keptDays }: CreateFlags) {
  const share = whole(keptBack, '--kept-back')
  if (share === 0) return {}
  const seconds = secondsOfDays(keptDays, '--kept-days', { least: 1, most: mostKeptDays })
  return { keptBack: { share, epochs: whole(keptEpochs, '--kept-epochs'), seconds } }
}

/** Auditors cannot read the rows of a private one. */
function segmentsOf({ auditedSegments, private: isPrivate }: CreateFlags): number {
  if (auditedSegments !== undefined) return whole(auditedSegments, '--audited-segments')
  return isPrivate === true ? 0 : usualAuditedSegments
}

const privateHelp =
  'for ever: rows are encrypted to validators, host and workers with an award that they have taken; ' +
  'what its validators decide goes before no jury; ' +
  'read SECURITY.md for what that does not protect from'

/** Whether only some read its rows. @throws InvalidError `rules.private` */
function privateOf({ private: isPrivate = false, workerStake }: CreateFlags) {
  if (!isPrivate && workerStake !== undefined)
    throw new InvalidError('rules.private', 'a stake is asked of workers where a Datanet is private', {
      help: 'Give --private as well.'
    })
  if (!isPrivate) return {}
  const least = workerStake === undefined ? 0n : tokensIn(workerStake)
  if (least === undefined)
    throw new InvalidError('rules.private', `${workerStake} is no amount of tokens`, { help: 'Give one such as 100.' })
  return { private: least === 0n ? {} : { leastStake: least.toString() } }
}

/** Whom a private one's rows go to for an award; nobody but who sits there unless said. */
function trainersOf({ trainerWorker, trainerBuilder, anyTrainer }: CreateFlags) {
  if (trainerWorker === undefined && trainerBuilder === undefined && anyTrainer !== true) return {}
  const trainers = {
    ...(trainerWorker === undefined ? {} : { workers: trainerWorker.map(checkAddress) }),
    ...(trainerBuilder === undefined ? {} : { builders: trainerBuilder.map(checkAddress) }),
    ...(anyTrainer === true ? { anybody: true as const } : {})
  }
  return { trainers }
}

/** Whoever is named with nothing at stake is mistyped, or does not know of it: nothing would ever be decided. */
async function tellUnstaked(api: ApiClient, id: string): Promise<void> {
  // The Datanet stands whether or not this can be asked.
  const roster = await api.call('roster', { params: { id } }).catch(() => undefined)
  const without = (roster?.validators ?? []).filter(({ stake }) => BigInt(stake) === 0n)
  if (without.length === 0) return
  const named = without.map(({ address }) => address).join(', ')
  tell(
    yellow(
      `${named} ${without.length === 1 ? 'has' : 'have'} nothing at stake: is that the account of a validator? ` +
        `Another takes its place by: tilth datanet roster remove ${id.slice(0, 10)} ACCOUNT, and add`
    )
  )
}

export function createCommand(): Command {
  return connected(
    command({
      name: 'create',
      summary: 'create a Datanet, hosted by this daemon',
      examples: [
        'tilth datanet create --name birds --licence CC0-1.0 --questions held-out.jsonl ' +
          '--validator 0xabc…=1 --validator 0xdef…=1',
        'tilth datanet create --name birds --licence CC-BY-4.0 --kind qa --language en --tag nature ' +
          '--questions held-out.jsonl --validator 0xabc…=1 --epoch-blocks 7200 --epoch-rows 500',
        'tilth datanet create --name birds --licence CC0-1.0 --questions held-out.jsonl ' +
          '--validator 0xabc… 0xdef… 0x123… 0x456… --weights stake --cap 3400'
      ]
    })
  )
    .requiredOption('--name <text>', 'its name')
    .option('--description <text>', 'its purpose: what it is about', '')
    .requiredOption('--licence <id>', 'licence of every contribution, as SPDX writes it, e.g. CC0-1.0')
    .option('--language <tag>', 'a language of its rows, e.g. en or pt-BR; may be given again', collect)
    .option('--tag <word>', 'a word by which people find it; may be given again', collect)
    .addOption(new Option('--kind <kind>', 'questions, conversations or texts').choices(datanetKind.options))
    .option('--no-system', "take no rows with a system's instructions")
    .option('--most-turns <n>', 'answers in one conversation')
    .option('--most-characters <n>', 'of all that is said in one row')
    .requiredOption('--questions <file>', 'held-out questions with their answers, in any form that rows have')
    .option('--map <what=column>', mapHelp, collect)
    .requiredOption('--validator <address=weight...>', 'accounts that vote, with their weights')
    .addOption(
      new Option('--weights <how>', 'how their votes weigh: as named, one each, or by what each has staked')
        .choices(['fixed', 'equal', 'stake'])
        .default('fixed')
    )
    .option('--cap <basis points>', 'by stake: what one of them has at most of all weight', '3400')
    .option('--uploads <n>', 'contributions one account may make', '10')
    .option('--epoch-blocks <n>', 'limit what is brought in so many blocks: with the four options below')
    .option('--epoch-rows <n>', 'rows of an account in an epoch, and one more for each that was accepted', '1000')
    .option('--epoch-bytes <n>', 'bytes that go with so many rows', '4194304')
    .option('--most-rows <n>', 'rows of an account in an epoch at most; ten times --epoch-rows unless given')
    .option('--newcomer-rows <n>', 'rows in an epoch of all that nothing was accepted of; ten times --epoch-rows')
    .option('--bond <tokens>', 'what is locked with each contribution, and given back unless it is called spam')
    .option('--bond-days <n>', 'for how long after its windows, so that it can be called spam', '1')
    .option('--max-rows <n>', 'rows of one contribution', '10000')
    .option('--max-bytes <n>', 'bytes of one contribution', String(16 << 20))
    .option('--min-own-share <thousandths>', 'how many of the rows that repeat none must be good', '500')
    .option('--least-data-share <basis points>', 'what of its fees a model must give to the data', '1000')
    .option(
      '--audited-segments <n>',
      'parts of trainings that drawn auditors run again before a model earns; 0 admits models by papers alone; ' +
        `${usualAuditedSegments} unless given, and none of a private one, whose rows auditors cannot read`
    )
    .addOption(
      new Option('--question-writers <how>', 'who has a third of sealed held-out questions: newcomers one together')
        .choices(['by-standing', 'by-account'])
        .default('by-standing')
    )
    .option('--kept-back <basis points>', keptHelp, '0')
    .option('--kept-epochs <n>', 'for how many epochs', String(usualKeptBack.epochs))
    .option('--kept-days <n>', 'for how long at most, where there are fewer', String(usualKeptBack.seconds / 86_400))
    .option('--near-duplicate <thousandths>', 'MinHash similarity from which rows are compared closely', '500')
    .option('--reveal-seconds <n>', 'from commitment to reveal', '600')
    .option('--vote-seconds <n>', 'from reveal to the end of the vote', '3600')
    .option('--private', privateHelp)
    .option('--worker-stake <tokens>', 'of a private one: what such a worker must have at stake, besides its deposit')
    .option(
      '--trainer-worker <account>',
      'of a private one: a worker that may have its rows; may be given again',
      collect
    )
    .option('--trainer-builder <account>', 'of a private one: a builder whose choice of workers is trusted', collect)
    .addOption(
      new Option(
        '--any-trainer',
        'of a private one: the worker of any award may have its rows, whoever pays for it'
      ).conflicts(['trainerWorker', 'trainerBuilder'])
    )
    .action(
      guarded(async (flags: CreateFlags) => {
        const validators = flags.validator.map(text => {
          const [account = '', weight = '1'] = text.split('=')
          return { address: account, weight: Number(weight) }
        })
        const heldOut = await readAllLines(flags.questions, flags.map)
        const rules = {
          name: flags.name,
          description: flags.description,
          licence: flags.licence,
          ...(flags.language === undefined ? {} : { languages: flags.language }),
          ...(flags.tag === undefined ? {} : { tags: flags.tag }),
          ...(flags.kind === undefined ? {} : { kind: flags.kind }),
          ...rowsOf(flags),
          ...uploadsOf(flags),
          ...bondOf(flags.bond, flags.bondDays),
          maxRows: whole(flags.maxRows, '--max-rows'),
          maxBytes: whole(flags.maxBytes, '--max-bytes'),
          uploadsPerContributor: whole(flags.uploads, '--uploads'),
          nearDuplicate: whole(flags.nearDuplicate, '--near-duplicate'),
          minOwnShare: whole(flags.minOwnShare, '--min-own-share'),
          leastDataShare: whole(flags.leastDataShare, '--least-data-share'),
          auditedSegments: segmentsOf(flags),
          ...(flags.questionWriters === 'by-account' ? {} : { questionWriters: 'by-standing' as const }),
          ...keptBackOf(flags),
          validators,
          ...weightsOf(flags),
          revealSeconds: whole(flags.revealSeconds, '--reveal-seconds'),
          voteSeconds: whole(flags.voteSeconds, '--vote-seconds'),
          ...privateOf(flags),
          ...trainersOf(flags)
        }
        await show(
          flags,
          async api => {
            const made = await api.call('createDatanet', { body: { rules, heldOut } })
            if (flags.json !== true) await tellUnstaked(api, made.id)
            return made
          },
          datanetText
        )
      })
    )
}
