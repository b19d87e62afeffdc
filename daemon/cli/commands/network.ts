import { resolve } from 'node:path'
import { Option } from 'commander'
import type { Command } from 'commander'
import { quoted } from '../../../node/runtime/quoted.ts'
import { InvalidError } from '../../../protocol/primitives/index.ts'
import { networkFile, readNetworkFile } from '../../config/index.ts'
import type { NetworkFile } from '../../config/index.ts'
import { openKeystore, openingPassphrase } from '../../keys/index.ts'
import { collect, command, connected, guarded, wholeNumber } from '../command.ts'
import { connect } from '../context.ts'
import type { ConnectFlags } from '../context.ts'
import { dim, printJson, tell } from '../output.ts'

interface CreateFlags {
  rpc?: string
  chain?: string
  key?: string
  passphraseFile?: string
  output: string
  preset?: NetworkFile['preset']
  bootstrap?: string[]
  challengeSeconds: string
  disputeSeconds: string
  unbondSeconds: string
  rosterSeconds: string
  commitSeconds: string
  revealSeconds: string
  drawBlocks?: string
  auditSeconds: string
  minStake: string
  json?: boolean
}

const year = 366 * 86_400
/** In seconds: a weekend ends no window on a chain of its own. */
const days = (count: number): string => String(count * 86_400)

function createCommand(): Command {
  return command({
    name: 'create',
    summary: 'deploy the contracts of a network of your own and write all that others need to join into one file',
    examples: [
      'tilth network create --chain my-network/chain --output my-network/network.json',
      'tilth network create --rpc https://rpc.example.org --key deployer.json --min-stake 100'
    ]
  })
    .option('--rpc <url>', 'RPC of the chain to deploy on')
    .option('--chain <dir>', 'or the folder in which `tilth chain` runs one')
    .option(
      '--key <file>',
      'keystore of who pays for the deployment and gets the whole token supply; needed on any chain but ' +
        'one of `tilth chain`, whose own account does it'
    )
    .option('--passphrase-file <file>', 'file with its passphrase')
    .option('--output <file>', 'where to; never overwritten', 'network.json')
    .addOption(
      new Option(
        '--preset <name>',
        'public, or local for a network that never leaves this machine; local if the chain is one of this machine'
      ).choices(['public', 'local'])
    )
    .option('--bootstrap <multiaddr>', 'a node to join by, if its address is known; repeatable', collect)
    .option('--challenge-seconds <n>', 'how long an epoch can be challenged; three days unless given', days(3))
    .option('--dispute-seconds <n>', 'how long a worker has to claim when a client closes a channel', days(3))
    .option('--unbond-seconds <n>', 'between asking for stake back and getting it; longer than the others', days(21))
    .option(
      '--roster-seconds <n>',
      "how long a Datanet's validators must be silent before its host may replace them",
      days(30)
    )
    .option('--commit-seconds <n>', 'how long scorers have to weigh what chance has drawn', days(1))
    .option('--reveal-seconds <n>', 'how long they have to show what they found', String(6 * 3_600))
    .option(
      '--draw-blocks <n>',
      "blocks between an epoch's receipts and the one whose hash draws; 8, or none on a chain of `tilth chain`, " +
        'where blocks come only with transactions'
    )
    .option('--audit-seconds <n>', 'how long auditors have to run parts of a training again', days(1))
    .option('--min-stake <tokens>', 'what a settler must have staked, in whole tokens', '100')
    .action(
      guarded(async (flags: CreateFlags) => {
        const { createNetwork, isLocalUrl, networkText, requireRoom, rpcOfChain, writeNetwork } =
          await import('../../local/create.ts')
        if ((flags.rpc === undefined) === (flags.chain === undefined))
          throw new InvalidError('flag-missing', 'name the chain to deploy on', {
            help: 'Give either --rpc URL, or --chain DIR of a chain that `tilth chain` runs.'
          })
        if (flags.rpc !== undefined && flags.key === undefined)
          throw new InvalidError('flag-missing', '--rpc needs --key: somebody has to pay for the deployment', {
            help: 'Give the keystore of an account with some of the chain’s coin; `tilth key create` makes one.'
          })
        const seconds = (text: string, flag: string): number => wholeNumber(text, flag, { least: 1, most: year })
        const policy = {
          challengeSeconds: seconds(flags.challengeSeconds, '--challenge-seconds'),
          disputeSeconds: seconds(flags.disputeSeconds, '--dispute-seconds'),
          unbondSeconds: seconds(flags.unbondSeconds, '--unbond-seconds'),
          rosterSeconds: seconds(flags.rosterSeconds, '--roster-seconds'),
          commitSeconds: seconds(flags.commitSeconds, '--commit-seconds'),
          revealSeconds: seconds(flags.revealSeconds, '--reveal-seconds'),
          drawBlocks: wholeNumber(flags.drawBlocks ?? (flags.chain === undefined ? '8' : '0'), '--draw-blocks', {
            least: 0,
            most: 200
          }),
          auditSeconds: seconds(flags.auditSeconds, '--audit-seconds'),
          minStake: BigInt(wholeNumber(flags.minStake, '--min-stake', { least: 1, most: 1e9 })) * 10n ** 18n
        }
        const path = resolve(flags.output)
        await requireRoom(path)
        const bootstrap = (flags.bootstrap ?? []).map(checkBootstrap)
        const rpc = flags.rpc ?? (await rpcOfChain(resolve(flags.chain ?? '')))
        const privateKey =
          flags.key === undefined
            ? undefined
            : (await openKeystore(flags.key, await openingPassphrase({ file: flags.passphraseFile }))).privateKey
        const file = await createNetwork({
          rpc,
          privateKey,
          // Who is elsewhere could not ask a chain that answers on this machine only.
          preset: flags.preset ?? (isLocalUrl(rpc) ? 'local' : 'public'),
          bootstrap,
          ...policy,
          onStep: text => tell(dim(text))
        })
        await writeNetwork(path, file)
        if (flags.json === true) console.log(networkText(file))
        else
          console.log(
            `a network on chain ${file.chain.chainId}, from block ${file.chain.contracts.deploymentBlock ?? 0} on; ` +
              `described in ${flags.output}\n` +
              `start daemons with \`tilth daemon --network ${quoted(flags.output)} --role ROLE\`; ` +
              `once the first one runs, \`tilth network bootstrap\` writes into the file how others find it`
          )
      })
    )
}

/** [reject] @throws InvalidError `flag-invalid` naming what was typed */
function checkBootstrap(text: string): string {
  const parsed = networkFile.shape.bootstrap.safeParse([text])
  if (parsed.success) return text
  throw new InvalidError('flag-invalid', `--bootstrap ${text} ${parsed.error.issues[0]?.message ?? 'is no address'}`)
}

interface BootstrapFlags extends ConnectFlags {
  network: string
  json?: boolean
}

function bootstrapCommand(): Command {
  return connected(
    command({
      name: 'bootstrap',
      summary: "write a running daemon's addresses into the network's file, as those that others join by",
      examples: ['tilth network bootstrap --network my-network/network.json --data my-network/host']
    })
  )
    .requiredOption('--network <file>', "the network's file")
    .action(
      guarded(async (flags: BootstrapFlags) => {
        const file = await readNetworkFile(flags.network)
        const status = await (await connect(flags)).call('status')
        const { addNode } = await import('../../local/bootstrap.ts')
        const bootstrap = await addNode(flags.network, file, status)
        if (flags.json === true) printJson({ bootstrap })
        else console.log(`who joins by ${flags.network} does so by\n${bootstrap.join('\n')}`)
      })
    )
}

export function networkCommand(): Command {
  const parent = command({
    name: 'network',
    summary: 'make a network of your own, described by one file',
    examples: [
      'tilth network create --chain my-network/chain --output my-network/network.json',
      'tilth network bootstrap --network my-network/network.json --data my-network/host'
    ]
  })
  parent.addCommand(createCommand())
  parent.addCommand(bootstrapCommand())
  return parent
}
