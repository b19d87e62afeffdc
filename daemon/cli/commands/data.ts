import type { Command } from 'commander'
import { command, connected, guarded, listing, show, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { createCommand } from '../datanet/create.ts'
import { importCommand } from '../datanet/import.ts'
import { datanetText } from '../datanet/text.ts'
import { keysCommand } from '../datanet/keys.ts'
import { dim, safe, short, table } from '../output.ts'
import { exportCommand } from './export.ts'
import { findDatanet } from './find-datanet.ts'
import { mixCommand } from './mix.ts'
import { heldOutCommand } from '../datanet/held-out.ts'
import { hostCommand } from '../datanet/host.ts'
import { rulesCommand } from '../datanet/rules.ts'
import { trainersCommand } from '../datanet/trainers.ts'
import { rosterCommand } from './roster.ts'

export function datanetCommand(): Command {
  const parent = command({
    name: 'datanet',
    summary: 'create, list and show Datanets',
    examples: ['tilth datanet list', 'tilth datanet show elements']
  })
  parent.addCommand(createCommand())
  parent.addCommand(
    listing(
      connected(command({ name: 'list', summary: 'known Datanets', examples: ['tilth datanet list --json'] }))
    ).action(
      guarded(async (flags: ListFlags) => {
        await showList(
          flags,
          (api, params) => api.call('datanets', { params }),
          nets =>
            nets.length === 0
              ? 'no Datanet is known here yet'
              : table(
                  ['id', 'name', 'licence', 'accepted', 'version'],
                  nets.map(net => [
                    short(net.id),
                    safe(net.name) + (net.private === undefined ? '' : dim(' (private)')),
                    safe(net.licence),
                    `${net.accepted}/${net.contributions}`,
                    String(net.latestVersion)
                  ]),
                  [3, 4]
                )
        )
      })
    )
  )
  parent.addCommand(
    connected(command({ name: 'show', summary: 'one Datanet', examples: ['tilth datanet show elements'] }))
      .argument('[datanet]', 'id, prefix of one, or name')
      .action(
        guarded(async (wanted: string | undefined, flags: CallFlags) => {
          await show(flags, api => findDatanet(api, wanted), datanetText)
        })
      )
  )
  parent.addCommand(
    connected(
      command({
        name: 'anchor',
        summary: 'anchor the accepted set as a new version (host)',
        examples: ['tilth datanet anchor elements --as host']
      })
    )
      .argument('[datanet]', 'id, prefix of one, or name')
      .action(
        guarded(async (wanted: string | undefined, flags: CallFlags) => {
          await show(
            flags,
            async api => api.call('anchorVersion', { params: { id: (await findDatanet(api, wanted)).id } }),
            version => `version ${version.version} of ${version.count} contributions, root ${version.root}`
          )
        })
      )
  )
  parent.addCommand(mixCommand())
  parent.addCommand(exportCommand())
  parent.addCommand(importCommand())
  parent.addCommand(rosterCommand())
  parent.addCommand(keysCommand())
  parent.addCommand(trainersCommand())
  parent.addCommand(rulesCommand())
  parent.addCommand(hostCommand())
  parent.addCommand(heldOutCommand())
  for (const follow of [true, false])
    parent.addCommand(
      connected(
        command({
          name: follow ? 'follow' : 'unfollow',
          summary: follow
            ? 'hear, check and keep what is contributed to a Datanet, without a role in it'
            : 'follow a Datanet no more, unless a role in it asks for it',
          examples: [`tilth datanet ${follow ? 'follow' : 'unfollow'} elements`]
        })
      )
        .argument('<datanet>', 'id, prefix of one, or name')
        .action(
          guarded(async (wanted: string, flags: CallFlags) => {
            await show(
              flags,
              async api =>
                api.call('followDatanet', { params: { id: (await findDatanet(api, wanted)).id }, body: { follow } }),
              datanetText
            )
          })
        )
    )
  return parent
}
