import type { Command } from 'commander'
import { checkAddress, command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { findDatanet } from '../commands/find-datanet.ts'
import { termsOf } from './rules.ts'

/** Who hosts a Datanet, and how it is handed over. */
export function hostCommand(): Command {
  const parent = connected(
    command({
      name: 'host',
      summary: 'who hosts it, and whom it asks to follow',
      examples: ['tilth datanet host elements', 'tilth datanet host name elements 0xabc…']
    })
  )
    .argument('[datanet]', 'id, prefix of one, or name')
    .action(
      guarded(async (wanted: string | undefined, flags: CallFlags) => {
        await show(
          flags,
          async api => {
            const { datanet, host, founder, nextHost } = await termsOf(api, wanted)
            return { datanet, host, founder, nextHost }
          },
          ({ host, founder, nextHost }) =>
            [
              `host     ${host}`,
              ...(founder === host ? [] : [`founder  ${founder}`]),
              ...(nextHost === null ? [] : [`asked    ${nextHost}, who has not accepted yet`])
            ].join('\n')
        )
      })
    )
  parent.addCommand(
    connected(
      command({
        name: 'name',
        summary: 'ask another account to host it in place of this daemon (host)',
        examples: ['tilth datanet host name elements 0xabc…']
      })
    )
      .argument('<datanet>', 'id, prefix of one, or name')
      .argument('<account>', 'who is to accept')
      .action(
        guarded(async (wanted: string, account: string, flags: CallFlags) => {
          const next = checkAddress(account)
          await show(
            flags,
            async api => api.call('nameHost', { params: { id: (await findDatanet(api, wanted)).id }, body: { next } }),
            () => `${next} hosts it as soon as it accepts: tilth datanet host accept; until then nothing changes`
          )
        })
      )
  )
  parent.addCommand(
    connected(
      command({
        name: 'withdraw',
        summary: 'ask nobody any more to host it (host)',
        examples: ['tilth datanet host withdraw elements']
      })
    )
      .argument('<datanet>', 'id, prefix of one, or name')
      .action(
        guarded(async (wanted: string, flags: CallFlags) => {
          await show(
            flags,
            async api =>
              api.call('nameHost', { params: { id: (await findDatanet(api, wanted)).id }, body: { next: null } }),
            () => 'nobody is asked to host it any more'
          )
        })
      )
  )
  parent.addCommand(
    connected(
      command({
        name: 'accept',
        summary: 'host it from now on, as its host asks: this daemon anchors its versions',
        examples: ['tilth datanet host accept elements']
      })
    )
      .argument('<datanet>', 'id, prefix of one, or name')
      .action(
        guarded(async (wanted: string, flags: CallFlags) => {
          await show(
            flags,
            async api => api.call('acceptHost', { params: { id: (await findDatanet(api, wanted)).id } }),
            () => 'this daemon hosts it from now on'
          )
        })
      )
  )
  return parent
}
