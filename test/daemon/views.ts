import type { DatanetView, ModelView, StatusView } from '../../daemon/api/contract/index.ts'

/** A Datanet as the API shows one. */
export const datanetView = (changes: Partial<DatanetView> = {}): DatanetView => ({
  id: `0x${'01'.repeat(32)}`,
  name: 'birds',
  description: '',
  licence: 'CC0-1.0',
  tags: [],
  createdAt: 0,
  host: `0x${'22'.repeat(20)}`,
  validators: [],
  rules: {
    maxRows: 100,
    maxBytes: 16 << 20,
    uploadsPerContributor: 10,
    leastDataShare: 1000,
    auditedSegments: 4,
    minOwnShare: 500,
    nearDuplicate: 500,
    revealSeconds: 600,
    voteSeconds: 3600
  },
  contributions: 0,
  accepted: 0,
  left: 0,
  rows: 0,
  pay: { deposited: '0', claimed: '0', epoch: 0 },
  latestVersion: 0,
  roles: [],
  ...changes
})

const builder = `0x${'12'.repeat(20)}`
/** A model as the API shows one. */
export const modelView: ModelView = {
  id: `0x${'ab'.repeat(32)}`,
  name: 'elements',
  builder,
  worker: builder,
  base: 'bafybase',
  adapter: null,
  result: null,
  datanet: `0x${'ab'.repeat(32)}`,
  version: 1,
  split: { worker: 1, builder: 1, data: 1 },
  offers: []
}

/** A node that has little to do, as the API shows it. */
export const statusView: StatusView = {
  version: '0.0.0',
  peerId: 'peer',
  address: builder,
  roles: ['client'],
  addresses: [],
  peers: 1,
  reach: { state: 'local', addresses: [], seenAt: [], asked: 0 },
  clock: { secondsAhead: 0, peers: 1 },
  chain: {
    id: 1,
    rpc: 'http://127.0.0.1:8545',
    block: '1',
    contracts: {},
    state: 'following',
    confirmations: 1,
    provider: { refused: 0, short: 0, inconsistent: 0, missing: 0, answerMs: 1 }
  },
  balance: '0',
  gas: '0',
  transactions: 100,
  stake: '0',
  minStake: '0',
  serving: [],
  activity: { seconds: 1, requests: 0, tokens: 0, fees: '0', free: 0 },
  owed: '0',
  claimable: '0',
  declined: [],
  away: null,
  automation: [],
  uptimeSeconds: 1
}

/** An owner who has settled nothing of names. */
export const noNames = { pins: { get: () => undefined }, trusted: () => [] }
