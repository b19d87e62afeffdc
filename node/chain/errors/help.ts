import type { RefusalName } from './refusals.ts'

const useLatest = 'Nothing is lost: ask the chain for the present state and go on from there.'
const bug = 'This is a fault of the program, please report it.'

/** What to do about each refusal; the compiler holds the table complete. */
const help = {
  // token
  ERC20InsufficientBalance:
    'The account holds too few tokens, see `tilth wallet balance`. Whoever has some sends them by `tilth wallet send ' +
    'ADDRESS AMOUNT`; on a local network `tilth wallet fund --local` gives some.',
  ERC20InsufficientAllowance:
    'The contract may not take that many tokens: call again, the approval is made with the call.',
  ERC20InvalidApprover: bug,
  ERC20InvalidReceiver: 'Tokens cannot go to the zero address.',
  ERC20InvalidSender: bug,
  ERC20InvalidSpender: bug,
  ERC2612ExpiredSignature: 'The permit is too old: sign a new one.',
  ERC2612InvalidSigner: 'The permit was signed by another account.',
  InvalidAccountNonce: 'That permit was used already.',
  InvalidShortString: bug,
  StringTooLong: bug,
  StringsInsufficientHexLength: bug,
  ECDSAInvalidSignature: 'These bytes are no signature.',
  ECDSAInvalidSignatureLength: 'A signature has 65 bytes.',
  ECDSAInvalidSignatureS: 'A signature has a low s.',
  SafeERC20FailedOperation: 'The token refused the transfer: check the token address.',
  ReentrancyGuardReentrantCall: bug,
  ZeroAmount: 'The amount must be more than nothing.',
  ZeroAddress: "The zero address is nobody's.",
  BadSignature: 'The statement must be signed by the account it names, for this chain and these contracts.',
  // nodes
  NotEnoughStake: 'Stake more first: `tilth wallet stake AMOUNT`; `tilth wallet balance` shows what is at stake now.',
  StillBonded: 'Wait until the delay is over (`tilth wallet balance` says when), then `tilth wallet withdraw`.',
  NotASlasher: bug,
  OwnableInvalidOwner: bug,
  OwnableUnauthorizedAccount: 'Only the deployer may do that, and only until ownership is given up.',
  // datanets
  AlreadyExists: 'It is on chain already: go on with it.',
  UnknownDatanet: 'Create the Datanet on chain first.',
  UnknownContribution: 'The contribution was never committed on chain.',
  BadRoster: 'Name 1 to 100 different validators, each with a weight.',
  AlreadyCommitted: 'It has its place in the order already: go on with it.',
  VersionOutOfOrder: 'Versions follow one another without gaps.',
  EmptyVersion: 'A version needs at least one contribution.',
  NoDoubleVote: 'The two votes must be by one validator, on one contribution, with different verdicts.',
  NotAValidator: 'That account is no validator of the Datanet.',
  AlreadyPunished: 'This double vote was reported before.',
  UnbondingTooShort: 'Let unbonding take longer than votes, challenges and disputes do.',
  NobodyHere: 'Only the host or a sitting validator puts a roster, or rules, forward.',
  AlreadyPutForward: 'The very same was put forward already: speak on that.',
  AnotherSits: 'Another roster sits by now: what was put forward before it is void.',
  BadRules: 'Rules have a text, of up to 16 KiB.',
  LastRules: 'It has had as many rules as a Datanet can have: found another one.',
  OthersInForce: 'Other rules are in force, or another roster sits, by now: what was put forward before is void.',
  NotTheHost: 'Only its present host may do that.',
  AlreadyHost: 'Name another account: that one hosts it already.',
  NotNamed: 'Its host has named another, or nobody: `tilth datanet host` says whom.',
  AlreadySpoke: 'This validator has spoken on it already.',
  NotDecided: 'It takes the consent of more than two thirds, or the silence of a roster until the announced date.',
  OtherWeighing:
    'What seats weigh is made as the rules of its Datanet say: by name, one each, or by stake under a cap.',
  SeatWithoutStake:
    'Whoever has a seat by stake has at least the least one staked when it is seated: `tilth wallet stake`.',
  SameWeights: 'Nothing has changed: every seat weighs what it has staked.',
  // juries
  AlreadyChallenged: 'It was challenged already, and a jury decides for good: `tilth challenge` shows how it stands.',
  ReasonTooLong: 'Say why in at most 1,000 bytes.',
  NotTheDecision: 'What is challenged is shown by the votes of the roster that decided it, as they were signed.',
  TooFewJurors:
    'Too few staked accounts have taken a seat among the jurors for a jury that is larger than the roster. ' +
    'Nothing was paid. Who would serve runs `tilth jury join`.',
  NotChallenged: 'Nobody has challenged it, or its jury has decided for good.',
  OtherCandidates: useLatest,
  NotAJuror: 'That account was not drawn for this jury.',
  RevealOver: 'The time for it is over.',
  NotWhatWasCommitted: 'A vote is shown as it was committed to, and once.',
  // models
  AlreadyRegistered: 'This very model is registered already: go on with it.',
  UnknownModel: 'Register the model first.',
  NoDatanetNoShare: 'Without a Datanet there is no data share and no version.',
  NoUpstreamNoShare: 'Name the model that the upstream part goes to.',
  NotGrownFrom: 'Name a registration of its base; for a base, a model of another base that it was made of.',
  SplitNotWhole: 'The shares of worker, builder, data and upstream must add up to 10000.',
  TextLength: 'Give a name, a base, and an adapter if there is a Datanet; each within its length.',
  VersionNotAnchored: "The Datanet's host must anchor that version first.",
  NotTheBuilder: 'Only the builder may do that.',
  // escrow
  AlreadyFunded: 'This award is in escrow already; a new award is a new attempt.',
  WrongState: 'The escrow does not stand where this can be done: see `tilth jobs`.',
  NotTheWorker: 'The escrow is for another worker.',
  MoreThanFunded: 'At most the escrowed amount can be released.',
  LessThanFunded: 'For less than its price an award is released by its worker alone.',
  StillDeciding: 'Wait until then: until that time it is for builder and worker to decide.',
  NoDelivery: 'Say where the delivery is, in at most 100 characters.',
  DeadlineNotOver: 'Wait for the deadline, or ask the worker for its consent.',
  DeadlinePassed: 'The deadline must lie ahead.',
  // channels
  UnknownChannel: 'Open the channel first.',
  ChannelIsClosed: 'Open a new channel.',
  ChannelIsClosing: 'The channel is being closed; open a new one.',
  ModelNotServed: 'The model is not registered or was retired.',
  ExpiryTooSoon: 'The expiry must be at least one dispute window ahead.',
  NothingToClaim: useLatest,
  NotAParty: "Only the channel's client or worker may do that.",
  NotYet: 'Wait until the dispute window is over.',
  // rounds
  AlreadySeated: 'This account has such a seat already.',
  NotSeated: 'This account has no such seat.',
  NoSeat: 'All seats are taken: wait until somebody leaves.',
  AlreadyAnchored: 'Receipts of this epoch are anchored already: go on with those.',
  NotAnchored: 'Anchor the receipts of the epoch first.',
  AlreadyDrawn: useLatest,
  NotDrawn: 'Wait until chance has said what is weighed.',
  NoDrawNow: 'Wait for the block whose hash draws; if the chain has forgotten it, anchor the receipts anew.',
  NotOnThePanel: 'That account was not drawn for this epoch.',
  CommitOver: 'The time for it is over.',
  CommitOpen: 'Wait until the time to commit is over.',
  RevealOpen: 'Wait until scorers had time to show their words.',
  OtherReceipts: 'Propose payouts for the receipts that were anchored.',
  NotItsSettler: 'Whoever anchored the receipts proposes the payouts first.',
  NotAbsent: 'That scorer has committed, or has paid for it already.',
  AlreadyBlamed: "This validator's word stands already.",
  // epochs
  EpochOutOfOrder: useLatest,
  AlreadyProposed: 'An epoch of this pool is open to challenge; wait until it is final.',
  TotalOutOfRange: 'Payouts may neither fall nor exceed what the pool ever received.',
  EmptyTreeWithTotal: 'An empty tree has no sum.',
  BundleLength: "Give the CID of the epoch's bundle.",
  NotPending: useLatest,
  WindowOpen: 'Wait until the challenge window is over.',
  WindowOver: 'The challenge window is over.',
  NotInTree: "The proof does not lead to the epoch's root.",
  NoFraud: 'What was shown is no fraud.',
  NothingFinal: 'No epoch of this pool is final yet.',
  AnotherRound: useLatest,
  SameBlock: 'The epoch was proposed in this very block already: try again with the next.',
  NothingHeld: 'No bond is held for that, or the epoch is not final yet.',
  AlreadyVetoed: "This validator's word against the proposal stands already.",
  BeyondTotal: 'The pool has paid out its final total already.'
} as const satisfies Record<RefusalName, string>

export function helpOf(name: string): string | undefined {
  return (help as Record<string, string>)[name]
}
