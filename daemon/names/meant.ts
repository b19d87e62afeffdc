import type { ModelView } from '../../node/models/index.ts'
import { InvalidError, exactTokenText } from '../../protocol/primitives/index.ts'
import type { Address } from '../../protocol/primitives/index.ts'

/** Candidates that a refusal lists. */
const mostListed = 5

export interface Trust {
  readonly self: Address
  /** Builders whose models are asked by name; nobody said: those of anybody. */
  readonly builders: readonly Address[]
}

/** The newest that somebody serves, else the newest: a builder's next version of a model has its name. */
const newest = (models: readonly ModelView[]): ModelView | undefined =>
  models.findLast(({ offers }) => offers.length > 0) ?? models.at(-1)

function candidateText({ id, builder, offers }: ModelView): string {
  const [cheapest] = offers.toSorted((a, b) => (a.outputPrice < b.outputPrice ? -1 : 1))
  const price = cheapest === undefined ? 'not served now' : `${exactTokenText(cheapest.outputPrice)} a token`
  return `${id} by ${builder} (${price})`
}

/** The latest of each builder. */
function candidatesText(byBuilder: ReadonlyMap<Address, readonly ModelView[]>): string {
  const each = [...byBuilder.values()].flatMap(all => newest(all) ?? [])
  const more = each.length > mostListed ? ', …' : ''
  return `${each.slice(0, mostListed).map(candidateText).join(', ')}${more}`
}

const grouped = (models: readonly ModelView[]): Map<Address, ModelView[]> =>
  Map.groupBy(models, ({ builder }) => builder)

/**
 * Which of the models of one name is asked by it: money goes to it, and anybody may register a name a second time.
 * @param models of that name that are not retired, oldest first; one at least
 * @throws InvalidError `name.ambiguous`, `name.untrusted`, with the candidates
 */
export function meantBy(name: string, models: readonly ModelView[], { self, builders }: Trust): ModelView {
  const trusted = models.filter(({ builder }) => builder === self || builders.includes(builder))
  const details = { param: 'model' }
  // [reject] Where the owner said whom to trust, nobody else's model is asked by its name.
  if (trusted.length === 0 && builders.length > 0)
    throw new InvalidError('name.untrusted', `no builder that you trust has a model called ${name}`, {
      help:
        `Pin one (\`tilth models pin ${name} ID\`) or trust its builder (\`tilth models trust ACCOUNT\`): ` +
        `${candidatesText(grouped(models))}.`,
      details
    })
  // Builders that the owner trusts come before all others.
  const among = trusted.length > 0 ? trusted : models
  const byBuilder = grouped(among)
  const only = newest(among)
  // [reject] A name that several builders use is settled by the owner, not by who came last.
  if (byBuilder.size > 1 || only === undefined)
    throw new InvalidError('name.ambiguous', `${byBuilder.size} builders call a model ${name}: say which`, {
      help: `Ask by its id, or pin the name (\`tilth models pin ${name} ID\`): ${candidatesText(byBuilder)}.`,
      details
    })
  return only
}
