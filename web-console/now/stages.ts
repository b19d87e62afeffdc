import type { StageView } from '../../daemon/api/contract/flow.ts'
import type { Stage } from '../../protocol/flow.ts'
import { countText, manyText, plainAmount } from '../formats/index.ts'

interface StageWords {
  readonly name: string
  /** What happens there, for who has never heard of it. */
  readonly says: string
  /** What is counted: one, and more of them. */
  readonly unit: readonly [string, string]
}

/** What people call each stage. */
export const stageWords: Readonly<Record<Stage, StageWords>> = {
  datanet: {
    name: 'Datanets',
    says: 'A community writes down what it collects, by which rules, and who judges what is given.',
    unit: ['Datanet', 'Datanets']
  },
  contribution: {
    name: 'Contributed',
    says: 'Somebody gives a file. Its fingerprint goes on chain first, so that nobody can claim it was theirs.',
    unit: ['file', 'files']
  },
  checks: {
    name: 'Checked',
    says: 'Validators run the rules over each row: is it well formed, is it new, does it repeat somebody else.',
    unit: ['file', 'files']
  },
  votes: {
    name: 'Votes',
    says: 'Validators vote in secret, then show their votes all at once, so that nobody follows the crowd.',
    unit: ['vote', 'votes']
  },
  acceptance: {
    name: 'Accepted',
    says: 'Enough votes agree. From now on these rows can earn.',
    unit: ['file', 'files']
  },
  version: {
    name: 'Versions',
    says: 'Everything that was accepted so far is put on chain as one version that models can be made from.',
    unit: ['version', 'versions']
  },
  job: {
    name: 'Asked for',
    says: 'A builder asks for a model: which base, which data, how much it may cost.',
    unit: ['job', 'jobs']
  },
  bids: {
    name: 'Bids',
    says: 'GPU owners try a few steps and say what the training would cost on their machine.',
    unit: ['bid', 'bids']
  },
  award: {
    name: 'In escrow',
    says: 'The builder chooses, and the price is locked on chain until the work is done.',
    unit: ['award', 'awards']
  },
  training: {
    name: 'Trained',
    says: 'A machine learns from the rows. The loss is how wrong it still is: it should fall.',
    unit: ['training', 'trainings']
  },
  delivery: {
    name: 'Paid for training',
    says: 'The builder measures the model on questions it has never seen, and the escrow pays the worker.',
    unit: ['payment', 'payments']
  },
  registration: {
    name: 'Registered',
    says: 'The model is registered with its data, and with who gets which part of every fee.',
    unit: ['model', 'models']
  },
  offer: {
    name: 'Offers now',
    says: 'Machines that would answer with a model at this moment, and at what price.',
    unit: ['offer', 'offers']
  },
  inference: {
    name: 'Tokens',
    says: 'Somebody asks, a machine answers word by word, and is paid word by word.',
    unit: ['token', 'tokens']
  },
  receipt: {
    name: 'Receipts',
    says: 'Both sides sign what was used and paid. Nothing of the question is in it.',
    unit: ['receipt', 'receipts']
  },
  attribution: {
    name: 'Weighed',
    says: 'Scorers find out whose rows made each answer likelier, by leaving each out.',
    unit: ['scoring', 'scorings']
  },
  settlement: {
    name: 'Epochs',
    says: 'What answers have earned is added up on chain. For a while anybody can object to a wrong sum.',
    unit: ['epoch', 'epochs']
  },
  claim: {
    name: 'Claimed',
    says: 'Contributors take what their rows have earned.',
    unit: ['claim', 'claims']
  }
}

/** 4 files · 0.18 TILTH, for who hears the picture. */
export function stageText({ stage, count, active, amount }: StageView): string {
  const { name, unit } = stageWords[stage]
  const money = amount === null || amount === '0' ? '' : `, ${plainAmount(amount)} TILTH`
  const now = active === 0 || stage === 'offer' ? '' : `, ${countText(active)} under way now`
  return `${name}: ${manyText(count, ...unit)}${money}${now}`
}
