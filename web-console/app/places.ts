import type { Thing } from '../../daemon/api/contract/explorer.ts'

const part = encodeURIComponent
const at =
  (path: string) =>
  (id: string): string =>
    path.replace('$id', part(id))

/** Every page's address: no page and no link writes one itself. Patterns for the router stand in router.tsx. */
export const places = {
  now: '/',
  datanets: '/datanets',
  newDatanet: '/datanets/new',
  datanet: at('/datanets/$id'),
  contribute: at('/datanets/$id/contribute'),
  /** Contributing again what a contribution was refused for. */
  mend: (datanet: string, from: string): string =>
    `/datanets/${encodeURIComponent(datanet)}/contribute?from=${encodeURIComponent(from)}`,
  contribution: at('/contributions/$id'),
  review: '/review',
  factory: '/factory',
  draft: at('/factory/drafts/$id'),
  job: at('/factory/jobs/$id'),
  bazaar: '/bazaar',
  /** A document of its own, which is a peer itself: left to the browser, not to the router. */
  alone: '/alone/',
  model: at('/bazaar/$id'),
  chat: at('/bazaar/$id/chat'),
  agents: '/agents',
  newAgent: '/agents/new',
  agent: at('/agents/$id'),
  askAgent: at('/agents/$id/chat'),
  compare: (models: readonly string[]): string => `/compare?models=${models.map(encodeURIComponent).join(',')}`,
  /** What stands behind an answer. */
  receipt: at('/receipts/$id'),
  /** The part of an answer that an account's rows made. */
  part: (receipt: string, account: string): string =>
    `/receipts/${encodeURIComponent(receipt)}?of=${encodeURIComponent(account)}`,
  earnings: '/earnings',
  /** Anybody's. */
  earningsOf: at('/earnings/$id'),
  /** Why an epoch gives an account what it gives. */
  why: (account: string, pool: string, epoch: number): string =>
    `/earnings/${part(account)}/why/${part(pool)}/${epoch}`,
  epoch: (pool: string, epoch: number): string => `/epochs/${part(pool)}/${epoch}`,
  /** The way from an account's payout to the chain. */
  payout: (account: string, pool: string, epoch: number): string =>
    `/epochs/${part(pool)}/${epoch}/payouts/${part(account)}`,
  node: '/node',
  settings: '/node?view=settings',
  servers: '/node?view=servers',
  explorer: '/explorer',
  /** Whatever an id names. */
  find: at('/explorer/$id'),
  account: at('/accounts/$id'),
  /** What was signed under an id, as it was signed. */
  statements: at('/statements/$id'),
  transaction: at('/transactions/$id'),
  channel: at('/channels/$id'),
  escrow: at('/escrows/$id'),
  file: at('/files/$id'),
  version: (datanet: string, version: number): string => `/versions/${part(datanet)}/${version}`
} as const

/** The page of whatever the explorer found. */
export function placeOf({ kind, id, number = 1 }: Thing): string {
  switch (kind) {
    case 'account':
    case 'peer':
      return places.account(id)
    case 'datanet':
      return places.datanet(id)
    case 'contribution':
      return places.contribution(id)
    case 'vote':
    case 'bid':
    case 'award':
    case 'delivery':
      return places.statements(id)
    case 'version':
      return places.version(id, number)
    case 'job':
      return places.job(id)
    case 'escrow':
      return places.escrow(id)
    case 'model':
      return places.model(id)
    case 'channel':
      return places.channel(id)
    case 'receipt':
      return places.receipt(id)
    case 'epoch':
      return places.epoch(id, number)
    case 'transaction':
      return places.transaction(id)
    case 'file':
      return places.file(id)
  }
}
