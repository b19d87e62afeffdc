// Settings that an owner changes while the daemon runs: where each stands in the configuration file, what it is called
// and what it does, in words. What it takes is said by the schema (schema.ts) alone.

export const settingGroups = ['work', 'spending', 'disk', 'automation', 'network', 'log'] as const
export type SettingGroup = (typeof settingGroups)[number]

export interface Setting {
  readonly path: string
  readonly group: SettingGroup
  readonly label: string
  /** One sentence of what it does. */
  readonly says: string
  /** What a number counts. `TILTH`: an amount, which people read and write in whole tokens. */
  readonly unit?:
    | 'TILTH'
    | 'seconds'
    | 'milliseconds'
    | 'minutes'
    | 'GiB'
    | 'MiB a second'
    | 'parameters'
    | 'rows'
    | 'answers'
    | 'threads'
  /** The file has the amount in the smallest unit. */
  readonly smallest?: true
  /** Used from now on, not only from the next start. */
  readonly live?: true
}

const work: readonly Omit<Setting, 'group'>[] = [
  {
    path: 'worker.pricePerSecond',
    label: 'Price of a second of training',
    says: 'What you ask for each second that a job would take this machine. A lower price wins more jobs.',
    unit: 'TILTH',
    smallest: true
  },
  {
    path: 'worker.inputPrice',
    label: 'Price of a token that is read',
    says: 'What you ask for each token of a question, for models that you serve from now on.',
    unit: 'TILTH',
    smallest: true
  },
  {
    path: 'worker.outputPrice',
    label: 'Price of a token that is written',
    says: 'What you ask for each token of an answer, for models that you serve from now on.',
    unit: 'TILTH',
    smallest: true
  },
  {
    path: 'worker.hours',
    label: 'Hours in which it works',
    says: 'Times of the day, by this machine\u2019s clock, in which new work is taken on; none means always.',
    live: true
  },
  {
    path: 'worker.power',
    label: 'Power',
    says: 'Whether it works on a battery, too, or only while the machine is plugged in.',
    live: true
  },
  {
    path: 'worker.capacity',
    label: 'Answers at once',
    says: 'More of them wait for their turn.',
    unit: 'answers'
  },
  {
    path: 'worker.maxParameters',
    label: 'Largest base model',
    says: 'Jobs on a larger one are not bid for.',
    unit: 'parameters'
  },
  { path: 'worker.maxRows', label: 'Most rows', says: 'Jobs on more rows are not bid for.', unit: 'rows' },
  {
    path: 'worker.maxSeconds',
    label: 'Longest job',
    says: 'Jobs that would take this machine longer are not bid for.',
    unit: 'seconds'
  },
  {
    path: 'worker.provider',
    label: 'Where it computes',
    says: 'Auto takes the graphics processor if one can be used.'
  },
  {
    path: 'worker.quantize',
    label: 'Weights of answers on a CPU',
    says: 'int8 is as good as the full weights and far faster; int4 is smaller and less exact.'
  },
  {
    path: 'worker.region',
    label: 'Where it is',
    says: 'A country such as DE, or a coarse region such as europe, told with what you offer; nobody can check it.'
  },
  {
    path: 'worker.threads',
    label: 'Threads',
    says: 'How many the engine uses; 0 lets it measure.',
    unit: 'threads'
  }
]
const spending: readonly Omit<Setting, 'group'>[] = [
  {
    path: 'spending.perRequest',
    label: 'Most that one answer may cost',
    says: 'What may cost more is refused before it is asked, whoever asks through this daemon.',
    unit: 'TILTH',
    live: true
  },
  {
    path: 'spending.perDay',
    label: 'Most that a day\u2019s answers may cost',
    says: 'Days are those of UTC; as much as there is unless given.',
    unit: 'TILTH',
    live: true
  },
  {
    path: 'asking.hedgeMs',
    label: 'Wait for a first word',
    says: 'A second worker, to whom a channel is open, is asked if the first says nothing for so long; both are paid.',
    unit: 'milliseconds',
    live: true
  },
  {
    path: 'trust',
    label: 'Builders whose models are asked by name',
    says: 'Accounts; your own always is one. Where none is given, a name that one builder alone uses is asked.',
    live: true
  }
]
const disk: readonly Omit<Setting, 'group'>[] = [
  {
    path: 'shelf.gib',
    label: 'Room for models',
    says: 'Disk for base models and adapters. Unless given it is 20 GiB, or half of what is free if that is less.',
    unit: 'GiB'
  },
  {
    path: 'shelf.mibPerSecond',
    label: 'Bandwidth for others',
    says: 'How fast models are fetched that somebody else\u2019s job needs.',
    unit: 'MiB a second'
  },
  {
    path: 'shelf.statesGib',
    label: 'Room for auditors',
    says:
      'Disk for states of trainings that auditors may ask for, as a worker and again as a builder. The oldest go ' +
      'first, but none of an open audit: where those take all of it, no job that is to be audited is taken or posted.',
    unit: 'GiB'
  },
  {
    path: 'storage',
    label: 'Room lent to Datanets',
    says: 'Disk for contributions of other Datanets that too few nodes keep: 500MiB, 10GiB, or 0 for none.'
  }
]
const automation: readonly Omit<Setting, 'group'>[] = [
  {
    path: 'automation.anchor.on',
    label: 'Anchor versions by itself',
    says: 'A host puts what was accepted on chain as the next version of its Datanet.'
  },
  {
    path: 'automation.anchor.contributions',
    label: 'Anchor at so many contributions',
    says: 'A version is anchored as soon as so many accepted contributions wait for it.'
  },
  {
    path: 'automation.anchor.minutes',
    label: 'Anchor after',
    says: 'Or so long after the first of them.',
    unit: 'minutes'
  },
  {
    path: 'automation.seat.on',
    label: 'Keep its seat by itself',
    says: 'A validator says that it is alive where a host announces others and counts on silence.'
  },
  {
    path: 'automation.jury.on',
    label: 'Serve on juries by itself',
    says: 'A juror that is drawn checks, commits, shows its vote and closes; it votes by hand where a validator does.'
  },
  {
    path: 'automation.questions.on',
    label: 'See to sealed questions by itself',
    says: 'A validator agrees to held-out questions that its checks let pass, and opens them after their version.'
  },
  {
    path: 'automation.register.on',
    label: 'Register models by itself',
    says: 'A builder registers the model of a finished job, with the name and split that the job gave.'
  },
  {
    path: 'automation.serve.on',
    label: 'Serve models by itself',
    says: 'A worker offers what it trained, and what pays.'
  },
  {
    path: 'automation.serve.which',
    label: 'Which models it serves',
    says: 'Trained: what it trained itself. Auto: also models that have paid each of their workers enough.'
  },
  {
    path: 'automation.serve.models',
    label: 'Models served at once',
    says: 'So many at most.'
  },
  {
    path: 'automation.serve.pays',
    label: 'A model pays enough',
    says: 'From this sum on, paid to each of its workers, a model is served by itself.',
    unit: 'TILTH'
  },
  {
    path: 'automation.redeem.on',
    label: 'Bring earnings to the chain by itself',
    says: 'Vouchers of clients are redeemed before their channels end, and from a sum on.'
  },
  {
    path: 'automation.redeem.at',
    label: 'Redeem from',
    says: 'A voucher is brought to the chain once it is worth so much.',
    unit: 'TILTH'
  },
  {
    path: 'automation.settle.on',
    label: 'Settle epochs by itself',
    says: 'A settler closes a Datanet\u2019s epoch and proposes who is paid what.'
  },
  {
    path: 'automation.settle.minutes',
    label: 'Settle every',
    says: 'So long after the epoch before.',
    unit: 'minutes'
  },
  {
    path: 'automation.settle.fees',
    label: 'Settle from',
    says: 'If at least so much in fees waits for it.',
    unit: 'TILTH'
  },
  {
    path: 'automation.watch.on',
    label: 'Check others\u2019 epochs',
    says: 'Every node computes again what settlers propose, and challenges what is wrong.'
  },
  {
    path: 'scorer.judgeAnswers',
    label: 'Judge answers',
    says: 'A scorer says those that chance drew for it again, and says on chain whose are by other weights.'
  },
  {
    path: 'automation.finalize.on',
    label: 'Make epochs final by itself',
    says: 'A settler does so once the time to object is over.'
  },
  {
    path: 'automation.claim.on',
    label: 'Claim by itself',
    says: 'What your data earned is brought to your account.'
  },
  { path: 'automation.claim.at', label: 'Claim from', says: 'From this sum on, in one pool.', unit: 'TILTH' }
]
const network: readonly Omit<Setting, 'group'>[] = [
  {
    path: 'roles',
    label: 'Roles',
    says: 'What this node does for the network: a host keeps Datanets, a worker trains and answers, a client asks.'
  },
  {
    path: 'follow',
    label: 'Datanets that are followed',
    says: 'Heard, checked and kept though this node has no role in them; by name or id.'
  },
  {
    path: 'listen',
    label: 'Where it listens',
    says: 'Addresses of this machine, such as /ip4/0.0.0.0/tcp/4181.'
  },
  {
    path: 'announce',
    label: 'Where others see it',
    says: 'If elsewhere: a forwarded port, a container\u2019s host, such as /dns4/gpu.example.org/tcp/14181.'
  },
  { path: 'upnp', label: 'Ask the router', says: 'A home router is asked to forward the port (UPnP).' },
  {
    path: 'bootstrap',
    label: 'Nodes to join by',
    says: 'Addresses of other nodes, each with its PeerId at the end.'
  },
  {
    path: 'api.consoleRpc',
    label: 'RPC that the console asks itself',
    says:
      'An http(s) address of an RPC that you trust. Pages ask it from your browser whether a root is on chain, ' +
      'instead of believing this node; it has to answer pages of other origins (CORS).'
  }
]
const log: readonly Omit<Setting, 'group'>[] = [
  {
    path: 'log',
    label: 'What is logged',
    says: 'How much goes to the log file: errors only, or what happens, too. This page shows that anyway.'
  }
]

export const settings: readonly Setting[] = Object.entries({ work, spending, disk, automation, network, log }).flatMap(
  ([group, list]) => list.map(one => ({ ...one, group: group as SettingGroup }))
)
