import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { collect, command, connected, guarded, listing, show, showList, tokenAmount } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { keyScopes } from '../../api/contract/index.ts'
import type { KeyScope, KeyView } from '../../api/contract/index.ts'
import { dim, safe, table, tokens } from '../output.ts'

const boundText = (amount: string | null): string => (amount === null ? dim('no bound') : tokens(amount))

const listText = (keys: readonly KeyView[]): string =>
  keys.length === 0
    ? 'no keys: make one by `tilth keys add NAME --per-day 5 --per-request 0.1`'
    : table(
        ['key', 'per request', 'per day', 'spent today', 'held', 'spent ever', 'made', 'may'],
        keys.map(({ name, perRequest, perDay, spentToday, held, spent, madeAt, scopes }) => [
          safe(name),
          boundText(perRequest),
          boundText(perDay),
          tokens(spentToday),
          tokens(held),
          tokens(spent),
          new Date(madeAt).toISOString().slice(0, 10),
          scopes.join(', ')
        ]),
        [1, 2, 3, 4, 5]
      )

interface AddFlags extends CallFlags {
  scope?: string[]
  perRequest?: string
  perDay?: string
}

/** [reject] @throws InvalidError `flag.scope` */
function scopeOf(text: string): KeyScope {
  const found = keyScopes.find(scope => scope === text)
  if (found !== undefined) return found
  throw new InvalidError('flag.scope', `--scope must be one of ${keyScopes.join(', ')}, not "${text}"`)
}

function addCommand(): Command {
  return connected(
    command({
      name: 'add',
      summary:
        'make a key that may only ask, or only what --scope says, within a budget; it is shown once and kept nowhere',
      examples: [
        'tilth keys add notebook --per-day 5 --per-request 0.1',
        'tilth keys add prometheus --scope read',
        'tilth keys add bot --scope operate --scope money --per-day 20'
      ]
    })
  )
    .argument('<name>', 'what you call it')
    .option('--scope <scope>', `${keyScopes.join(', ')}; repeatable, ask unless given`, collect)
    .option('--per-request <tokens>', 'most that one answer may cost; as the daemon’s own settings say unless given')
    .option('--per-day <tokens>', 'most that all answers of a day (by UTC), and payments, may come to')
    .action(
      guarded(async (name: string, flags: AddFlags) => {
        const { perRequest, perDay, scope } = flags
        const body = {
          name,
          ...(scope === undefined ? {} : { scopes: scope.map(scopeOf) }),
          ...(perRequest === undefined ? {} : { perRequest: tokenAmount(perRequest, '--per-request').toString() }),
          ...(perDay === undefined ? {} : { perDay: tokenAmount(perDay, '--per-day').toString() })
        }
        await show(
          flags,
          api => api.call('addKey', { body }),
          ({ key }) => `${key}\n${dim('Keep it: it is not shown again.')}`
        )
      })
    )
}

function revokeCommand(): Command {
  return connected(
    command({
      name: 'revoke',
      summary: 'end a key: nobody does anything by it any more',
      examples: ['tilth keys revoke notebook']
    })
  )
    .argument('<name>', 'the key')
    .action(
      guarded(async (name: string, flags: CallFlags) => {
        await show(
          flags,
          api => api.call('revokeKey', { params: { name } }),
          ({ spent }) => `${safe(name)} is ended; ${tokens(spent)} were spent by it`
        )
      })
    )
}

export function keysCommand(): Command {
  const parent = command({
    name: 'keys',
    summary: 'keys of the API, each for some things and with a budget (the account’s own key is `tilth key`)',
    examples: ['tilth keys add notebook --per-day 5 --per-request 0.1', 'tilth keys list', 'tilth keys revoke notebook']
  })
  parent.addCommand(addCommand())
  parent.addCommand(
    listing(
      connected(
        command({
          name: 'list',
          summary: 'keys, what each may spend, and what was spent by it',
          examples: ['tilth keys list', 'tilth keys list --json']
        })
      )
    ).action(
      guarded(async (flags: ListFlags) => {
        await showList(flags, (api, params) => api.call('keys', { params }), listText)
      })
    )
  )
  parent.addCommand(revokeCommand())
  return parent
}
