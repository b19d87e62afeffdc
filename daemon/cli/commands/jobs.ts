import { setTimeout as sleep } from 'node:timers/promises'
import type { Command } from 'commander'
import { TilthError, readAs } from '../../../protocol/primitives/index.ts'
import { trainSettings } from '../../../protocol/jobs/types.ts'
import { isJobEnded } from '../../api/contract/index.ts'
import type { JobView } from '../../api/contract/index.ts'
import { alone, command, connected, guarded, listing, showList, tokenAmount } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { connect } from '../context.ts'
import { dim, printJson, safe, short, table, tokens } from '../output.ts'
import { findDatanet, readJsonFile } from './data.ts'

/** What most people's first tune wants; a settings file replaces any of it. */
const defaultSettings = {
  method: 'lora' as const,
  lora: {
    rank: 16,
    alpha: 32,
    targets: ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'] as const,
    dropout: 0
  },
  epochs: 3,
  batch: 16,
  accumulation: 1,
  lr: 2e-4,
  schedule: 'cosine' as const,
  warmupRatio: 0.05,
  weightDecay: 0,
  clip: 1,
  seed: 1,
  cutoff: 512,
  ema: 0,
  responseOnly: true
}

interface TuneFlags extends CallFlags {
  datanet?: string
  base: string
  settings?: string
  epochs?: string
  coalitions: string
  budget: string
  deadline: string
  wait?: boolean
}

type Award = JobView['awards'][number]
const stepsOf = ({ step, steps, loss }: NonNullable<Award['progress']>, digits: number): string =>
  `${step}/${steps} loss ${loss.toFixed(digits)}`

const progressOf = (job: JobView): string =>
  job.awards
    .map(({ worker, lot, state, progress }) => {
      const reached = progress === null ? state : stepsOf(progress, 3)
      return `${short(worker)} ${lot.kind} ${reached}`
    })
    .join('  ')

const jobLine = ({ id, state, reason, budget }: JobView): string =>
  `${id}  ${state}${reason === undefined ? '' : `: ${safe(reason)}`}  budget ${tokens(budget)}`

const awardLine = ({ worker, lot, state, price, progress }: Award): string => {
  const reached = progress === null ? '' : ` step ${stepsOf(progress, 4)}`
  return `  ${lot.kind.padEnd(8)} ${short(worker)} ${state} ${tokens(price)}${reached}`
}

export function tuneCommand(): Command {
  return connected(
    command({
      name: 'tune',
      summary: 'post a LoRA tune job on the latest version of a Datanet',
      examples: [
        'tilth tune --datanet elements --base bafy… --budget 2 --as host',
        'tilth tune --datanet elements --base ./my-model --settings settings.json --wait'
      ]
    })
  )
    .option('--datanet <id>', 'id, prefix of one, or name')
    .requiredOption('--base <cid|folder>', "CID of a published base model, or a model folder on the daemon's machine")
    .option('--settings <file>', 'JSON with training settings that replace the defaults')
    .option('--epochs <n>', 'passes over the rows')
    .option('--coalitions <n>', 'coalitions measured for attribution', '16')
    .option('--budget <tokens>', 'most that training may cost, in tokens', '10')
    .option('--deadline <seconds>', 'time for training', '3600')
    .option('--wait', 'follow the job until it ends')
    .action(
      guarded(async (flags: TuneFlags) => {
        const api = await connect(flags)
        const net = await findDatanet(api, flags.datanet)
        const { coalitions: _, ...rest } = flags.settings === undefined ? {} : await readJsonFile(flags.settings)
        const settings = readAs(
          trainSettings,
          {
            ...defaultSettings,
            ...rest,
            ...(flags.epochs === undefined ? {} : { epochs: Number(flags.epochs) })
          },
          'request.invalid'
        )
        const budget = tokenAmount(flags.budget, '--budget').toString()
        const base = /^[./~]|^[a-z]:\\/i.test(flags.base)
          ? (await api.call('importBase', { body: { folder: flags.base } })).cid
          : flags.base
        const { id } = await api.call('postJob', {
          body: {
            base,
            datanet: net.id,
            version: net.latestVersion,
            settings,
            coalitions: Number(flags.coalitions),
            budget,
            deadlineSeconds: Number(flags.deadline)
          }
        })
        let job = await api.call('job', { params: { id } })
        if (flags.wait === true) {
          while (!isJobEnded(job)) {
            if (flags.json !== true) console.error(`${job.state.padEnd(10)} ${progressOf(job)}`)
            await sleep(2000)
            job = await api.call('job', { params: { id } })
          }
        }
        if (flags.json === true) printJson(job)
        else console.log(`job ${id}: ${job.state}`)
        if (job.reason !== undefined && job.result === null && flags.wait === true)
          throw new TilthError('job.failed', `the job ended as ${job.state}: ${job.reason}`)
      })
    )
}

export function jobsCommand(): Command {
  return listing(
    connected(
      command({
        name: 'jobs',
        summary: 'tune jobs: bids, awards, progress',
        examples: ['tilth jobs', 'tilth jobs 0x12… --json']
      })
    )
  )
    .argument('[job]', 'one of them: id or beginning of one')
    .action(
      guarded(async (wanted: string | undefined, flags: ListFlags) => {
        await showList(
          flags,
          async (api, params) =>
            wanted === undefined
              ? api.call('jobs', { params })
              : alone(await api.call('job', { params: { id: wanted } })),
          jobs =>
            jobs.length === 0
              ? 'no jobs yet'
              : jobs
                  .map(job =>
                    [
                      jobLine(job),
                      job.bids.length === 0
                        ? dim('  no bids')
                        : table(
                            ['  bid by', 'price', 'seconds'],
                            job.bids.map(bid => [`  ${short(bid.worker)}`, tokens(bid.price), String(bid.seconds)]),
                            [1, 2]
                          ),
                      ...job.awards.map(awardLine)
                    ].join('\n')
                  )
                  .join('\n\n')
        )
      })
    )
}
