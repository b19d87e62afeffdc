import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import type { DatanetView } from '../../api/contract/index.ts'
import { collect, command, connected, guarded, listing, show, showList } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { dim, safe, short, table } from '../output.ts'
import { mapHelp, readAllLines } from '../rows-file.ts'
import { exportCommand } from './export.ts'
import { findDatanet } from './find-datanet.ts'
import { rosterCommand } from './roster.ts'

export async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new InvalidError('file.read', `${path} cannot be read`, {
      help: 'Check the path and its permissions.',
      cause
    })
  }
}

/** A file with one JSON object. @throws InvalidError naming the file, and where in it the fault is */
export async function readJsonFile(path: string): Promise<Record<string, unknown>> {
  const text = await readText(path)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (cause) {
    throw new InvalidError('file.json', `${path} is not JSON`, { help: 'Mend what is wrong there.', cause })
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new InvalidError('file.json', `${path} holds no JSON object`, { help: 'It begins with { and ends with }.' })
  return value as Record<string, unknown>
}

const followed = (roles: DatanetView['roles']): string =>
  roles.length === 0 ? 'no: only what the chain tells is known here' : `as ${roles.join(', ')}`

const datanetText = (net: DatanetView): string =>
  [
    `${safe(net.name)}  ${dim(net.id)}`,
    safe(net.description),
    `licence      ${safe(net.licence)}`,
    `host         ${net.host}`,
    `validators   ${net.validators.map(({ address, weight }) => `${short(address)} (${weight})`).join(', ')}`,
    `accepted     ${net.accepted} of ${net.contributions} contributions, version ${net.latestVersion}`,
    `followed     ${followed(net.roles)}`
  ].join('\n')

interface CreateFlags extends CallFlags {
  name: string
  description: string
  licence: string
  questions: string
  map?: string[]
  validator: string[]
  uploads: string
  maxRows: string
  minOwnShare: string
  leastDataShare: string
  nearDuplicate: string
  revealSeconds: string
  voteSeconds: string
}

export function datanetCommand(): Command {
  const parent = command({
    name: 'datanet',
    summary: 'create, list and show Datanets',
    examples: ['tilth datanet list', 'tilth datanet show elements']
  })
  parent.addCommand(
    connected(
      command({
        name: 'create',
        summary: 'create a Datanet, hosted by this daemon',
        examples: [
          'tilth datanet create --name birds --licence CC0-1.0 --questions held-out.jsonl ' +
            '--validator 0xabc…=1 --validator 0xdef…=1'
        ]
      })
    )
      .requiredOption('--name <text>', 'its name')
      .option('--description <text>', 'what it is about', '')
      .requiredOption('--licence <text>', 'licence of every contribution, e.g. CC0-1.0')
      .requiredOption('--questions <file>', 'held-out questions with their answers, in any form that rows have')
      .option('--map <what=column>', mapHelp, collect)
      .requiredOption('--validator <address=weight...>', 'accounts that vote, with their weights')
      .option('--uploads <n>', 'contributions one account may make', '10')
      .option('--max-rows <n>', 'rows of one contribution', '10000')
      .option('--min-own-share <thousandths>', 'how many of the rows that repeat none must be good', '500')
      .option('--least-data-share <basis points>', 'what of its fees a model must give to the data', '1000')
      .option('--near-duplicate <thousandths>', 'MinHash similarity from which rows are compared closely', '500')
      .option('--reveal-seconds <n>', 'from commitment to reveal', '600')
      .option('--vote-seconds <n>', 'from reveal to the end of the vote', '3600')
      .action(
        guarded(async (flags: CreateFlags) => {
          const validators = flags.validator.map(text => {
            const [account = '', weight = '1'] = text.split('=')
            return { address: account, weight: Number(weight) }
          })
          const heldOut = await readAllLines(flags.questions, flags.map)
          const rules = {
            name: flags.name,
            description: flags.description,
            licence: flags.licence,
            maxRows: Number(flags.maxRows),
            maxBytes: 16 << 20,
            uploadsPerContributor: Number(flags.uploads),
            nearDuplicate: Number(flags.nearDuplicate),
            minOwnShare: Number(flags.minOwnShare),
            leastDataShare: Number(flags.leastDataShare),
            validators,
            revealSeconds: Number(flags.revealSeconds),
            voteSeconds: Number(flags.voteSeconds)
          }
          await show(flags, api => api.call('createDatanet', { body: { rules, heldOut } }), datanetText)
        })
      )
  )
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
                    safe(net.name),
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
  parent.addCommand(exportCommand())
  parent.addCommand(rosterCommand())
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
