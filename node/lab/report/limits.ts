/** What the laboratory itself cannot say, whatever it finds. */
export const limits: readonly string[] = [
  'Worlds are small and made of plain words: dozens of rows and one base of a few million parameters, and no ' +
    'version with hundreds of contributors. Of a base of 135 million parameters there is one world of two ' +
    'contributors and one seed of the truth (`tilth lab run --tiny --model SmolLM2-135M-Instruct --lr 0.003`, 13 min ' +
    'on a machine in use): the present rule is off by 0.41 (uniform), 0.31 (popular) and 0.79 (adversarial), rows ' +
    'are by 0.30, 0.29 and 0.80. So it is no better there than rows, as far as so little tells.',
  'Truth is trained from one to three seeds with the settings of the rule’s own siblings; with one seed there ' +
    'is no ceiling to compare with, and ranges over so few seeds are ranges, not confidence intervals. Where ' +
    'another seed of the truth is off by as much as the rule, nothing says which of them is wrong.',
  'Settled again, an answer owes to whom it owed, and each contributor counts by the best that held-out questions ' +
    'of its version and the last one say of it. That is measured by one training each, and hardly ever more later ' +
    'than at first: re-settlement moves little here. Up to now this page divided by the last version’s own shares, ' +
    'which the network does not.',
  'Held-out questions are three to six a world: what goes by them is as noisy as that.',
  'Truth pays a copy what it adds to a model. It does not know who was first: what copies and paraphrases ' +
    'should get is not in the errors, but among the attacks.',
  'Earlier versions of a world are trained from the same seed as its last one, so noise that both share is not ' +
    'seen as an error of the first.'
]
