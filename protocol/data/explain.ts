import { ownOf } from '../primitives/own-of.ts'
import type { LineCode } from './lines.ts'
import type { RowRuleCode } from './row-rules.ts'
import { mostCharacters, mostMessages } from './types.ts'
import type { RowOutcome } from './types.ts'

/** What may be said of one line of a contributor's file: it is wrong by itself, or it is not new. */
export type IssueCode = LineCode | RowRuleCode | 'held-out' | 'duplicate' | 'near-duplicate' | 'paraphrase'

const ofLines = {
  'too-long': 'the line is longer than any row may be',
  'not-utf8': 'the line is no UTF-8 text',
  'not-json': 'the line is no JSON',
  'not-a-row': `the line is JSON, and neither {"prompt","response"} nor {"messages":[…]} of ${mostMessages} at most`,
  'empty-text': 'a text in it is empty',
  'text-too-long': `a text in it has more than ${mostCharacters} characters`,
  'bad-text':
    'a text in it has half of a character, which cannot be written as UTF-8, or a thousand marks on one letter',
  'no-answer': "its last message is not the assistant's, or the only one",
  'has-system': "it has a system's instructions, which the Datanet does not take",
  'several-turns': 'it has more turns than the Datanet takes',
  'row-too-long': 'all that is said in it is longer than the Datanet takes',
  'held-out': 'it asks a held-out question of the Datanet, which nobody may train on',
  duplicate: 'it repeats an earlier row exactly',
  'near-duplicate': 'it is an earlier row but for a few words',
  paraphrase: 'it is new, and has all words of an earlier row and its answer: does it ask more, or the same at length?'
} satisfies Record<IssueCode, string>

/** Why a contribution is refused or came to nothing. */
const ofContributions = {
  'signature.mismatch': "a statement is not signed by its contributor's key",
  'commitment.mismatch': 'what was revealed is not what was committed',
  'over-allowance': 'its contributor has brought all that the Datanet allows an account',
  'no-bond': 'its commitment does not carry the bond that the Datanet asks for',
  'newcomers-full': 'what the Datanet takes in an epoch from accounts that nothing was accepted of before is used up',
  'too-large': 'the file is larger than the Datanet takes',
  'not-a-file': 'what was revealed is no file',
  unavailable: 'nobody gave its file for as long as it is waited for',
  'no-key': 'nobody gave the key to its file for as long as it is waited for',
  'not-opened': 'its file opens to nothing under the key that it was given with',
  'size-mismatch': 'the file has another size than was signed',
  'too-many-rows': 'the file has more rows than the Datanet takes at once',
  'rows-mismatch': 'the file has another number of rows than was signed',
  empty: 'the file has no rows',
  'mostly-duplicate': 'no row is new: most stand in the Datanet already, or twice in the file',
  'mostly-invalid': 'too few rows are good ones: most others are wrong',
  contaminated: 'too few rows are good ones: most others ask held-out questions',
  'not-revealed': 'it was committed and not shown in time',
  'no-quorum': 'too few validators voted in time',
  'by-vote': 'validators voted against it, who saw what the checks here do not',
  withdrawn: 'its contributor took it back'
} as const

/** What its contributor can do where nothing was said against the rows; a bond comes back in its time all the same. */
const toBringAgain = {
  'no-quorum': 'nothing was said against it: the same file can be contributed again, as one more contribution',
  'not-revealed': 'keep the node that it is brought to running, and contribute the same file again',
  unavailable: 'keep the node that it is brought to running and reachable, and contribute the same file again',
  'no-key': 'keep the node that it is brought to running and reachable, and contribute the same file again',
  'newcomers-full': 'contribute the same file again in the next epoch'
} satisfies Partial<Record<keyof typeof ofContributions, string>>

/** The sentence for a code of a line; a code of a later version of the checks is shown as it is. */
export const issueInWords = (code: string): string => ownOf<string>(ofLines, code) ?? code
/** The sentence for the reason of a contribution's end. */
export const reasonInWords = (code: string): string => ownOf<string>(ofContributions, code) ?? code

/** What to do about the reason of its end, as a clause; undefined where the file itself is what was refused. */
export const againInWords = (code: string): string | undefined => ownOf<string>(toBringAgain, code)

/**
 * How far a contribution had come when it was taken back: `unsent` left no trace; `committed` stands on chain, counts
 * as one of its contributor's and will be shown to nobody; `shown` was given to whoever asked, and is given to nobody
 * else from there; what was `accepted` leaves the next version.
 */
export type Withdrawal = 'unsent' | 'committed' | 'shown' | 'accepted'
export const withdrawalInWords = {
  unsent: 'it was not on chain yet: nothing of it is left, and it costs no upload',
  committed:
    'its commitment stands on chain and counts as one of its contributor; its rows will be shown to nobody, ' +
    'and it ends when the time to show them is over',
  shown:
    'it cannot be taken off the chain, and validators may have its rows already; this node gives them to nobody else',
  accepted:
    'its rows leave the next version, and readers are shown them no more; models that were grown from them are ' +
    'marked, and what was copied or trained on before cannot be called back'
} as const satisfies Record<Withdrawal, string>

/** What became of a row, as one code: `own`, or what is wrong with it. */
export function outcomeCode(outcome: RowOutcome): string {
  switch (outcome.kind) {
    case 'own':
    case 'held-out':
      return outcome.kind
    case 'duplicate':
      return outcome.exact ? 'duplicate' : 'near-duplicate'
    case 'invalid':
      return outcome.code
  }
}

/** What a private Datanet's pages say where rows would stand. */
export const privateInWords =
  'Only its validators, its host and workers with a current award read its rows; what it is about, who gave how many ' +
  'rows and when, and the models that are made of it are public.'
