import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { ApiClient } from '../../api/contract/index.ts'
import { checkAddress, command, connected, guarded, listing, show, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { safe, table } from '../output.ts'

// Which model a name asks: what was pinned, else whose builder is trusted.

function pinCommand(): Command {
  return connected(
    command({
      name: 'pin',
      summary: 'settle which model a name asks, whoever registers another by it',
      examples: ['tilth models pin elements 0x12ab34']
    })
  )
    .argument('<name>', 'what you ask it by')
    .argument('<model>', 'its id, or beginning of one')
    .action(
      guarded(async (name: string, model: string, flags: CallFlags) => {
        await show(
          flags,
          api => api.call('pin', { body: { name, model } }),
          pin => `${safe(pin.name)} asks ${pin.model} from now on`
        )
      })
    )
}

function unpinCommand(): Command {
  return connected(
    command({
      name: 'unpin',
      summary: 'let a name ask what it asks without a pin',
      examples: ['tilth models unpin elements']
    })
  )
    .argument('<name>', 'the name')
    .action(
      guarded(async (name: string, flags: CallFlags) => {
        await show(
          flags,
          api => api.call('unpin', { params: { name } }),
          pin => `${safe(pin.name)} is not pinned any more (it was ${pin.model})`
        )
      })
    )
}

function pinsCommand(): Command {
  return listing(
    connected(
      command({
        name: 'pins',
        summary: 'names that are pinned',
        examples: ['tilth models pins', 'tilth models pins --json']
      })
    )
  ).action(
    guarded(async (flags: ListFlags) => {
      await showList(
        flags,
        (api, params) => api.call('pins', { params }),
        pins =>
          pins.length === 0
            ? 'no names are pinned: `tilth models pin NAME ID` settles one'
            : table(
                ['name', 'model'],
                pins.map(({ name, model }) => [safe(name), model])
              )
      )
    })
  )
}

const setting = 'trust'

async function trusted(api: ApiClient): Promise<string[]> {
  const { settings } = await api.call('settings')
  const value = settings.find(({ path }) => path === setting)?.value
  return Array.isArray(value) ? value : []
}

function trustCommand(): Command {
  return connected(
    command({
      name: 'trust',
      summary: 'builders whose models are asked by name; your own account always is one',
      examples: ['tilth models trust', 'tilth models trust 0x12…', 'tilth models trust 0x12… --remove']
    })
  )
    .argument('[builder]', 'an account; without one those that are trusted are shown')
    .option('--remove', 'not any more')
    .action(
      guarded(async (builder: string | undefined, flags: CallFlags & { remove?: boolean }) => {
        if (builder === undefined && flags.remove === true)
          throw new InvalidError('flag-missing', '--remove needs the account that is not trusted any more')
        await show(
          flags,
          async api => {
            const before = await trusted(api)
            if (builder === undefined) return before
            const account = checkAddress(builder)
            const others = before.filter(one => one !== account)
            const value = flags.remove === true ? others : [...others, account]
            await api.call('changeSetting', { body: { path: setting, value } })
            return value
          },
          builders =>
            builders.length === 0
              ? 'nobody is named: a name that one builder alone uses is asked, whoever that is'
              : builders.join('\n')
        )
      })
    )
}

export const nameCommands = (): Command[] => [pinCommand(), unpinCommand(), pinsCommand(), trustCommand()]
