import { Command } from 'commander'
import {
  InvalidError,
  address as accountText,
  writtenAccount,
  defaultPage,
  describeError,
  largestPage,
  tokensIn
} from '../../protocol/primitives/index.ts'
import type { Address, Page } from '../../protocol/primitives/index.ts'
import type { ApiClient } from '../api/contract/index.ts'
import { atHome } from '../home.ts'
import { connect } from './context.ts'
import type { ConnectFlags } from './context.ts'
import { dim, printJson, red, tell } from './output.ts'
import { asTyped } from './typed.ts'

/** Prints a failure for a person (or as JSON for a program) and ends with 1. */
export function fail(error: unknown, json: boolean): void {
  if (json) {
    const { code, message, help } = error as { code?: string; message?: string; help?: string }
    printJson({ error: { code: code ?? 'internal', message: message ?? String(error), help } })
  }
  tell(`${red('error:')} ${describeError(error)}`)
  process.exitCode = 1
}

export interface CommandShape {
  name: string
  summary: string
  /** A command line that works, shown by --help. */
  examples: string[]
}

/** A command with --json, an example in its help, and one way of failing. */
export function command({ name, summary, examples }: CommandShape): Command {
  return (
    new Command(name)
      .description(summary)
      .option('--json', 'print one JSON document instead of text')
      .addHelpText(
        'after',
        `\nExample${examples.length > 1 ? 's' : ''}:\n${examples.map(example => `  ${example}`).join('\n')}\n`
      )
      // Of a group: what follows the name of one of its commands is that command's.
      .enablePositionalOptions()
      .showHelpAfterError('(add --help for what it takes)')
  )
}

/** Adds the flags that say which daemon is meant. */
export function connected(cmd: Command): Command {
  return cmd
    .option('--data <dir>', "the daemon's data folder")
    .option('--as <name>', 'a daemon of the local network (host, worker-1, client, …)')
    .option('--api <url>', "the daemon's API, e.g. http://127.0.0.1:4180")
    .option('--token-file <file>', "file with the API's bearer token")
}

/** Of a flag that may be given several times. */
export const collect = (value: string, before: string[] | undefined): string[] => [...(before ?? []), value]

/** Whether JSON was asked for: of the command, or before its name, of the group that it stands in. */
const wantsJson = (cmd: Command | undefined): boolean =>
  cmd !== undefined && (cmd.getOptionValue('json') === true || wantsJson(cmd.parent ?? undefined))

/** Options that name a place, or one of many things. */
const naming = /<(dir|file|folder|cid\|.*|id|model|datanet|worker|account)>/

/**
 * [reject] What is named has a name: an empty place would be this folder, and what a script leaves empty was to be one
 * thing and no other.
 * @throws InvalidError `flag-invalid`
 */
function requireNames(cmd: Command): void {
  for (const option of cmd.options)
    if (naming.test(option.flags) && [cmd.getOptionValue(option.attributeName())].flat().includes(''))
      throw new InvalidError('flag-invalid', `${option.long ?? option.flags} names nothing: what follows it is empty`)
}

/** Options and arguments that may be a place on this machine. */
const placing = /<(?:[\w|]*\|)?(?:dir|file|folder|keystore|path)\b/
const placed = /^(?:dir|file|folder|path|model$)/

/** Puts the home folder where `~` stands for it: in a command's options, and in its arguments as they are given on. */
function expandHome(cmd: Command, args: unknown[]): void {
  const meant = (value: unknown): unknown =>
    typeof value === 'string' ? atHome(value) : Array.isArray(value) ? value.map(meant) : value
  for (const option of cmd.options) {
    const name = option.attributeName()
    if (!placing.test(option.flags) || cmd.getOptionValue(name) === undefined) continue
    cmd.setOptionValueWithSource(name, meant(cmd.getOptionValue(name)), cmd.getOptionValueSource(name))
  }
  for (const [i, argument] of cmd.registeredArguments.entries())
    if (placed.test(argument.name())) args[i] = meant(args[i])
}

/** Runs an action and turns any failure into a message about what was typed, and exit code 1. */
export const guarded =
  <A extends unknown[]>(action: (...args: A) => Promise<void>) =>
  async (...args: A): Promise<void> => {
    // Commander gives the command itself last, after its arguments and options.
    const cmd: unknown = args.at(-1)
    const own = cmd instanceof Command ? cmd : undefined
    const json = wantsJson(own)
    if (json) own?.setOptionValue('json', true)
    try {
      if (own !== undefined) {
        requireNames(own)
        expandHome(own, args)
      }
      await action(...args)
    } catch (error) {
      fail(own === undefined ? error : asTyped(error, own), json)
    }
  }

export type ListFlags = CallFlags & { limit?: string; cursor?: string }

/** Adds the flags that every list has. */
export function listing(cmd: Command): Command {
  return cmd
    .option('--limit <n>', `how many to show (${largestPage} at most)`, String(defaultPage))
    .option('--cursor <cursor>', 'go on where an earlier page ended')
}

/**
 * One page of a list: as a JSON array, or as text. Where more follows, standard error says how to see it, so that
 * standard output holds the list and nothing else.
 */
export async function showList<T>(
  flags: ListFlags,
  call: (api: ApiClient, page: { limit: number; cursor?: string }) => Promise<Page<T>>,
  text: (items: readonly T[]) => string
): Promise<void> {
  const limit = wholeNumber(flags.limit ?? String(defaultPage), '--limit', { least: 1, most: largestPage })
  const { items, next } = await call(await connect(flags), {
    limit,
    ...(flags.cursor === undefined ? {} : { cursor: flags.cursor })
  })
  if (flags.json === true) printJson(items)
  else console.log(text(items))
  if (next !== null) tell(dim(`more: --cursor ${next}`))
}

/** As showList, or of the list the one thing that was asked for by name or id. */
export const showOneOrList = <T>(
  flags: ListFlags,
  wanted: string | undefined,
  calls: {
    one: (api: ApiClient, id: string) => Promise<T>
    page: Parameters<typeof showList<T>>[1]
  },
  text: (items: readonly T[]) => string
): Promise<void> =>
  showList(
    flags,
    async (api, page) =>
      wanted === undefined ? calls.page(api, page) : { items: [await calls.one(api, wanted)], next: null },
    text
  )

/** [reject] A whole number within its bounds, as a flag gives it. @throws InvalidError naming the flag */
export function wholeNumber(text: string, flag: string, { least, most }: { least: number; most: number }): number {
  const value = Number(text)
  if (!/^[0-9]+$/.test(text) || value < least || value > most)
    throw new InvalidError('flag.number', `${flag} must be a whole number from ${least} to ${most}, not "${text}"`)
  return value
}

const day = 86_400

/** [reject] A time in days, as a flag gives it, in seconds. @throws InvalidError naming the flag */
export function secondsOfDays(text: string, flag: string, { least, most }: { least: number; most: number }): number {
  const seconds = Math.round(Number(text) * day)
  if (/^[0-9]+(\.[0-9]+)?$/.test(text) && seconds >= least && seconds <= most * day) return seconds
  const bounds = `${least > 0 ? 'above 0 and ' : ''}at most ${most}`
  throw new InvalidError('flag.number', `${flag} must be a number of days, ${bounds}, not "${text}"`)
}

/** [reject] An account; in mixed case only by its checksum. @throws InvalidError `flag.address` */
export function checkAddress(text: string): Address {
  const parsed = writtenAccount.safeParse(text)
  if (parsed.success) return parsed.data
  if (accountText.safeParse(text).success)
    throw new InvalidError('flag.address', `${text} does not match its checksum: some character of it is mistyped`, {
      help: 'Copy it anew from where it stands.'
    })
  throw new InvalidError('flag.address', `${text.slice(0, 80)} is no account: 0x and 40 digits`)
}

/**
 * [reject] An amount in tokens, as people write one, in the smallest unit.
 * @throws InvalidError naming the flag
 */
export function tokenAmount(text: string, flag: string): bigint {
  const amount = tokensIn(text)
  if (amount !== undefined) return amount
  throw new InvalidError('flag.number', `${flag} must be an amount of tokens such as 2 or 0.5, not "${text}"`)
}

export type CallFlags = ConnectFlags & { json?: boolean }

/** One call of the API, its reply as JSON or as text. */
export async function show<T>(
  flags: CallFlags,
  call: (api: ApiClient) => Promise<T>,
  text: (value: T) => string
): Promise<void> {
  const value = await call(await connect(flags))
  if (flags.json === true) printJson(value)
  else console.log(text(value))
}
