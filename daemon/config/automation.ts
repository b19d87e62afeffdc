import { z } from 'zod'
import { automationNames } from '../../node/runtime/automation/types.ts'
import type { AutomationName } from '../../node/runtime/automation/types.ts'
import { minutesInDay } from '../../node/runtime/availability/hours.ts'
import { writtenAccount } from '../../protocol/primitives/index.ts'

// What a daemon does by itself: each kind can be switched off and has its policy. Amounts are in tokens, as people
// write them.

/** `22:00-07:30`, by the machine's own clock. */
export const hoursText = z
  .string()
  .regex(
    /^([01]?[0-9]|2[0-3]):[0-5][0-9]-(([01]?[0-9]|2[0-3]):[0-5][0-9]|24:00)$/,
    'must be hours of the day such as 22:00-07:30'
  )
  .transform(text => {
    const [from = 0, to = 0] = text.split('-').map(time => {
      const [hours = 0, minutes = 0] = time.split(':').map(Number)
      return (hours * 60 + minutes) % minutesInDay
    })
    return { from, to }
  })

export const tokensText = z
  .union([z.string(), z.number().transform(String)])
  .refine(text => /^[0-9]{1,12}(\.[0-9]{1,18})?$/.test(text), 'must be an amount of tokens such as 1 or 0.25')
  .transform(text => {
    const [whole = '0', fraction = ''] = text.split('.')
    return BigInt(whole) * 10n ** 18n + BigInt(fraction.padEnd(18, '0'))
  })
/** Bytes, as people write them. */
export const sizeText = z
  .string()
  .regex(/^[0-9]{1,6}(\.[0-9]{1,3})?(MiB|GiB|TiB)$|^0$/, 'must be 0 or a size such as 500MiB, 10GiB or 1TiB')
  .transform(text => Math.floor(parseFloat(text) * 2 ** (text.endsWith('MiB') ? 20 : text.endsWith('GiB') ? 30 : 40)))

const on = z.boolean().default(true)
const minutes = z
  .number()
  .min(0)
  .max(366 * 1440)

const inSeconds = <T extends { minutes: number }>({
  minutes,
  ...rest
}: T): Omit<T, 'minutes'> & { seconds: number } => ({
  ...rest,
  seconds: Math.round(minutes * 60)
})

export const automationConfig = z
  .strictObject({
    /** Host: a version as soon as so many accepted contributions wait, or so long after the first of them. */
    anchor: z
      .strictObject({ on, contributions: z.int().min(1).max(10_000).default(10), minutes: minutes.default(60) })
      .transform(inSeconds)
      .prefault({}),
    /** Validator: its seat, where a host announced another roster and counts on silence. */
    seat: z.strictObject({ on }).prefault({}),
    /** Juror: what it is asked once it was drawn. */
    jury: z.strictObject({ on }).prefault({}),
    /** Validator: sealed held-out questions, accepted by its checks, and opened once their version is anchored. */
    questions: z.strictObject({ on }).prefault({}),
    /** Contributor: what was locked with contributions, its own and those brought here, once its time is over. */
    bonds: z.strictObject({ on }).prefault({}),
    /** Builder: the model of a finished job, as the job said. */
    register: z.strictObject({ on }).prefault({}),
    /** Worker: what it trained; `auto`: and models that have paid each of their workers so much. */
    serve: z
      .strictObject({
        on,
        which: z.enum(['trained', 'auto']).default('auto'),
        models: z.int().min(1).max(1_000).default(8),
        /** Half of the shelf's quota, and half of the machine's memory, unless given. */
        disk: sizeText.optional(),
        memory: sizeText.optional(),
        pays: tokensText.prefault('1')
      })
      .prefault({}),
    /** Worker: vouchers from this sum on, before their channels end, and when an epoch closes. */
    redeem: z.strictObject({ on, at: tokensText.prefault('1') }).prefault({}),
    /** Settler: a pool's epoch so long after the one before, if so much in fees waits. */
    settle: z
      .strictObject({ on, minutes: minutes.default(60), fees: tokensText.prefault('0.01') })
      .transform(inSeconds)
      .prefault({}),
    /** Everybody: others' epochs are computed again; what is wrong is challenged by who has a stake. */
    watch: z.strictObject({ on }).prefault({}),
    /** Settler: epochs whose window is over. */
    finalize: z.strictObject({ on }).prefault({}),
    /**
     * What data has earned, from this sum in one pool on; for other accounts too, whose gas this node pays:
     * `contributors` are all of its own Datanets.
     */
    claim: z
      .strictObject({
        on,
        at: tokensText.prefault('1'),
        accounts: z
          .array(z.union([z.literal('contributors'), writtenAccount]))
          .max(1_000)
          .default([])
      })
      .transform(({ accounts, ...rest }) => ({
        ...rest,
        accounts: accounts.filter(one => one !== 'contributors'),
        contributors: accounts.includes('contributors')
      }))
      .prefault({})
  })
  .prefault({})

export interface AutomationFlags {
  manual?: string[]
  anchorAt?: string
  anchorAfter?: string
  serve?: string
  serveModels?: string
  serveDisk?: string
  serveMemory?: string
  redeemAt?: string
  settleEvery?: string
  claimAt?: string
  claimFor?: string[]
}

/** One row for each setting that has a flag: where it stands, and how its text becomes its value. */
const settings = [
  ['anchor', 'contributions', 'anchorAt', '--anchor-at', Number],
  ['anchor', 'minutes', 'anchorAfter', '--anchor-after', Number],
  ['serve', 'which', 'serve', '--serve', String],
  ['serve', 'models', 'serveModels', '--serve-models', Number],
  ['serve', 'disk', 'serveDisk', '--serve-disk', String],
  ['serve', 'memory', 'serveMemory', '--serve-memory', String],
  ['redeem', 'at', 'redeemAt', '--redeem-at', String],
  ['settle', 'minutes', 'settleEvery', '--settle-every', Number],
  ['claim', 'at', 'claimAt', '--claim-at', String]
] as const satisfies readonly (readonly [AutomationName, string, keyof AutomationFlags, string, unknown])[]

export const automationFlagNames: Record<string, string> = {
  ...Object.fromEntries(settings.map(([name, field, , flag]) => [`automation.${name}.${field}`, flag])),
  'automation.claim.accounts': '--claim-for'
}

const environmentName = (flag: string): string => `TILTH_${flag.slice(2).replaceAll('-', '_').toUpperCase()}`
const listOf = (text: string | undefined): string[] | undefined =>
  text === undefined || text === '' ? undefined : text.split(',').map(one => one.trim())

/**
 * The file's automation with what flags and environment say over it.
 * @param fail told of a name after --manual that is none
 */
export function withAutomationFlags(
  file: unknown,
  flags: AutomationFlags,
  env: NodeJS.ProcessEnv,
  fail: (message: string) => never
): unknown {
  const given = typeof file === 'object' && file !== null ? (file as Record<string, unknown>) : {}
  const merged: Record<string, Record<string, unknown>> = {}
  const part = (name: AutomationName): Record<string, unknown> =>
    (merged[name] ??= { ...(typeof given[name] === 'object' ? given[name] : {}) })
  for (const [name, field, key, flag, read] of settings) {
    const text = flags[key] ?? env[environmentName(flag)]
    if (text !== undefined) part(name)[field] = read(text)
  }
  const accounts = flags.claimFor ?? listOf(env['TILTH_CLAIM_FOR'])
  if (accounts !== undefined) part('claim')['accounts'] = accounts
  for (const name of flags.manual ?? listOf(env['TILTH_MANUAL']) ?? []) {
    const names = name === 'all' ? automationNames : automationNames.filter(one => one === name)
    if (names.length === 0) fail(`--manual takes ${automationNames.join(', ')} or all, not "${name.slice(0, 40)}"`)
    for (const one of names) part(one)['on'] = false
  }
  return file === undefined && Object.keys(merged).length === 0 ? undefined : { ...given, ...merged }
}
