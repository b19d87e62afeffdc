import type { FormField } from './form.ts'

/** Each rule with one sentence of what it does; a number is one that is typed in digits. */
export const ruleFields: readonly {
  readonly field: FormField
  readonly label: string
  readonly note: string
  readonly number?: boolean
}[] = [
  {
    field: 'maxRows',
    label: 'Rows of one file, at most',
    note: 'A larger file is refused whole. Small limits keep one person from filling a young Datanet.',
    number: true
  },
  {
    field: 'maxMegabytes',
    label: 'Megabytes of one file, at most',
    note: 'Validators fetch every file, so large ones cost all of them time.',
    number: true
  },
  {
    field: 'uploadsPerContributor',
    label: 'Contributions of one account, at most',
    note: 'Refused ones count too. It bounds what somebody can try out at the validators’ cost.',
    number: true
  },
  {
    field: 'bond',
    label: 'Tokens locked with each contribution',
    note:
      'They come back to the contributor whatever is decided, and are burnt only if more than two thirds of the ' +
      'validators call the file spam. 0 for none. It keeps floods away, and people without tokens, too.',
    number: true
  },
  {
    field: 'bondDays',
    label: 'Days that they stay locked after the vote',
    note: 'So long validators can still call a file spam. Without a word of theirs the tokens are given back then.',
    number: true
  },
  {
    field: 'minOwnShare',
    label: 'Percent of a file’s rows that must be good',
    note: 'A file below that is refused whole. Rows that repeat another’s are set aside and count neither way.',
    number: true
  },
  {
    field: 'dataShare',
    label: 'Percent of its fees that a model must give to the data',
    note: 'Answers of a model that gives less are not weighed: what it brings is held for the held-out questions.',
    number: true
  },
  {
    field: 'auditedSegments',
    label: 'Parts of a training that are run again before its model earns',
    note:
      'Auditors whom chance draws among the pool’s scorers do so. 0 asks for no audit: then a model that was never ' +
      'trained is admitted like any other. A private Datanet has none, whatever is typed here: auditors cannot read ' +
      'its rows.',
    number: true
  },
  {
    field: 'keptBack',
    label: 'Percent of the data’s fees that is kept back for a while',
    note:
      'It is divided three epochs later by what newer versions show of the same people: more of it is for whoever ' +
      'turns out to be worth more than was seen at first. 0 pays everything at once, as is usual: waiting was not ' +
      'measured to bring pay nearer to what data are worth, and whoever forges a better later version takes what ' +
      'waits. It never changes.',
    number: true
  },
  {
    field: 'nearDuplicate',
    label: 'Likeness in percent from which rows count as a repeat',
    note:
      'Only rows with the same answer that ask with the same words but for slips are compared. Lower finds ' +
      'more repeats.',
    number: true
  },
  {
    field: 'revealMinutes',
    label: 'Minutes to show a file after it is committed',
    note:
      'First a file’s hash takes its place in the order, then its rows are shown, so that nobody can copy them ' +
      'ahead of it.',
    number: true
  },
  {
    field: 'voteMinutes',
    label: 'Minutes that a vote lasts, at most',
    note: 'It ends earlier when enough have voted. Give people who vote by hand the time they need.',
    number: true
  }
]

/** Of a private Datanet. */
export const trainersNote =
  'Workers that may be given the rows for a job, one account a line; with the word builder after an account, the ' +
  'workers that it chooses by hand. Nobody but who sits there, and whom those choose, where nobody is named.'
