import type { StatementType } from '../../protocol/crypto/statements.ts'
import type { Kind } from '../../daemon/api/contract/explorer.ts'
import type { Phase } from '../../protocol/flow.ts'

interface Words {
  readonly title: string
  readonly phase: Phase
  /** One sentence of what whoever signs it says. */
  readonly means: string
}

/** What each statement says, in a sentence. */
export const statementWords: Readonly<Record<StatementType, Words>> = {
  Datanet: {
    title: 'A Datanet is made',
    phase: 'data',
    means: 'Its founder fixes the first rules: their hash stands here. Others follow only if its validators set them.'
  },
  Commitment: {
    title: 'A contribution is committed',
    phase: 'data',
    means:
      'Its contributor fixes what it will show, before anybody can see or copy it; by which rules, until when, and ' +
      'what is locked with it.'
  },
  Permit: {
    title: 'A bond may be locked',
    phase: 'data',
    means: 'A contributor lets the contract of bonds take so much of its tokens with a commitment.'
  },
  Reveal: {
    title: 'A contribution is shown',
    phase: 'data',
    means: 'Its contributor names the file that was committed, and the salt that opens the commitment.'
  },
  Questions: {
    title: 'Held-out questions may be brought',
    phase: 'data',
    means: 'A writer without gas has sealed questions and lets anybody put these very ones on chain for it.'
  },
  KeyRequest: {
    title: 'Keys to private rows are asked for',
    phase: 'data',
    means: 'A validator, a host or a worker with an award asks a holder for keys, and has signed for what it is given.'
  },
  VoteCommit: {
    title: 'A vote is committed',
    phase: 'data',
    means: 'A validator fixes its vote before it sees another’s.'
  },
  Vote: {
    title: 'A vote is shown',
    phase: 'data',
    means: 'A validator says whether it accepts, and by the outcome which rows count.'
  },
  Version: {
    title: 'A version is anchored',
    phase: 'data',
    means: 'The host says which contributions are in it: the root of their tree stands on chain.'
  },
  VersionSeal: {
    title: 'A version is sealed',
    phase: 'data',
    means: 'A validator says that the version holds everything that was accepted.'
  },
  Withdrawal: {
    title: 'A contribution is taken back',
    phase: 'data',
    means: 'Its contributor takes it out: it leaves readers now and the next version.'
  },
  TakeDown: {
    title: 'A validator wants it gone',
    phase: 'data',
    means: 'Over two thirds of the weight hide a contribution everywhere and unpin it.'
  },
  TuneJob: {
    title: 'A job is posted',
    phase: 'jobs',
    means: 'A builder says what is to be trained, with which settings, and what it may cost.'
  },
  Bid: { title: 'A worker bids', phase: 'jobs', means: 'It says what it asks, and how long it would take.' },
  Award: {
    title: 'A lot is awarded',
    phase: 'jobs',
    means: 'The builder gives a part of the job to a worker, at a price that lies in escrow.'
  },
  Delivery: { title: 'A lot is delivered', phase: 'jobs', means: 'The worker names the files that it trained.' },
  Release: {
    title: 'An escrow is agreed on',
    phase: 'jobs',
    means: 'The worker agrees to how much of the escrow is paid.'
  },
  JobClosed: {
    title: 'A job is closed',
    phase: 'jobs',
    means: 'The builder says how it ended, and with which result.'
  },
  Offer: { title: 'A model is offered', phase: 'models', means: 'A worker says at what price it answers.' },
  InferenceRequest: {
    title: 'Something is asked',
    phase: 'models',
    means: 'A client asks, says what it may cost at most, and who may see it.'
  },
  Voucher: {
    title: 'Money is promised',
    phase: 'models',
    means: 'A client promises its worker so much of what lies in their channel, all in all.'
  },
  Receipt: {
    title: 'An answer has a receipt',
    phase: 'models',
    means: 'Client and worker say together what was asked and answered, as hashes, and what it cost.'
  },
  Scoring: {
    title: 'An answer is weighed',
    phase: 'payouts',
    means: 'A scorer says what each contributor’s rows added to the answer.'
  },
  ContentRequest: { title: 'An answer is asked for', phase: 'payouts', means: 'A scorer asks to see it.' },
  ExplainRequest: {
    title: 'An explanation is asked for',
    phase: 'payouts',
    means: 'A client asks whose data it owes to.'
  },
  EpochClosing: {
    title: 'An epoch is being closed',
    phase: 'payouts',
    means: 'A settler asks workers to bring what clients have promised.'
  },
  Hello: { title: 'A node says who it is', phase: 'models', means: 'It names its roles.' }
}

/** What a thing is called where there is no more to say. */
export const kindWords: Readonly<Record<Kind, { name: string; phase: Phase | undefined }>> = {
  account: { name: 'Account', phase: undefined },
  peer: { name: 'Node', phase: undefined },
  datanet: { name: 'Datanet', phase: 'data' },
  contribution: { name: 'Contribution', phase: 'data' },
  vote: { name: 'Vote', phase: 'data' },
  version: { name: 'Version', phase: 'data' },
  job: { name: 'Job', phase: 'jobs' },
  bid: { name: 'Bid', phase: 'jobs' },
  award: { name: 'Award', phase: 'jobs' },
  delivery: { name: 'Delivery', phase: 'jobs' },
  escrow: { name: 'Escrow', phase: 'jobs' },
  model: { name: 'Model', phase: 'models' },
  channel: { name: 'Channel', phase: 'models' },
  receipt: { name: 'Receipt', phase: 'models' },
  epoch: { name: 'Epoch', phase: 'payouts' },
  transaction: { name: 'Transaction', phase: 'payouts' },
  file: { name: 'File', phase: undefined }
}

/** What each contract of the network keeps. */
export const contractWords: Readonly<Record<string, string>> = {
  token: 'the token',
  registry: 'the registry of nodes, which holds stakes',
  datanets: 'the registry of Datanets, which gives contributions their order',
  bonds: 'the bonds of contributions',
  models: 'the registry of models',
  escrow: 'the escrow of jobs',
  channels: 'the payment channels',
  anchor: 'the anchor of epochs, which pays contributors',
  juries: 'the juries, which decide challenged contributions once more',
  audits: 'the audits of trainings, by which models are admitted'
}

/** What a call of a contract does, as a title. */
export const callWords: Readonly<Record<string, string>> = {
  anchorVersion: 'A version was anchored',
  anchor: 'A version was anchored',
  approve: 'A contract was allowed to take tokens',
  challenge: 'A decision on a contribution was challenged',
  burn: 'An escrow whose delivery was refused was burnt',
  callSpam: 'A validator called a contribution spam',
  claim: 'Money was claimed',
  close: 'A channel was closed',
  commit: 'A contribution was committed',
  commitWithPermit: 'A contribution was committed with its bond',
  create: 'A Datanet was made',
  deliver: 'A worker delivered what it trained',
  deposit: 'Money was paid in',
  finalize: 'An epoch was made final',
  fund: 'Money was put in escrow',
  giveBack: 'A bond went back',
  open: 'A channel was opened',
  openBatch: 'Held-out questions were opened',
  propose: 'An epoch was proposed',
  putBatch: 'Held-out questions were put, sealed',
  putBatchFor: 'Held-out questions were brought for their writer, sealed',
  register: 'A model was registered',
  refuse: 'A builder refused a delivery',
  release: 'An escrow was paid out',
  refund: 'An escrow went back',
  retire: 'A model was retired',
  setPayout: 'Earnings go elsewhere from now on',
  settle: 'A worker was paid whose builder said nothing',
  speakOnBatch: 'A validator said its word on sealed questions',
  stake: 'A node put money at stake',
  take: 'A worker took an award',
  topUp: 'A channel was topped up',
  transfer: 'Tokens were sent',
  veto: 'A validator was against an epoch'
}

/** What an event of a contract tells. */
export const eventWords: Readonly<Record<string, string>> = {
  Staked: 'A node put money at stake',
  UnbondRequested: 'A node asked for stake back',
  Withdrawn: 'Stake was taken back',
  Slashed: 'A stake was slashed',
  PayoutSet: 'Earnings go elsewhere from now on',
  DatanetCreated: 'A Datanet was made',
  Committed: 'A contribution got its place',
  VersionAnchored: 'A version was anchored',
  DoubleVote: 'A validator was caught voting twice',
  ModelRegistered: 'A model was registered',
  ModelRetired: 'A model was retired',
  EscrowFunded: 'Money was put in escrow',
  EscrowTaken: 'A worker took an award, and put its deposit in',
  EscrowDelivered: 'A worker delivered what it trained',
  EscrowRefused: 'A builder refused a delivery: its price is nobody’s for now',
  EscrowBurnt: 'An escrow whose delivery was refused was burnt',
  DepositLost: 'A worker lost its deposit',
  EscrowReleased: 'An escrow was paid out',
  EscrowRefunded: 'An escrow went back to its builder',
  ChannelOpened: 'A channel was opened',
  ChannelToppedUp: 'A channel was topped up',
  ChannelClaimed: 'A worker was paid; builder, data and models upstream with it',
  ChannelClosing: 'A channel is being closed',
  ChannelClosed: 'A channel was closed',
  PoolDeposited: 'Data fees came into a Datanet',
  ReceiptsAnchored: 'Receipts of an epoch were anchored',
  AuditOpened: 'The training of a model is to be run again in parts',
  AuditorsDrawn: 'Chance drew what of a training is run again, and by whom',
  AuditSaid: 'An auditor said whether a training agrees',
  WordStruck: 'The word of an auditor was struck: it was false',
  AuditorPaid: 'An auditor was paid for what it ran again',
  AuditorBlamed: 'A validator holds the word of an auditor for false',
  AuditClosed: 'The audit of a training is over',
  AuditorPenalised: 'An auditor paid for its word, or for saying none',
  ScorersDrawn: 'Chance drew what is weighed, and who weighs it',
  WordsCommitted: 'A scorer committed to what it found',
  ScorerPenalised: 'A scorer was absent or wrong, and lost stake and seat',
  EpochProposed: "An epoch's payouts were proposed",
  EpochVoided: 'An epoch was voided',
  EpochVetoed: 'A validator was against an epoch',
  EpochFinalized: 'An epoch became final',
  PayoutClaimed: 'An account was paid what its data earned',
  WorkerStands: 'A worker stands for its answers with its stake',
  WorkerLeft: 'A worker does not stand for its answers any more',
  NotAsOffered: 'A scorer found answers that are by other weights than were offered',
  WorkerFoundOut: 'A worker was found out: its answers were by other weights than it offered'
}
