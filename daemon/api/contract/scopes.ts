import type { KeyScope } from './keys.ts'
import type { Route } from './route.ts'
import { routes } from './routes.ts'
import type { RouteName } from './routes.ts'

/** What a node does for its Datanets, jobs and models: it may cost gas, and moves no tokens out of the account. */
const operating: ReadonlySet<RouteName> = new Set<RouteName>([
  'pause',
  'resume',
  'measureModel',
  'explainReceipt',
  'nearestRows',
  'createDatanet',
  'putQuestions',
  'bringQuestions',
  'speakOnQuestions',
  'openQuestions',
  'followDatanet',
  'speakOnRoster',
  'checkContribution',
  'prepareContribution',
  'contribute',
  'setVotePolicy',
  'vote',
  'unvote',
  'juryVote',
  'weighRoster',
  'anchorVersion',
  'giveBack',
  'claim',
  'planJob',
  'pauseJob',
  'testJob',
  'cancelJob',
  'saveDraft',
  'deleteDraft',
  'importBase',
  'modelFolders',
  'serve',
  'unserve',
  'checkBackend',
  'registerModel',
  'createAgent',
  'retireModel',
  'redeem',
  'finalize',
  'closeChannel',
  'audit',
  'log'
])
/** What pays, or says whom a payment will be for. */
const paying: ReadonlySet<RouteName> = new Set<RouteName>([
  'send',
  'stake',
  'unstake',
  'withdrawStake',
  'fund',
  'postJob',
  'awardJob',
  'settle',
  'splitModel',
  'challenge',
  'serveOnJuries',
  'stand',
  'sit',
  'confirmContribution',
  'pin',
  'unpin'
])
/** Of what is only read, the owner's alone: it may hold what opens other doors, or all there is. */
const ownersToRead: ReadonlySet<RouteName> = new Set<RouteName>(['keys', 'settings', 'backup', 'batchQuestions'])

/**
 * The scopes of which a key needs one to make a call; none is enough for what only the owner does. A call that changes
 * something and stands in no table above is the owner's: keys, sessions, settings, rosters, rules, where earnings go,
 * and what cannot be taken back, such as a withdrawal of accepted rows.
 */
export function scopesFor(name: RouteName): readonly KeyScope[] {
  const entry: Route = routes[name]
  if (entry.asking === true) return entry.method === 'GET' ? ['ask', 'read'] : ['ask']
  if (paying.has(name)) return ['money']
  if (operating.has(name)) return ['operate']
  return entry.method === 'GET' && !ownersToRead.has(name) ? ['read'] : []
}
