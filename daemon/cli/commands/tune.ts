import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { Option, type Command } from 'commander'
import { z } from 'zod'
import { settingsFile } from '../../../protocol/jobs/settings-file.ts'
import { trainSettings, type TrainSettings } from '../../../protocol/jobs/types.ts'
import { tokensAbout } from '../../../protocol/jobs/recommend.ts'
import { InvalidError, checkName, licenceText, readAs, tokenText } from '../../../protocol/primitives/index.ts'
import type { ApiClient, DatanetView, JobView, PlanView, PostedProduct } from '../../api/contract/index.ts'
import { collect, command, connected, guarded, tokenAmount, wholeNumber } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { connect, tilthLine } from '../context.ts'
import { followJob } from '../job-progress.ts'
import { dim, duration, plural, printJson, red, safe, table, tokens, yellow } from '../output.ts'
import { splitAsFlag, splitFlag, splitOf, usualSplitHelp } from '../split.ts'
import { readFileAs } from '../text-file.ts'
import { findDatanet } from './find-datanet.ts'
import { mixOf } from './mix.ts'

interface TuneFlags extends CallFlags {
  datanet?: string[]
  base?: string
  like?: string
  settings?: string
  method?: TrainSettings['method']
  epochs?: string
  rank?: string
  lr?: string
  batch?: string
  coalitions?: string
  budget?: string
  deadline: string
  recommend?: boolean
  anyway?: boolean
  name?: string
  split?: string
  upstream?: string
  licence?: string
  byHand?: boolean
  wait?: boolean
}

/** What is offered where the cost is not known from bids: enough for a small model on a community's data. */
const plainBudget = 10n * 10n ** 18n

/** An amount to be typed again: shown amounts are cut off, so one more of the last digit. */
const typed = (amount: bigint): string => tokens(amount + 10n ** 16n, 2)

const looksLikeFolder = (text: string): boolean => /^[./~]|^[a-z]:\\/i.test(text) || existsSync(text)

/** A folder of this machine is published first; a CID or a name is what the daemon makes of it. */
async function baseOf(api: ApiClient, text: string): Promise<string> {
  if (!looksLikeFolder(text)) return text
  const here = resolve(text)
  const folder = existsSync(here) ? here : text
  console.error(dim(`publishing the base model in ${folder} …`))
  return (await api.call('importBase', { body: { folder } })).cid
}

const rankOnly = z.object({ rank: trainSettings.shape.lora.unwrap().shape.rank.optional() })

/** Of a model's settings what holds by another method too: its adapter and its learning rate do not. */
function likeSettings({ settingsOf, method }: { settingsOf?: JobView['settings']; method?: TrainSettings['method'] }) {
  if (settingsOf === undefined || method === undefined || (settingsOf.method === 'full') === (method === 'full'))
    return settingsOf
  const { lora: _lora, lr: _lr, ...rest } = settingsOf
  return rest
}

/** Settings by flags and file; what is in neither is recommended. */
async function givenSettings(flags: TuneFlags & { settingsOf?: JobView['settings'] }) {
  const file = flags.settings === undefined ? {} : await readFileAs(settingsFile, flags.settings)
  const numbers = Object.fromEntries(
    (['epochs', 'lr', 'batch'] as const).flatMap(name =>
      flags[name] === undefined ? [] : [[name, Number(flags[name])]]
    )
  )
  const like = likeSettings(flags)
  const method = flags.method === undefined ? {} : { method: flags.method }
  const { coalitions, ...settings } = readAs(
    settingsFile,
    { ...like, ...file, ...numbers, ...method },
    'request.invalid'
  )
  // [reject] Full training has no rank.
  if (settings.method === 'full' && (flags.rank !== undefined || settings.lora !== undefined))
    throw new InvalidError('request.invalid', 'full training has no adapter, and so no rank and no settings of one', {
      help: 'Leave --rank out, and `lora` out of the settings file; or take --method lora.'
    })
  const { rank } = readAs(rankOnly, flags.rank === undefined ? {} : { rank: Number(flags.rank) }, 'request.invalid')
  const asked = flags.coalitions ?? coalitions
  return { rank, body: { settings, ...(asked === undefined ? {} : { coalitions: Number(asked) }) } }
}

const percent = (part: bigint, whole: bigint): string => `${(part * 100n) / (whole === 0n ? 1n : whole)} %`

function costText({ basis, bids, adapter, siblings, seconds }: PlanView['cost']): string {
  const total = BigInt(adapter) + BigInt(siblings)
  const source =
    basis === 'bids'
      ? `by ${bids} ${bids === 1 ? 'bid' : 'bids'} for the same base and Datanet`
      : 'a rough guess: nobody has bid for this base and Datanet yet'
  return (
    `some ${tokens(total, 2)} tokens: ${tokens(adapter, 2)} for the adapter, ` +
    `${tokens(siblings, 2)} for what attribution needs; ${duration(seconds)} of training (${source})`
  )
}

function planText(plan: PlanView, name: string): string {
  const rows = plan.why.map(({ setting, value, why }) => [`  ${setting}`, value, dim(why)])
  return [
    `base     ${plan.base}, ${(plan.parameters / 1e6).toFixed(1)} million parameters`,
    `data     ${safe(name)} version ${plan.version}: ${plan.rows} rows of ${plural(plan.players, 'contributor')}, ` +
      `some ${tokensAbout(plan.characters)} tokens`,
    table(['  setting', 'value', 'why'], rows),
    `cost     ${costText(plan.cost)}`
  ].join('\n')
}

/**
 * A budget that no known bid comes near ends the job with nothing; one below the estimate may.
 * @throws InvalidError `job.low-budget`
 */
function checkBudget(budget: bigint, plan: PlanView, anyway: boolean): void {
  const total = BigInt(plan.cost.adapter) + BigInt(plan.cost.siblings)
  if (budget >= total) return
  const shown = budget < 10n ** 16n ? tokenText(budget) : tokens(budget, 2)
  const says = `the budget of ${shown} tokens is ${percent(budget, total)} of what it may cost: `
  if (plan.cost.basis === 'bids' && budget * 2n < total && !anyway)
    throw new InvalidError('job.low-budget', `${says}${costText(plan.cost)}`, {
      help: `Nothing was posted. Give --budget ${typed(BigInt(plan.cost.budget))}, fewer --epochs, or --anyway.`
    })
  console.error(yellow(`${says}${costText(plan.cost)}`))
}

/**
 * A version that still holds what has left since. Whoever makes a model again wants it without that.
 * @throws InvalidError `job.left`
 */
function checkLeft({ version, left }: PlanView, name: string, flags: TuneFlags): void {
  if (left === 0) return
  const holds = `version ${version} of ${safe(name)} holds ${plural(left, 'contribution')} that left since`
  const says = `${holds}: a model that is grown from it is marked at once`
  const anchor = `Its host anchors one without them: tilth datanet anchor ${safe(name)}`
  if (flags.like !== undefined && flags.anyway !== true && flags.recommend !== true)
    throw new InvalidError('job.left', says, { help: `Nothing was posted. ${anchor}; or give --anyway.` })
  console.error(yellow(`${says}. ${anchor}`))
}

/** Flags with what a model says of itself, where they say nothing: so it is made again on the latest version. */
async function likeModel(api: ApiClient, flags: TuneFlags): Promise<TuneFlags & { settingsOf?: JobView['settings'] }> {
  if (flags.like === undefined) return flags
  const model = await api.call('model', { params: { id: flags.like, asked: 'true' } })
  const { base, datanet, version, name, split, upstream, licence, result } = model
  // [reject] A base model was grown from no Datanet.
  if (version === 0)
    throw new InvalidError('job.like', `${name} was grown from no Datanet`, { help: 'Name --base and --datanet.' })
  let settingsOf: JobView['settings'] | undefined
  if (result !== null)
    for await (const job of api.all('jobs', { params: {} })) {
      if (job.result !== result) continue
      settingsOf = job.settings
      break
    }
  return {
    ...flags,
    base: flags.base ?? base,
    datanet: flags.datanet ?? [datanet],
    name: flags.name ?? name,
    split: flags.split ?? splitAsFlag(split),
    ...((flags.upstream ?? upstream) === undefined ? {} : { upstream: flags.upstream ?? upstream }),
    ...((flags.licence ?? licence) === undefined ? {} : { licence: flags.licence ?? licence }),
    ...(settingsOf === undefined ? {} : { settingsOf })
  }
}

const budgetOf = ({ cost }: PlanView): bigint => {
  const estimated = BigInt(cost.budget)
  return cost.basis === 'rough' && estimated < plainBudget ? plainBudget : estimated
}

/** The job as it ended is the document; the exit code says whether it came to something. */
function ended(job: JobView, json: boolean): void {
  if (json) printJson(job)
  else console.log(endText(job))
  if (job.state === 'completed') return
  console.error(`${red('error:')} the job ended as ${job.state}: ${safe(job.reason ?? 'its builder closed it')}`)
  process.exitCode = 1
}

const endText = ({ id, state, heldOutLoss, adapter }: JobView): string =>
  [
    `job ${id}: ${state}`,
    ...(adapter === null ? [] : [`adapter  ${adapter}`]),
    ...(heldOutLoss === null ? [] : [`held-out loss ${heldOutLoss.base.toFixed(3)} → ${heldOutLoss.tuned.toFixed(3)}`])
  ].join('\n')

export function tuneCommand(): Command {
  return connected(
    command({
      name: 'tune',
      summary: 'post a tune job on the latest version of a Datanet, after checking that it can come to something',
      examples: [
        'tilth tune --datanet elements --base ./my-model --recommend',
        'tilth tune --datanet elements --base bafy… --budget 2 --wait --as host',
        'tilth tune --datanet elements --base ./my-model --settings settings.json --wait',
        'tilth tune --like elements --wait             # the same model again, on what the Datanet holds now',
        'tilth tune --datanet elements --datanet birds --base ./my-model --wait',
        'tilth tune --datanet elements --base ./small-model --method full --wait'
      ]
    })
  )
    .option(
      '--datanet <id>',
      'id, prefix of one, or name; named several times, a mix of them (tilth datanet mix)',
      collect
    )
    .option('--base <cid|name|folder>', 'CID or name of a published base model, or a model folder')
    .option('--like <model>', 'a model to make again: its base, Datanet, name and split, and the settings of its job')
    .option('--settings <file>', 'JSON with training settings that replace recommended ones')
    .addOption(
      new Option(
        '--method <method>',
        'lora: an adapter; qlora: one over a base in 4 bits; full: the linear layers of a small base themselves'
      ).choices(['lora', 'qlora', 'full'])
    )
    .option('--epochs <n>', 'passes over the rows')
    .option('--rank <n>', "the adapter's rank")
    .option('--lr <rate>', 'learning rate')
    .option('--batch <n>', 'rows a step')
    .option('--coalitions <n>', 'coalitions measured for attribution')
    .option('--budget <tokens>', 'most that training may cost, in tokens; by the estimate unless given')
    .option('--deadline <seconds>', 'time for training', '3600')
    .option('--recommend', 'say what is recommended for this base and data, why, and what it may cost; post nothing')
    .option(
      '--anyway',
      'post it even where the budget is far below what workers ask, or where what is made again would hold what left'
    )
    .option('--name <text>', "the model's name; the Datanet's with its version unless given")
    .option(splitFlag, `basis points of every fee of the model (default: ${usualSplitHelp})`)
    .option('--upstream <model>', 'a registration of its base, which the fourth part of the split goes to')
    .option('--licence <spdx>', 'what the model may be used under, such as CC-BY-4.0')
    .option('--by-hand', 'do not register the model when the job is done: `tilth register` does')
    .option('--wait', 'follow the job until it ends; fails unless it is completed')
    .action(
      guarded(async (given: TuneFlags) => {
        // [reject] What is tuned is named.
        if (given.base === undefined && given.like === undefined)
          throw new InvalidError('job.base', 'no base model is named', { help: 'Give --base, or --like a model.' })
        const api = await connect(given)
        const flags = await likeModel(api, given)
        const budget = flags.budget === undefined ? undefined : tokenAmount(flags.budget, '--budget')
        const product = productOf(flags)
        const deadlineSeconds = wholeNumber(flags.deadline, '--deadline', { least: 10, most: 30 * 86_400 })
        const { rank, body } = await givenSettings(flags)
        const [first, ...others] = flags.datanet ?? []
        // [reject] What posts nothing founds nothing either.
        if (flags.recommend === true && others.length > 0)
          throw new InvalidError('job.mix', 'several Datanets are one only once they are mixed', {
            help: `Mix them, which costs gas, and ask for that one: tilth datanet mix ${[first, ...others].join(' ')}`
          })
        const net = await (first === undefined || others.length === 0
          ? findDatanet(api, first)
          : mixOf(api, [first, ...others]))
        // [reject] There is something to train on; nothing is published for a job that cannot be.
        if (net.latestVersion === 0)
          throw new InvalidError('job.version', `${net.name} has no version yet: there is nothing to train on`, {
            help: `Its host anchors what was accepted with: tilth datanet anchor ${net.name}`
          })
        const base = await baseOf(api, flags.base ?? '')
        const plan = ranked(await api.call('planJob', { body: { base, datanet: net.id, ...body } }), rank)
        checkLeft(plan, net.name, flags)
        if (flags.recommend === true) {
          if (flags.json === true) printJson(plan)
          else console.log(`${planText(plan, net.name)}\n${postHint(plan, net.name, budget ?? budgetOf(plan), flags)}`)
          return
        }
        const most = budget ?? budgetOf(plan)
        checkBudget(most, plan, flags.anyway === true)
        if (flags.json !== true) console.error(planText(plan, net.name))
        const { id } = await api.call('postJob', {
          body: {
            base: plan.base,
            datanet: net.id,
            version: plan.version,
            settings: plan.settings,
            coalitions: plan.coalitions,
            budget: most.toString(),
            deadlineSeconds,
            product
          }
        })
        if (flags.wait !== true) {
          const job = await api.call('job', { params: { id } })
          if (flags.json === true) printJson(job)
          else
            console.log(
              [
                `job ${id}: ${job.state}`,
                `follow it with: ${tilthLine(`jobs ${id}`, flags)}`,
                `end it with: ${tilthLine(`jobs cancel ${id}`, flags)}`,
                ...(isChosenByHand(net)
                  ? [`of workers that its rules do not name you choose: ${tilthLine(`jobs award ${id} WORKER`, flags)}`]
                  : [])
              ].join('\n')
            )
          return
        }
        if (flags.json !== true) console.error(`job ${id}`)
        ended(await followJob(api, id, process.stderr), flags.json === true)
      })
    )
}

/** The rows of a private Datanet go to no worker that merely asks for least: its builder chooses whom it trusts. */
const isChosenByHand = ({ private: rule, rules }: DatanetView): boolean =>
  rule !== undefined && rules.trainers?.anybody !== true

const licenceOnly = z.object({ licence: licenceText.optional() })

/** How the model is registered by itself once it is trained; null: by hand. */
function productOf({ byHand, name, split, upstream, licence }: TuneFlags): PostedProduct {
  if (byHand === true) return null
  if (name !== undefined) checkName(name)
  return {
    ...(name === undefined ? {} : { name }),
    ...(split === undefined ? {} : { split: splitOf(split) }),
    ...(upstream === undefined ? {} : { upstream }),
    ...readAs(licenceOnly, { licence }, 'request.invalid')
  }
}

/** The plan with another rank; alpha keeps its ratio. */
const ranked = (plan: PlanView, rank: number | undefined): PlanView =>
  rank === undefined || plan.settings.lora === undefined
    ? plan
    : {
        ...plan,
        settings: { ...plan.settings, lora: { ...plan.settings.lora, rank, alpha: 2 * rank } },
        why: plan.why.filter(({ setting }) => setting !== 'rank')
      }

function postHint({ base, settings }: PlanView, name: string, budget: bigint, flags: CallFlags): string {
  const method = settings.method === 'full' ? ' --method full' : ''
  const line = `tune --datanet ${safe(name)} --base ${base}${method} --budget ${typed(budget)} --wait`
  return `post it with: ${tilthLine(line, flags)}`
}
