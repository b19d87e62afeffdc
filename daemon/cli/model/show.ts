import type { Command } from 'commander'
import { command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { modelPage } from './text.ts'

export function showCommand(): Command {
  return connected(
    command({
      name: 'show',
      summary: 'one model: what it is made of, who has what of its fees, its licence, and who offers it',
      examples: ['tilth models show elements', 'tilth models show 0x12ab… --json']
    })
  )
    .argument('<model>', 'id, beginning of one, or name')
    .action(
      guarded(async (model: string, flags: CallFlags) => {
        await show(flags, api => api.call('model', { params: { id: model } }), modelPage)
      })
    )
}
