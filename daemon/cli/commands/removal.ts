import type { Command } from 'commander'
import { Option } from 'commander'
import { signStatement } from '../../../protocol/crypto/index.ts'
import { removedInWords, takeDownCodes, withdrawalInWords } from '../../../protocol/data/index.ts'
import type { TakeDownCode } from '../../../protocol/data/index.ts'
import type { Hex } from '../../../protocol/primitives/index.ts'
import type { ApiClient, RemovalView } from '../../api/contract/index.ts'
import { openKeystore, openingPassphrase } from '../../keys/index.ts'
import { command, connected, guarded, show } from '../command.ts'
import type { CallFlags } from '../command.ts'
import { dim, red, safe, table } from '../output.ts'

interface WithdrawFlags extends CallFlags {
  person?: string
  key?: string
  passphraseFile?: string
}

/** The contributor's own statement, by a key that no daemon sees. */
async function signedBy(api: ApiClient, id: string, { key, passphraseFile }: WithdrawFlags) {
  if (key === undefined) return undefined
  const { address, privateKey } = await openKeystore(key, await openingPassphrase({ file: passphraseFile }))
  const [status, { id: contribution }] = await Promise.all([
    api.call('status'),
    api.call('contribution', { params: { id } })
  ])
  const network = { chainId: status.chain.id, registry: status.chain.contracts['registry'] as Hex }
  return signStatement(network, 'Withdrawal', { contribution: contribution as Hex, contributor: address }, privateKey)
}

export function withdrawCommand(): Command {
  return connected(
    command({
      name: 'withdraw',
      summary: 'take back a contribution as far as it can be: what was accepted leaves the next version',
      examples: [
        'tilth withdraw 0x12…',
        'tilth withdraw 0x12… --key me.json',
        'tilth withdraw 0x12… --person noor --as host'
      ]
    })
  )
    .argument('<contribution>', 'id or beginning of one')
    .option('--key <keystore>', "its contributor's key, where that is not the daemon's")
    .option('--passphrase-file <file>', "file with the keystore's passphrase")
    .option('--person <name>', "whose it is, of a local network's people, whose keys lie in its folder")
    .action(
      guarded(async (id: string, flags: WithdrawFlags) => {
        await show(
          flags,
          async api => {
            const signed = await signedBy(api, id, flags)
            const body = signed === undefined ? (flags.person === undefined ? {} : { as: flags.person }) : { signed }
            return api.call('withdraw', { params: { id }, body })
          },
          ({ id: withdrawn, state }) => `withdrawn ${withdrawn}: ${withdrawalInWords[state]}`
        )
      })
    )
}

const removalText = ({ contribution, removed, words }: RemovalView): string =>
  [
    `${contribution}: ${removed === null ? 'it stays so far' : red(removedInWords[removed])}`,
    ...(words.length === 0
      ? []
      : [
          table(
            ['validator', 'roster', 'for', 'in its words'],
            words.map(({ validator, roster, code, text }) => [validator, String(roster), safe(code), safe(text)]),
            [1]
          )
        ])
  ].join('\n')

interface TakeDownFlags extends CallFlags {
  for?: TakeDownCode
  reason?: string
}

export function takeDownCommand(): Command {
  return connected(
    command({
      name: 'take-down',
      summary: "a validator's word that accepted rows must go: over two thirds hide and unpin them everywhere",
      examples: [
        'tilth take-down 0x12…                                # who has said so',
        'tilth take-down 0x12… --for personal-data --reason "names patients" --as validator-1'
      ]
    })
  )
    .argument('<contribution>', 'id or beginning of one')
    .addOption(
      new Option('--for <code>', 'what for; without it, only who has said so is shown').choices(
        Object.keys(takeDownCodes)
      )
    )
    .option('--reason <text>', 'the same in your words, for everybody to read')
    .addHelpText(
      'after',
      Object.entries(takeDownCodes)
        .map(([code, says]) => dim(`  ${code.padEnd(14)} ${says}`))
        .join('\n')
    )
    .action(
      guarded(async (id: string, flags: TakeDownFlags) => {
        const { for: code, reason } = flags
        await show(
          flags,
          api =>
            code === undefined
              ? api.call('removal', { params: { id } })
              : api.call('takeDown', {
                  params: { id },
                  body: { code, ...(reason === undefined ? {} : { text: reason }) }
                }),
          removalText
        )
      })
    )
}
