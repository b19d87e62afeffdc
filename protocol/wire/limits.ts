import type { Hex } from '../primitives/hex.ts'

// Every way in from the network, with its limits. The tables are exhaustive by type: a topic or protocol without
// limits does not compile. What exceeds a limit gets a code (codes.ts), costs score, and in the end the connection.

const KiB = 1024
const MiB = 1024 * KiB

/** Topics that every node hears. */
export const topics = ['tilth/data/1', 'tilth/jobs/1', 'tilth/models/1', 'tilth/payouts/1'] as const
/** A Datanet's own topic, which those hear who have to do with it: `tilth/data/1/0x…`. */
export type DatanetTopic = `tilth/data/1/${Hex}`
export type Topic = (typeof topics)[number] | DatanetTopic

/** Rows of the table of limits: every Datanet's topic has the same, and shares its allowance with the others'. */
export const topicFamilies = [...topics, 'tilth/data/1/+'] as const
export type TopicFamily = (typeof topicFamilies)[number]

export const datanetTopic = (datanet: Hex): DatanetTopic => `tilth/data/1/${datanet}`
export const familyOf = (topic: Topic): TopicFamily =>
  topics.find((common): common is (typeof topics)[number] => common === topic) ?? 'tilth/data/1/+'

export const protocols = [
  '/tilth/peers/reach/1',
  '/tilth/peers/neighbours/1',
  '/tilth/peers/runs/1',
  '/tilth/data/sync/1',
  '/tilth/data/seal/1',
  '/tilth/data/hidden/1',
  '/tilth/data/keys/1',
  '/tilth/jobs/progress/1',
  '/tilth/jobs/decline/1',
  '/tilth/jobs/keys/1',
  '/tilth/models/infer/1',
  '/tilth/models/offers/1',
  '/tilth/models/over/1',
  '/tilth/payouts/receipts/1',
  '/tilth/payouts/scorings/1',
  '/tilth/payouts/content/1',
  '/tilth/payouts/explain/1'
] as const
export type Protocol = (typeof protocols)[number]

/** A token bucket: `perSecond` on average, `burst` at once. */
export interface Quota {
  readonly perSecond: number
  readonly burst: number
}

export interface TopicLimits {
  /** Bytes of one message. */
  readonly maxBytes: number
  /** Milliseconds a handler may take to say accept, ignore or reject; a message without a verdict is not forwarded. */
  readonly timeMs: number
  /** Messages per forwarding peer. */
  readonly quota: Quota
  /** Messages per sayer, whoever forwards them: one key's share of everybody's line. */
  readonly sayer: Quota
  /**
   * Milliseconds in which the same content is passed on once, whoever says it how often: a little less than the
   * shortest pause after which services say it again for those who came late.
   */
  readonly repeatMs: number
  /** Messages waiting for a verdict, from all peers. */
  readonly queue: number
}

export interface StreamLimits {
  /** Bytes of one frame, either way. */
  readonly maxBytes: number
  /**
   * Milliseconds to wait for the other side's next frame, unless the caller of `next` says otherwise; also for room to
   * write.
   */
  readonly timeMs: number
  /** Milliseconds a stream may live in all. */
  readonly lifeMs: number
  /** Frames received per stream. */
  readonly quota: Quota
  /** Streams a peer may open to us. */
  readonly opens: Quota
  /** Streams being served to one peer, and to all of them. */
  readonly perPeer: number
  readonly inAll: number
  /**
   * Frames received and not yet asked for: beyond it the stream is not read, and the sender feels the back-pressure.
   */
  readonly queue: number
}

export const topicLimits = {
  // New Datanets: their rules with 100 validators are 10 KiB, and each costs its host a transaction.
  'tilth/data/1': {
    maxBytes: 32 * KiB,
    timeMs: 10_000,
    quota: { perSecond: 20, burst: 200 },
    sayer: { perSecond: 2, burst: 50 },
    repeatMs: 50_000,
    queue: 512
  },
  // A certificate with 100 votes is 60 KiB. A community of 100 voting on one contribution is 200 messages within
  // seconds, through every mesh neighbour; one validator's share may be a backlog of hundreds. All of it is said once:
  // what was missed is asked for on a stream.
  'tilth/data/1/+': {
    maxBytes: 128 * KiB,
    timeMs: 10_000,
    quota: { perSecond: 100, burst: 1000 },
    sayer: { perSecond: 50, burst: 1000 },
    repeatMs: 50_000,
    queue: 2048
  },
  // A delivery carries a CID and a log of losses; jobs, bids and awards are small and rare, and said again every five
  // seconds while they stand: forty of them are a busy builder.
  'tilth/jobs/1': {
    maxBytes: 512 * KiB,
    timeMs: 10_000,
    quota: { perSecond: 20, burst: 200 },
    sayer: { perSecond: 8, burst: 100 },
    repeatMs: 4_000,
    queue: 512
  },
  // Offers: one for each model and worker, renewed every minute or so, and once for every peer that comes.
  'tilth/models/1': {
    maxBytes: 16 * KiB,
    timeMs: 5_000,
    quota: { perSecond: 50, burst: 500 },
    sayer: { perSecond: 5, burst: 100 },
    repeatMs: 50_000,
    queue: 1024
  },
  // Receipts of a kilobyte, and scorings of a few where players are many (82 KB at most); receipts that nobody has
  // weighed are said again every half minute.
  'tilth/payouts/1': {
    maxBytes: 128 * KiB,
    timeMs: 10_000,
    quota: { perSecond: 50, burst: 500 },
    sayer: { perSecond: 25, burst: 500 },
    repeatMs: 20_000,
    queue: 1024
  }
} as const satisfies Record<TopicFamily, TopicLimits>

export const streamLimits = {
  // One question and one answer; the answer waits for up to six dials of five seconds each. Who asks makes us dial, so
  // nobody asks often: a node does so when its addresses change, and every few minutes.
  '/tilth/peers/reach/1': {
    maxBytes: 8 * KiB,
    timeMs: 45_000,
    lifeMs: 60_000,
    quota: { perSecond: 1, burst: 4 },
    opens: { perSecond: 1 / 20, burst: 10 },
    perPeer: 1,
    inAll: 8,
    queue: 2
  },
  // One question and one answer of 64 PeerIds; asked once a minute while somebody looks at the picture.
  '/tilth/peers/neighbours/1': {
    maxBytes: 16 * KiB,
    timeMs: 20_000,
    lifeMs: 30_000,
    quota: { perSecond: 1, burst: 2 },
    opens: { perSecond: 1 / 15, burst: 6 },
    perPeer: 1,
    inAll: 16,
    queue: 1
  },
  // One question and one answer of eight signed words; asked of one neighbour a minute.
  '/tilth/peers/runs/1': {
    maxBytes: 8 * KiB,
    timeMs: 20_000,
    lifeMs: 30_000,
    quota: { perSecond: 1, burst: 2 },
    opens: { perSecond: 1 / 15, burst: 6 },
    perPeer: 1,
    inAll: 16,
    queue: 1
  },
  // Anti-entropy answers in pages of statements; a round is short, a peer needs one at a time.
  '/tilth/data/sync/1': {
    maxBytes: 1 * MiB,
    timeMs: 20_000,
    lifeMs: 300_000,
    quota: { perSecond: 200, burst: 1000 },
    opens: { perSecond: 1, burst: 20 },
    perPeer: 4,
    inAll: 64,
    queue: 16
  },
  // A host asks each validator for its word on a version, a few times while it learns what it lacks.
  '/tilth/data/seal/1': {
    maxBytes: 4 * KiB,
    timeMs: 20_000,
    lifeMs: 30_000,
    quota: { perSecond: 1, burst: 5 },
    opens: { perSecond: 2, burst: 20 },
    perPeer: 2,
    inAll: 16,
    queue: 2
  },
  // Who cannot read sealed questions asks, once for each contribution of which rows asked one.
  '/tilth/data/hidden/1': {
    maxBytes: 128 * KiB,
    timeMs: 10_000,
    lifeMs: 20_000,
    quota: { perSecond: 2, burst: 20 },
    opens: { perSecond: 2, burst: 20 },
    perPeer: 2,
    inAll: 16,
    queue: 2
  },
  // Keys to private shards, 256 of 240 bytes a frame: one for each contribution that a new validator catches up with.
  '/tilth/data/keys/1': {
    maxBytes: 128 * KiB,
    timeMs: 20_000,
    lifeMs: 60_000,
    quota: { perSecond: 1, burst: 2 },
    opens: { perSecond: 2, burst: 40 },
    perPeer: 2,
    inAll: 16,
    queue: 2
  },
  // One small frame a training step, for hours; a quiet minute is a checkpoint or a slow step, not a death.
  '/tilth/jobs/progress/1': {
    maxBytes: 512 * KiB,
    timeMs: 120_000,
    lifeMs: 7 * 86_400_000,
    quota: { perSecond: 200, burst: 1000 },
    opens: { perSecond: 1, burst: 20 },
    perPeer: 16,
    inAll: 256,
    queue: 64
  },
  // A worker's award, and the keys to a version of up to 10,000 contributions in frames of 256, once for each award.
  '/tilth/jobs/keys/1': {
    maxBytes: 128 * KiB,
    timeMs: 20_000,
    lifeMs: 120_000,
    quota: { perSecond: 20, burst: 64 },
    opens: { perSecond: 1 / 2, burst: 20 },
    perPeer: 2,
    inAll: 16,
    queue: 4
  },
  // One small frame, why a worker does not bid: for each job a few times at most.
  '/tilth/jobs/decline/1': {
    maxBytes: 1 * KiB,
    timeMs: 10_000,
    lifeMs: 15_000,
    quota: { perSecond: 1, burst: 2 },
    opens: { perSecond: 1 / 5, burst: 20 },
    perPeer: 2,
    inAll: 64,
    queue: 1
  },
  // The request is the largest frame (512,000 characters, in UTF-8); vouchers come once every few tokens.
  // One client may be the gateway of many people: more of its answers run than a worker has places.
  '/tilth/models/infer/1': {
    maxBytes: 2 * MiB,
    timeMs: 60_000,
    lifeMs: 3_600_000,
    quota: { perSecond: 500, burst: 2000 },
    opens: { perSecond: 100, burst: 300 },
    perPeer: 128,
    inAll: 1024,
    queue: 64
  },
  // One question, and 128 offers with their workers' addresses in four frames: a light peer asks when it comes, and
  // again when what it knows has run out.
  '/tilth/models/offers/1': {
    maxBytes: 128 * KiB,
    timeMs: 20_000,
    lifeMs: 30_000,
    quota: { perSecond: 4, burst: 8 },
    opens: { perSecond: 1 / 2, burst: 20 },
    perPeer: 2,
    inAll: 32,
    queue: 4
  },
  // 64 ids at most, asked for beside the offers.
  '/tilth/models/over/1': {
    maxBytes: 8 * KiB,
    timeMs: 20_000,
    lifeMs: 30_000,
    quota: { perSecond: 4, burst: 8 },
    opens: { perSecond: 1 / 2, burst: 20 },
    perPeer: 2,
    inAll: 32,
    queue: 1
  },
  // Comparing receipts: a frame has at most 32 places with 64 ids each (140 KB) or 64 receipts (100 KB); to find and
  // fetch 20,000 takes some 600 frames.
  '/tilth/payouts/receipts/1': {
    maxBytes: 512 * KiB,
    timeMs: 30_000,
    lifeMs: 600_000,
    quota: { perSecond: 200, burst: 1000 },
    opens: { perSecond: 1, burst: 20 },
    perPeer: 2,
    inAll: 32,
    queue: 8
  },
  // What was asked (512,000 characters, in UTF-8) and answered: one request, one answer.
  '/tilth/payouts/content/1': {
    maxBytes: 2 * MiB,
    timeMs: 20_000,
    lifeMs: 60_000,
    quota: { perSecond: 1, burst: 2 },
    opens: { perSecond: 10, burst: 100 },
    perPeer: 4,
    inAll: 64,
    queue: 1
  },
  // Weighing takes seconds, the first time with the fetching of siblings: few at once, and one wait for all.
  '/tilth/payouts/explain/1': {
    maxBytes: 64 * KiB,
    timeMs: 120_000,
    lifeMs: 180_000,
    quota: { perSecond: 1, burst: 2 },
    opens: { perSecond: 1, burst: 20 },
    perPeer: 2,
    inAll: 16,
    queue: 1
  },
  // Pages of scorings, a few kilobytes each where players are many; a settler asks about 256 receipts at a time.
  '/tilth/payouts/scorings/1': {
    maxBytes: 2 * MiB,
    timeMs: 30_000,
    lifeMs: 120_000,
    quota: { perSecond: 50, burst: 200 },
    opens: { perSecond: 2, burst: 80 },
    perPeer: 2,
    inAll: 32,
    queue: 8
  }
} as const satisfies Record<Protocol, StreamLimits>

/**
 * What a relay lends to nodes that others cannot dial. The library's 2 minutes and 128 KiB cut answers and adapters
 * off.
 */
export const relayLimits = {
  /**
   * Nodes that may be reached through one relay, and of them behind one address: a home has few, a crowd of fakes many.
   */
  reservations: 128,
  perHost: 8,
  /** Milliseconds until a node asks again for its place. */
  reservationMs: 3_600_000,
  /** Milliseconds of one connection through the relay: the longest answer takes an hour. Most are direct in seconds. */
  durationMs: 2 * 3_600_000,
  /**
   * Bytes of one connection, both ways: an adapter fits, and a larger fetch goes on over the next one.
   */
  bytes: 128 * MiB,
  /** Bytes in memory, of all that arrives at the node, beyond which connections with a slow reader are ended. */
  memory: 512 * MiB,
  /** Connections at once that one peer opens through a relay, and that one node has through it. */
  perPeer: 4,
  perNode: 32,
  /** Connections that one peer opens in time. */
  opens: { perSecond: 1 / 30, burst: 20 }
} as const

/** What the DHT here takes of others. */
export const dhtLimits = {
  /** What one peer says to it, in pieces of so many bytes: a request is one or two. A node that provides all its files
   * anew says five for each, and some hundred a second on a fast machine: ten times that is no honest node's. */
  piece: 256,
  said: { perSecond: 1_000, burst: 5_000 },
  /** Pieces that a stream counts besides: to open one costs more than what is said on it. */
  opening: 3,
  /**
   * What all together may cost who have been connected for less than so many milliseconds, and what all others may: in
   * pieces that they say and are answered. It is given in a fair order, among the networks that they come from, and in
   * each among its peers; the rest waits.
   */
  newMs: 600_000,
  newcomers: { perSecond: 500, burst: 2_000 },
  known: { perSecond: 2_000, burst: 10_000 },
  /** What a question costs besides: it is answered from what is known of twenty peers. */
  question: 4,
  /** Questions of a line that are being answered: what an answer costs is known, and waited for, when it is sent. */
  unanswered: 4,
  /** Of those who say that they have a file, so many are told at once. */
  told: 32,
  /** Of so many an answer looks up whether they are known still: each makes a key, a third of a millisecond. */
  lookedUp: 64,
  /** Milliseconds for which it is remembered that one is not, unless it says something anew, and of how many. */
  goneMs: 600_000,
  gone: 16_384,
  /** Bytes of one message, and of all that a peer has waiting: an honest one's are some kilobytes. */
  message: 64 * KiB,
  waiting: 128 * KiB,
  /** What one peer is told to be dialled by: honest ones say a handful, and say the same each time. */
  addresses: 16,
  /** Bytes of one: through a relay, with two PeerIds and certificates' hashes, an honest one has half as many. */
  address: 256,
  /** How often what a peer says of its own addresses is looked at and kept. */
  addressed: { perSecond: 1 / 60, burst: 16 },
  /** New records of who provides what, of one peer. They last two days, so twice the burst is kept. */
  eachProvider: { perSecond: 10_000 / 172_800, burst: 10_000 },
  /** Records of all peers together. Of more, half of what the largest provider has makes room for who has far less. */
  allProviders: 200_000,
  /** How often room is made so: each time all of them are looked through. */
  makingRoom: { perSecond: 1 / 10, burst: 10 }
} as const

/**
 * What a peer may ask of the parts of libp2p that answer everybody: a fresh key's share is less than what it costs to
 * come with one.
 */
export const greetingLimits = {
  /** Pings: a peer that watches its connections sends one in twenty seconds. */
  ping: { piece: 32, opening: 0, said: { perSecond: 2, burst: 40 } },
  /** Who we are, asked once a connection. */
  identify: { piece: 8 * KiB, opening: 1, said: { perSecond: 1 / 2, burst: 20 } },
  /** What a peer is by now: each is checked, compared and kept. */
  push: { piece: 8 * KiB, opening: 1, said: { perSecond: 1 / 2, burst: 20 } }
} as const

/**
 * Values of any JSON that peers say, lists and fields in all: the largest frame (a page of scorings) has some 8,000. A
 * megabyte of empty lists would take the main thread longer than it may be taken.
 */
export const maxValues = 65_536

/** Nesting of any JSON from the network: the deepest document (a bundle of receipts) has 9 levels. */
export const maxDepth = 24
