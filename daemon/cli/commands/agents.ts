import type { Command } from 'commander'
import { agentRequest } from '../../api/contract/index.ts'
import type { AgentView } from '../../api/contract/index.ts'
import { readAs } from '../../../protocol/primitives/index.ts'
import { command, connected, guarded, listing, show, showList, tokenAmount } from '../command.ts'
import type { CallFlags, ListFlags } from '../command.ts'
import { dim, safe, short, table, tokens } from '../output.ts'
import { splitOf, splitFlag } from '../split.ts'
import { readFileAs } from '../text-file.ts'
import { agentAskCommand } from './ask.ts'

const mostFileBytes = 262_144

interface CreateFlags extends CallFlags {
  file: string
  fee?: string
  split?: string
  upstream?: string
  licence?: string
}

/** What a file says of an agent: its steps, and whatever a flag does not say. */
const agentFile = agentRequest.partial().required({ steps: true })

/** When a step is asked, and what it may choose. */
const wayOf = ({ choices, when }: AgentView['steps'][number]): string =>
  [
    ...(when === undefined ? [] : [`if ${when.step} is ${when.is.join(' or ')}`]),
    ...(choices === undefined ? [] : [`chooses ${choices.join(', ')}`])
  ].join('; ')

const agentText = ({ id, name, builder, manifest, fee, split, about, offered, steps }: AgentView): string =>
  [
    `${safe(name)}  ${dim(id)}`,
    ...(about === undefined ? [] : [`  ${safe(about)}`]),
    `  builder   ${builder}`,
    `  manifest  ${manifest}`,
    `  fee       ${
      fee === '0'
        ? 'none of its own'
        : `${tokens(fee)} a call: ${split.worker / 100} % who takes it, ${split.builder / 100} % its builder` +
          ((split.upstream ?? 0) === 0 ? '' : `, ${(split.upstream ?? 0) / 100} % upstream`) +
          (offered === 0 ? '; nobody takes it now' : '')
    }`,
    table(
      ['  step', 'model', 'tokens', 'workers', ''],
      steps.map(step => [
        `  ${step.name}`,
        `${safe(step.modelName)} ${short(step.model)}`,
        String(step.maxTokens),
        String(step.offered),
        safe(wayOf(step))
      ]),
      [2, 3]
    )
  ].join('\n')

function createCommand(): Command {
  return connected(
    command({
      name: 'create',
      summary: 'publish and register an agent made of registered models',
      examples: [
        'tilth agent create chemist --file chemist.json --fee 0.01 --as host',
        'tilth agent create chemist --file chemist.json --fee 0.01 --split 2000,8000,0 --licence CC-BY-4.0'
      ]
    })
  )
    .argument('<name>', 'its name')
    .requiredOption('--file <file>', 'JSON with its steps, and `about` what it is for')
    .option('--fee <tokens>', 'what a call of it costs beside what its steps cost; nothing unless given')
    .option(splitFlag, 'basis points of its fee, 0 for data; 1000,9000,0 unless given')
    .option('--upstream <model>', 'the model that the fourth part of the split goes to')
    .option('--licence <spdx>', 'what it may be used under, such as CC-BY-4.0')
    .action(
      guarded(async (name: string, { file, fee, split, upstream, licence, ...flags }: CreateFlags) => {
        const body = readAs(
          agentRequest,
          {
            ...(await readFileAs(agentFile, file, { bytes: mostFileBytes, isNot: 'no agent' })),
            name,
            ...(fee === undefined ? {} : { fee: tokenAmount(fee, '--fee').toString() }),
            ...(split === undefined ? {} : { split: splitOf(split) }),
            ...(upstream === undefined ? {} : { upstream }),
            ...(licence === undefined ? {} : { licence })
          },
          'flag.agent'
        )
        await show(
          flags,
          api => api.call('createAgent', { body }),
          agent =>
            `${agentText(agent)}\nregistered as ${agent.id}` +
            (agent.fee !== '0' && agent.offered === 0
              ? '; its fee is taken once a worker offers it: `tilth serve` with its id'
              : '')
        )
      })
    )
}

const listCommand = (): Command =>
  listing(
    connected(
      command({ name: 'list', summary: 'registered agents, and what a call costs', examples: ['tilth agent list'] })
    )
  ).action(
    guarded(async (flags: ListFlags) => {
      await showList(
        flags,
        (api, params) => api.call('agents', { params }),
        agents =>
          agents.length === 0
            ? 'no agents yet'
            : table(
                ['agent', 'builder', 'a call', 'taken by'],
                agents.map(({ id, name, builder, price, offered }) => [
                  `${safe(name)} ${short(id)}`,
                  short(builder),
                  price === null ? '–' : tokens(price),
                  String(offered)
                ]),
                [2, 3]
              )
      )
    })
  )

const showCommand = (): Command =>
  connected(
    command({
      name: 'show',
      summary: 'one agent: its steps, their models, its fee and who has it',
      examples: ['tilth agent show chemist']
    })
  )
    .argument('<agent>', 'id, beginning of one, or name')
    .action(
      guarded(async (agent: string, flags: CallFlags) => {
        await show(flags, api => api.call('agent', { params: { id: agent } }), agentText)
      })
    )

export function agentCommand(): Command {
  const parent = command({
    name: 'agent',
    summary: 'agents: compositions of models with a fee and a split of their own',
    examples: ['tilth agent list', 'tilth agent ask chemist "What is iron for?"']
  })
  for (const sub of [createCommand(), listCommand(), showCommand(), agentAskCommand()]) parent.addCommand(sub)
  return parent
}
