const at =
  (path: string) =>
  (id: string): string =>
    path.replace('$id', encodeURIComponent(id))

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
  model: at('/bazaar/$id'),
  chat: at('/bazaar/$id/chat'),
  receipt: at('/receipts/$id'),
  earnings: '/earnings',
  epoch: (pool: string, epoch: number): string => `/epochs/${encodeURIComponent(pool)}/${epoch}`,
  node: '/node',
  explorer: '/explorer',
  /** Whatever an id names. */
  find: at('/explorer/$id')
} as const
