import type { Command } from 'commander'
import type { ApiClient, DatanetView } from '../../api/contract/index.ts'
import { command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { safe } from '../output.ts'

interface MixFlags extends CallFlags {
  name?: string
  description?: string
}

type Mixed = Awaited<ReturnType<typeof mixed>>

const mixed = (api: ApiClient, datanets: readonly string[], texts: Pick<MixFlags, 'name' | 'description'> = {}) =>
  api.call('mixDatanets', { body: { datanets: [...datanets], ...texts } })

/** The one Datanet that several are together: the fitting mix, which is founded or brought up to date where need be. */
export async function mixOf(api: ApiClient, datanets: readonly string[]): Promise<DatanetView> {
  const made = await mixed(api, datanets)
  console.error(mixText(made))
  return made.datanet
}

const mixText = ({ datanet: { name, id }, version, founded, anchored }: Mixed): string =>
  `${safe(name)}  ${id}\n${founded ? 'founded' : 'known already'}; version ${version.version} of ` +
  `${version.count} contributions ${anchored ? 'anchored now' : 'holds all that its parents hold'}`

export function mixCommand(): Command {
  return connected(
    command({
      name: 'mix',
      summary: 'one Datanet made of others, to tune a model on all of them: every contributor is paid as at home',
      examples: ['tilth datanet mix birds elements --name nature', 'tilth tune --datanet nature --base seedling']
    })
  )
    .argument('<datanets...>', 'two or more: ids, prefixes of ids, or names')
    .option('--name <text>', "its name; its parents' names unless given")
    .option('--description <text>', 'what it is about')
    .action(
      guarded(async (datanets: string[], { name, description, ...flags }: MixFlags) => {
        const texts = {
          ...(name === undefined ? {} : { name }),
          ...(description === undefined ? {} : { description })
        }
        await show(flags, api => mixed(api, datanets, texts), mixText)
      })
    )
}
