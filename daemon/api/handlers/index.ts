import type { Node } from '../../../node/node.ts'
import type { RecentLog } from '../../../node/runtime/index.ts'
import type { Settings } from '../../config/index.ts'
import type { Address, Hex } from '../../../protocol/primitives/index.ts'
import type { Pins } from '../../names/index.ts'
import type { Spending } from '../../spending/index.ts'
import type { AnswerTraces } from '../../traces/index.ts'
import type { ModelView } from '../contract/index.ts'
import type { Handlers } from '../server/index.ts'
import { agentHandlers } from './agents.ts'
import { availabilityHandlers } from './availability.ts'
import { answerHandlers, bazaarHandlers } from './bazaar/index.ts'
import { backendHandlers } from './backends.ts'
import { backupHandlers } from './backup.ts'
import type { KeptBeside } from './backup.ts'
import { baseHandlers } from './bases.ts'
import { channelHandlers } from './channels.ts'
import { dataHandlers } from './data.ts'
import { bondHandlers } from './bonds.ts'
import { rankHandlers } from './ranks/index.ts'
import { rosterHandlers } from './rosters.ts'
import { questionsHandlers } from './questions.ts'
import { termsHandlers } from './terms.ts'
import { earningsHandlers } from './earnings/index.ts'
import { eventHandlers } from './events.ts'
import { explorerHandlers } from './explorer/index.ts'
import { identityHandlers } from './identities.ts'
import { flowHandlers } from './flow.ts'
import { jobHandlers } from './jobs.ts'
import { juryHandlers } from './juries.ts'
import { finishedJobHandlers } from './finished-jobs.ts'
import { logHandlers } from './log.ts'
import { machineHandlers } from './machine.ts'
import type { MachineDeps } from './machine.ts'
import { keyHandlers } from './keys.ts'
import { modelHandlers, modelView } from './models.ts'
import type { AskEvents, ListedModels } from './models.ts'
import { nameHandlers } from './names.ts'
import { networkHandlers } from './network.ts'
import { nodeHandlers } from './node.ts'
import { createPeople } from './people.ts'
import { payoutHandlers } from './payouts.ts'
import { standingHandlers } from './standings.ts'
import { seatHandlers } from './seats.ts'
import { settingHandlers } from './settings.ts'
import { traceHandlers } from './trace/index.ts'
import { walletHandlers } from './wallet.ts'
import { createWhich } from './which.ts'
import { worthOf } from './worth.ts'
import { whyHandlers } from './why.ts'

export interface ApiHandlers {
  readonly handlers: Handlers
  /** The `ask` call for other forms of the API. */
  readonly ask: AskEvents
  /** The model that a name or an id asks. */
  readonly asked: (wanted: string) => Promise<ModelView>
  /** What each name asks that asks anything. */
  readonly askedNames: () => ReadonlyMap<string, Hex>
  readonly listed: ListedModels
}

/** What a daemon has beside its node. */
export interface About {
  readonly version: string
  readonly rpc: string
  /** Which pages of the console ask themselves. */
  readonly consoleRpc?: string | undefined
  readonly network?: string | undefined
  readonly machine: MachineDeps
  /** What a copy of its folder has beside the node's own. */
  readonly kept: KeptBeside
  readonly log: Pick<RecentLog, 'page' | 'onLine'>
  readonly settings: Settings
  readonly spending: Pick<Spending, 'begin' | 'paying' | 'keys' | 'add' | 'revoke'>
  readonly pins: Pins
  /** After how many milliseconds a second worker is asked; undefined: none is. */
  readonly hedgeMs?: () => number | undefined
  /** Told of answers, where their owner wants traces of them. */
  readonly traces?: AnswerTraces | undefined
  /** Builders whose models are asked by name. */
  readonly trusted: () => readonly Address[]
  /** Ends the daemon soon; undefined where nobody would start it again. */
  readonly restart?: (() => void) | undefined
}

/** The contract, answered by a node: amounts as text, nothing but views. */
export function createHandlers(node: Node, about: About): ApiHandlers {
  const which = createWhich(node, { pins: about.pins, trusted: about.trusted })
  const people = createPeople(about.network, node.self)
  const { askEvents, listed, ...models } = modelHandlers(node, which, about.spending, about.traces, about.hedgeMs)
  return {
    handlers: {
      ...nodeHandlers(node, about),
      ...identityHandlers(node, about.network, people),
      ...walletHandlers(node, about.spending),
      ...channelHandlers(node, which),
      ...availabilityHandlers(node),
      ...eventHandlers(node),
      ...flowHandlers(node),
      ...networkHandlers(node),
      ...machineHandlers(node, about.machine),
      ...backendHandlers(node, about.settings),
      ...logHandlers(node, about.log),
      ...settingHandlers(about.settings, about.restart),
      ...backupHandlers(node, about.kept, about.version),
      ...dataHandlers(node, about.spending, which, people),
      ...bondHandlers(node, about.spending, which),
      ...rosterHandlers(node),
      ...termsHandlers(node),
      ...juryHandlers(node, which, about.spending),
      ...standingHandlers(node, which),
      ...seatHandlers(node, which),
      ...questionsHandlers(node),
      ...rankHandlers(node),
      worth: async ({ params: { id, ...page } }) => worthOf(node, await which.datanet(id), page),
      ...jobHandlers(node, which, about.spending),
      ...finishedJobHandlers(node, which),
      ...baseHandlers(node, which),
      ...whyHandlers(node, which),
      ...models,
      ...agentHandlers(node, which),
      ...nameHandlers(about.pins, which),
      ...keyHandlers(about.spending),
      ...bazaarHandlers(node, which),
      ...answerHandlers(node, which),
      ...payoutHandlers(node, which, about.spending),
      ...earningsHandlers(node),
      ...explorerHandlers(node),
      ...traceHandlers(node, which)
    },
    ask: askEvents,
    listed,
    asked: async wanted => modelView(await which.asked(wanted)),
    askedNames: () => which.askedNames()
  }
}
