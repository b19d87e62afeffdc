import { enableCompileCache } from 'node:module'
import { Command } from 'commander'
import { flow, titleOf } from '../../protocol/flow.ts'
import type { Stage } from '../../protocol/flow.ts'
import { readEnvironment } from '../home.ts'
import { version } from '../version.ts'
import { askCommand } from './commands/ask.ts'
import { bondsCommand } from './commands/bonds.ts'
import { backendCommand } from './commands/backend.ts'
import { backupCommand, restoreCommand } from './commands/backup.ts'
import { chainCommand } from './commands/chain.ts'
import { chatCommand } from './commands/chat.ts'
import { consoleCommand } from './commands/console.ts'
import { completionCommand } from './commands/completion.ts'
import { contributeCommand } from './commands/contribute.ts'
import { contributionsCommand } from './commands/contributions.ts'
import { datanetCommand } from './commands/data.ts'
import { knownCommand } from './completion/index.ts'
import { challengeCommand, juryCommand } from './commands/jury.ts'
import { reviewCommand, voteCommand } from './commands/review.ts'
import { channelCommand } from './commands/channels.ts'
import { daemonCommand } from './commands/daemon.ts'
import { doctorCommand } from './commands/doctor.ts'
import { downCommand } from './commands/down.ts'
import { jobsCommand } from './commands/jobs.ts'
import { keyCommand } from './commands/key.ts'
import { keysCommand } from './commands/keys.ts'
import { agentCommand } from './commands/agents.ts'
import { modelsCommand, receiptsCommand, registerCommand } from './commands/models.ts'
import { labCommand } from './commands/lab.ts'
import { mcpCommand } from './commands/mcp.ts'
import { networkCommand } from './commands/network.ts'
import { ranksCommand } from './commands/ranks.ts'
import { takeDownCommand, withdrawCommand } from './commands/removal.ts'
import { pauseCommand, resumeCommand } from './commands/pause.ts'
import { peersCommand, statusCommand } from './commands/node.ts'
import { claimCommand, earningsCommand, settleCommand } from './commands/payouts.ts'
import { slashesCommand } from './commands/slashes.ts'
import { seatCommand } from './commands/seat.ts'
import { standCommand } from './commands/stand.ts'
import { auditCommand, traceCommand } from './commands/trace.ts'
import { tuneCommand } from './commands/tune.ts'
import { offersCommand, serveCommand, unserveCommand } from './commands/serving.ts'
import { upCommand } from './commands/up.ts'
import { endInOrder } from './ending.ts'
import { walletCommand } from './commands/wallet.ts'

// Compiled sources are kept between starts: the second daemon of a machine is up in half the time. Of a bundle little
// is compiled before it is needed, and the cache would stay in memory.
if (import.meta.url.endsWith('.ts')) enableCompileCache()

readEnvironment(process.env)

const program = new Command('tilth')
  .description(
    'Communities grow small language models out of shared data, and everyone whose data made an answer better is ' +
      'paid for it.'
  )
  .version(version)
  .enablePositionalOptions()
  .showHelpAfterError('(tilth --help lists the commands)')
  .addHelpText(
    'after',
    [
      '\nExample:',
      'tilth up --once --json    the whole loop on this machine, once',
      'tilth ask --model elements "What is the symbol of iron?"\n'
    ].join('\n  ')
  )

const engineSummary =
  'inspect, score, generate, tune and measure models on this machine alone, with no network and no daemon'
// ONNX Runtime takes a while to load: only for the engine's own commands.
const loadEngine = async (): Promise<Command> => (await import('./engine/index.ts')).engineCommand()
const engine = process.argv[2] === 'engine' ? await loadEngine() : new Command('engine').description(engineSummary)

const running = [
  upCommand(),
  downCommand(),
  chainCommand(),
  networkCommand(),
  daemonCommand(),
  consoleCommand(),
  statusCommand(),
  peersCommand(),
  pauseCommand(),
  resumeCommand(),
  doctorCommand(),
  backupCommand(),
  restoreCommand(),
  keyCommand(),
  completionCommand(program, loadEngine),
  walletCommand()
]
/** The commands of each stage; what needs no hand of anybody's has none. */
const commandsOf: Record<Stage, Command[]> = {
  datanet: [datanetCommand()],
  contribution: [contributeCommand(), withdrawCommand(), bondsCommand()],
  checks: [contributionsCommand()],
  votes: [reviewCommand(), voteCommand(), slashesCommand()],
  acceptance: [challengeCommand(), juryCommand()],
  version: [takeDownCommand()],
  job: [tuneCommand(), jobsCommand()],
  bids: [],
  award: [],
  training: [engine],
  delivery: [],
  registration: [registerCommand(), modelsCommand(), agentCommand()],
  offer: [serveCommand(), unserveCommand(), offersCommand(), standCommand(), backendCommand()],
  inference: [askCommand(), chatCommand(), keysCommand(), mcpCommand()],
  receipt: [receiptsCommand(), channelCommand()],
  attribution: [ranksCommand(), labCommand()],
  settlement: [settleCommand(), auditCommand(), seatCommand()],
  claim: [earningsCommand(), claimCommand(), traceCommand()]
}
for (const cmd of running) program.addCommand(cmd.helpGroup('Run:'))
for (const { phase, stage } of flow)
  for (const cmd of commandsOf[stage]) program.addCommand(cmd.helpGroup(`${titleOf(phase)}:`))

program.addCommand(knownCommand(), { hidden: true })
endInOrder(program)
await program.parseAsync()
