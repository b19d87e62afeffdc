import type { Command } from 'commander'
import { hundredths } from '../../../protocol/payouts/rank.ts'
import type { RankView, ValidatorRankView } from '../../api/contract/index.ts'
import { command, connected, guarded, listing, showList } from '../command.ts'
import type { ListFlags } from '../command.ts'
import { dim, plural, red, table } from '../output.ts'

const share = (millionths: number): string => `${Math.floor(millionths / 10_000)}%`

/** What the arithmetic does not say: what has left counts as before, and what is not read here counts nowhere. */
const besides = ({ left, unread }: RankView): string[] => [
  ...(left === 0 ? [] : [`${plural(left, 'row')} of those left since`]),
  ...(unread === 0 ? [] : [`${plural(unread, 'row')} more accepted, which only their readers can count`])
]

const ranksText = (rule: string, all: readonly RankView[]): string =>
  all.length === 0
    ? 'nothing was decided on yet'
    : [
        table(
          ['', 'contributor', 'rank', 'accepted at least', 'rows', 'how'],
          all.map(one => [
            String(one.place),
            one.account,
            hundredths(BigInt(one.rank)),
            share(one.acceptance),
            `${one.taken}/${one.rows}`,
            [one.formula, ...besides(one)].join('; ')
          ]),
          [0, 2, 3, 4]
        ),
        dim(rule)
      ].join('\n')

const validatorsText = (rule: string, all: readonly ValidatorRankView[]): string =>
  all.length === 0
    ? 'nothing was voted on yet'
    : [
        table(
          ['', 'validator', 'rank', 'voted twice', 'not known yet', 'how'],
          all.map(({ place, validator, rank, doubleVotes, open, formula }) => [
            String(place),
            validator,
            hundredths(BigInt(rank)),
            doubleVotes === 0 ? '' : red(String(doubleVotes)),
            String(open),
            formula
          ]),
          [0, 2, 3, 4]
        ),
        dim(rule)
      ].join('\n')

interface RanksFlags extends ListFlags {
  datanet?: string
  validators?: boolean
}

export function ranksCommand(): Command {
  return listing(
    connected(
      command({
        name: 'ranks',
        summary: 'who leads: contributors by what their rows were good for, validators by what bore their votes out',
        examples: ['tilth ranks --datanet elements', 'tilth ranks', 'tilth ranks --validators --datanet elements']
      })
    )
  )
    .option('--datanet <id>', 'id, prefix of one, or name; all that the daemon follows, unless given')
    .option('--validators', 'validators instead of contributors')
    .action(
      guarded(async (flags: RanksFlags) => {
        const of = flags.datanet === undefined ? {} : { datanet: flags.datanet }
        let rule = ''
        if (flags.validators === true)
          return showList(
            flags,
            async (api, page) => {
              const found = await api.call('validatorRanks', { params: { ...of, ...page } })
              rule = found.rule
              return found
            },
            all => validatorsText(rule, all)
          )
        await showList(
          flags,
          async (api, page) => {
            const found = await api.call('ranks', { params: { ...of, ...page } })
            rule = found.rule
            return found
          },
          all => ranksText(rule, all)
        )
      })
    )
}
